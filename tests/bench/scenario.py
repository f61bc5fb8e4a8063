"""`make scenario`: a conversation through nginx, cold and warm, with the providers' usual latencies.

Four workers, nginx and Redis on loopback; the simulators take as long as the providers do. Each number is what a caller
sees, or what the worker tells him of a lookup.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.support.nginx import Nginx, slots
from tests.support.stack import Stack, await_redis, key_of
from tests.support.voice import Call

WORKERS = 4
ROUNDS = 50
CALLERS = 1000
SPEECH_MS, CONNECT_MS, SEARCH_MS, QUERY_MS = 1000, 150, 200, 100
QUESTION = "What is knee pain?"
SPELLINGS = ("What is knee pain?", "what is knee pain", "  WHAT is  knee pain ??", "Um, what is knee pain, please?")


@dataclass
class Seen:
    """Milliseconds of one conversation, by what they were spent on."""

    greeting: float = 0.0
    answer: float = 0.0
    lookups: dict[str, float] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Start everything, show it, end everything."""
    with tempfile.TemporaryDirectory(prefix="warmline-scenario-") as folder, ExitStack() as stack:
        fleet = Stack(
            Path(folder),
            sarvam={"first_chunk_ms": SPEECH_MS, "connect_ms": CONNECT_MS, "speech_ms": SPEECH_MS},
            convex={"search_ms": SEARCH_MS, "query_ms": QUERY_MS},
        )
        stack.callback(fleet.stop)
        fleet.redis.start()
        workers = [fleet.worker(sarvam_socket_prewarm="0") for _ in range(WORKERS)]
        for worker in workers:
            await_redis(worker, "up")
        ports = slots(*(worker.port for worker in workers))
        edge = Nginx(Path(folder), ports, nginx_trusted_proxies=["127.0.0.1"], nginx_worker_connections=4096)
        stack.callback(edge.stop)
        asyncio.run(_show(fleet, edge.url))


async def _show(fleet: Stack, url: str) -> None:
    print(f"{WORKERS} workers behind nginx; speech {SPEECH_MS} ms after a handshake of {CONNECT_MS} ms,", end=" ")
    print(f"search {SEARCH_MS} ms, queries {QUERY_MS} ms\n")
    print(f"  {'':<34}{'cold':>10}{'warm, median':>15}{'warm, longest':>16}")
    before = fleet.sarvam.calls()
    cold = await _converse(url)
    handshakes = fleet.sarvam.calls()["handshakes"] - before["handshakes"]
    before = fleet.sarvam.calls()
    warm = [await _converse(url) for _ in range(ROUNDS)]
    again = fleet.sarvam.calls()["handshakes"] - before["handshakes"]
    _row("greeting, first audio", cold.greeting, [seen.greeting for seen in warm])
    _row("answer, first audio", cold.answer, [seen.answer for seen in warm])
    for name, title in {"rag": "knowledge", "config": "configuration", "prompt": "prompt"}.items():
        _row(f"{title}, as looked up", cold.lookups[name], [seen.lookups[name] for seen in warm])
    print(f"  {'socket handshakes':<34}{handshakes:>10}{again:>15}   in {ROUNDS} conversations")
    await _warm_socket(fleet, url)
    await _crowd(fleet, url)


async def _converse(url: str) -> Seen:
    """One greeting and one question."""
    seen, began = Seen(), time.perf_counter()
    async with await Call.dial(url) as call:
        greeting = await call.next("greeting")
        await call.listen(0.01)
        seen.greeting = (time.perf_counter() - began) * 1000
        began = time.perf_counter()
        await call.send("say", text=QUESTION)
        answer = await call.next("answer")
        await call.listen(0.01, turn=1)
        seen.answer = (time.perf_counter() - began) * 1000
        for lookups in (greeting["lookups"], {name: answer["lookups"][name] for name in ("prompt", "rag")}):
            seen.lookups |= {name: lookup["ms"] for name, lookup in lookups.items()}
        await call.send("close")
    return seen


async def _warm_socket(fleet: Stack, url: str) -> None:
    """A phrase that nobody has said before, on a socket that is open already."""
    before = fleet.sarvam.calls()
    async with aiohttp.ClientSession() as http:
        began = time.perf_counter()
        await _get(http, url, "speech", f"This is new: {time.time_ns()}", 1)
        took = (time.perf_counter() - began) * 1000
    handshakes = fleet.sarvam.calls()["handshakes"] - before["handshakes"]
    print(f"\n  A new phrase on a warm socket: {took:,.0f} ms for all of it, {handshakes} handshakes")


async def _crowd(fleet: Stack, url: str) -> None:
    """Everybody asks the same at once, everywhere, each in his own spelling, of an organisation that is cold."""
    before, calls = fleet.convex.calls(), 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        began = time.perf_counter()
        asking = (
            _get(http, url, "answer", SPELLINGS[n % len(SPELLINGS)], n, organisation="kaveri") for n in range(CALLERS)
        )
        slots_ = await asyncio.gather(*asking)
        took = (time.perf_counter() - began) * 1000
    calls = fleet.convex.calls().get("knowledge:search", 0) - before.get("knowledge:search", 0)
    print(f"  {CALLERS:,} callers ask at once, in {len(SPELLINGS)} spellings, on {len(set(slots_))} workers:", end=" ")
    print(f"{calls} search at the provider; the last had the answer after {took:,.0f} ms")


async def _get(
    http: aiohttp.ClientSession, url: str, what: str, text: str, caller: int, *, organisation: str = "sahyadri"
) -> str:
    """Ask as a caller with an address of his own; the slot that answered."""
    headers = {
        "Authorization": f"Bearer {key_of(organisation)}",
        "X-Forwarded-For": f"198.{18 + caller // 250 % 2}.{caller % 250}.7",
    }
    async with http.get(f"{url}/v1/agents/reception/{what}", params={"text": text}, headers=headers) as response:
        await response.read()
        response.raise_for_status()
        return response.headers["X-Warmline-Slot"]


def _row(title: str, cold: float, warm: Sequence[float]) -> None:
    print(f"  {title:<34}{cold:>7,.1f} ms{statistics.median(warm):>12,.2f} ms{max(warm):>13,.2f} ms")


if __name__ == "__main__":
    main()

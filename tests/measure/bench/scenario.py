"""`make scenario`: a conversation through nginx, cold and warm, with the providers' usual latencies.

Workers, nginx and Redis on loopback; the simulators take as long as the providers do. Each number is what a caller
sees, or what the worker tells him of a lookup.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.support.clients.voice import Call
from tests.support.edge.nginx import Nginx, slots
from tests.support.processes.stack import Stack, await_redis, key_of
from tests.support.time.wait import until

WORKERS = 4
ROUNDS = 50
PHRASES = 5
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
        print(f"Speech {SPEECH_MS} ms, handshake {CONNECT_MS} ms, search {SEARCH_MS} ms, query {QUERY_MS} ms\n")
        unpooled = {"speech_sockets_prewarm": "0", "speech_sockets_linger": "0"}
        with _edge(fleet, 1, **unpooled) as url:
            cold, without = asyncio.run(_cold(fleet, url))
        with _edge(fleet, WORKERS) as url:
            asyncio.run(_warm(fleet, url, cold, without))


@contextmanager
def _edge(fleet: Stack, count: int, **settings: str) -> Iterator[str]:
    """Workers with these settings, and nginx in front of them."""
    workers = [fleet.worker(**settings) for _ in range(count)]
    for worker in workers:
        await_redis(worker, "up")
    if not settings:
        until(lambda: fleet.sarvam.calls()["sockets_open"] >= 2 * count, seconds=10, what="warm sockets")
    folder = Path(tempfile.mkdtemp(dir=fleet.folder))
    ports = slots(*(worker.port for worker in workers))
    edge = Nginx(folder, ports, nginx_trusted_proxies=["127.0.0.1"], nginx_worker_connections=4096)
    try:
        yield edge.url
    finally:
        edge.stop()


async def _cold(fleet: Stack, url: str) -> tuple[Seen, int]:
    """A conversation with nobody prepared, and the handshakes of new phrases without a pool."""
    return await _converse(url), await _handshakes(fleet, url)


async def _warm(fleet: Stack, url: str, cold: Seen, without: int) -> None:
    await asyncio.gather(*(_converse(url) for _ in range(2 * WORKERS)))
    warm = [await _converse(url) for _ in range(ROUNDS)]
    print(f"  {'':<34}{'cold':>10}{'warm, median':>16}{'warm, longest':>16}")
    _row("greeting, first audio", cold.greeting, [seen.greeting for seen in warm])
    _row("answer, first audio", cold.answer, [seen.answer for seen in warm])
    for name, title in {"rag": "knowledge", "config": "configuration", "prompt": "prompt"}.items():
        _row(f"{title}, as looked up", cold.lookups[name], [seen.lookups[name] for seen in warm])
    print(f"  {f'handshakes of {PHRASES} new phrases':<34}{without:>7}{await _handshakes(fleet, url):>13}")
    print(f"\n  {ROUNDS} conversations one after the other, {WORKERS} workers behind nginx.")
    await _crowd(fleet, url)


async def _handshakes(fleet: Stack, url: str) -> int:
    """How many the callers of new phrases waited for, one phrase after the other."""
    before = fleet.sarvam.calls().get("handshakes", 0)
    async with aiohttp.ClientSession() as http:
        for number in range(PHRASES):
            await _get(http, url, "speech", f"Phrase {number} at {time.time_ns()}", number)
    return fleet.sarvam.calls().get("handshakes", 0) - before


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


async def _crowd(fleet: Stack, url: str) -> None:
    """Everybody asks the same at once, everywhere, each in his own spelling, of an organisation that is cold."""
    before = fleet.convex.calls()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        began = time.perf_counter()
        asking = (
            _get(http, url, "answer", SPELLINGS[n % len(SPELLINGS)], n, organisation="kaveri") for n in range(CALLERS)
        )
        answered_by = await asyncio.gather(*asking)
        took = (time.perf_counter() - began) * 1000
    calls = fleet.convex.calls().get("knowledge:search", 0) - before.get("knowledge:search", 0)
    print(
        f"  {CALLERS:,} callers ask at once, in {len(SPELLINGS)} spellings, on {len(set(answered_by))} workers:",
        end=" ",
    )
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

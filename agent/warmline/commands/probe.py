"""Shows that a fleet answers: one question and one phrase, first cold, then warm, then warm on another slot.

The question ends in a mark that nobody has asked with before, so that "cold" is cold however often this runs. A caller
of another address is asked for by `X-Forwarded-For`, which the edge believes only from its listed proxies; where this
machine is not one, every request comes from the same caller and the last row is left out.
"""

import asyncio
import json
import secrets
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from warmline.commands import tls as trust

_CALLERS = [f"203.0.{network}.10" for network in range(113, 177)]


@dataclass(frozen=True, slots=True)
class _Seen:
    milliseconds: float
    status: int
    cache: str
    slot: str
    body: bytes


def run(url: str, *, agent: str, key: str, question: str, ca_file: Path | None) -> int:
    """Print what was answered and how fast; 0 if everything was answered, else 1."""
    with trust.explain():
        return asyncio.run(_Probe(url.rstrip("/"), agent, key, trust.context(ca_file)).show(question))


class _Probe:
    def __init__(self, url: str, agent: str, key: str, context: ssl.SSLContext) -> None:
        self._url = f"{url}/v1/agents/{agent}"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._context = context
        self._failed = False

    async def show(self, question: str) -> int:
        mark = f"{secrets.randbelow(10**6):06}"
        timeout = aiohttp.ClientTimeout(total=30)
        over = aiohttp.TCPConnector(ssl=self._context)
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout, connector=over) as http:
            await self._rows(http, "answer", f"{question} ({mark})", "knowledge answer")
            answer = await self._get(http, "answer", f"{question} ({mark})", _CALLERS[0])
            spoken = f"{json.loads(answer.body)['answer']} {mark}" if answer.status == 200 else mark
            await self._rows(http, "speech", spoken, "first audio")
        if answer.status == 200:
            print(f"\n  Q: {question}\n  A: {json.loads(answer.body)['answer']}")
        return 1 if self._failed else 0

    async def _rows(self, http: aiohttp.ClientSession, what: str, text: str, title: str) -> None:
        cold = await self._get(http, what, text, _CALLERS[0])
        self._row(title, "cold", cold)
        self._row("", "warm", await self._get(http, what, text, _CALLERS[0]))
        for caller in _CALLERS[1:]:
            seen = await self._get(http, what, text, caller)
            if seen.slot != cold.slot:
                self._row("", "another slot", seen)
                return

    async def _get(self, http: aiohttp.ClientSession, what: str, text: str, caller: str) -> _Seen:
        began = time.perf_counter()
        async with http.get(
            f"{self._url}/{what}",
            params={"text": text},
            headers={"X-Forwarded-For": caller, "X-Warmline-Session": caller, "Accept": "audio/pcm, */*;q=0.5"},
        ) as response:
            body = await response.content.readany()
            took = (time.perf_counter() - began) * 1000
            body += await response.read()
            return _Seen(
                took,
                response.status,
                response.headers.get("Cache-Status", "-"),
                response.headers.get("X-Warmline-Slot", "-"),
                body,
            )

    def _row(self, title: str, when: str, seen: _Seen) -> None:
        self._failed |= seen.status != 200
        layers = ", ".join(_layer(member) for member in seen.cache.split(", "))
        verdict = layers if seen.status == 200 else f"HTTP {seen.status} {seen.body[:200].decode(errors='replace')}"
        print(f"  {title:<17} {when:<13} {seen.milliseconds:>8.1f} ms  {seen.slot:<11} {verdict}")


def _layer(member: str) -> str:
    """`warmline-rag; hit; detail=l1` → `rag=l1`."""
    name, _, detail = member.partition(";")
    return f"{name.removeprefix('warmline-')}={detail.rpartition('detail=')[2]}"

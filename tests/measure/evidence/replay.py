"""Plays a trace against an edge, each request at its time whether or not those before it were answered."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence

import aiohttp

from tests.measure.evidence.fleet import origin
from tests.measure.evidence.record import Change, Seen
from tests.measure.evidence.steps import Step
from warmline_studies.traces import Kind

_SOURCE = re.compile(r"warmline-(\w+);[^,]*?detail=(\w+)")
_SECONDS = 30.0

Event = tuple[float, Callable[[float], Change | None]]
"""At a second of the replay, something that blocks: told when the replay began, it says what changed."""


class Replay:
    """One replay. `seen` and `changes` grow while it goes on; `done` is told of every step."""

    def __init__(self, url: str, done: Callable[[], None]) -> None:
        self.seen: list[Seen] = []
        self.changes: list[Change] = []
        self._url = url
        self._done = done
        self._began = 0.0

    async def play(self, steps: Sequence[Step], events: Sequence[Event]) -> None:
        """All steps and events, each at its time; returns when the last was answered."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http, asyncio.TaskGroup() as group:
            self._began = time.monotonic()
            for at, event in events:
                group.create_task(self._happen(at, event))
            for step in steps:
                await self._until(step.at)
                if step.entry.kind is not Kind.INVALIDATE:
                    group.create_task(self._take(http, step))

    async def _happen(self, at: float, event: Callable[[float], Change | None]) -> None:
        await self._until(at)
        change = await asyncio.to_thread(event, self._began)
        if change is not None:
            self.changes.append(change)

    async def _take(self, http: aiohttp.ClientSession, step: Step) -> None:
        late = self._now() - step.at
        if step.entry.kind is Kind.QUESTION:
            await self._ask(http, step, "answer", step.entry.text, late)
        await self._ask(http, step, "speech", step.said, late)
        self._done()

    async def _ask(self, http: aiohttp.ClientSession, step: Step, what: str, text: str, late: float) -> None:
        at, first, whole, status, sources, slot = self._now(), 0.0, 0.0, 0, dict[str, str](), ""
        began = time.perf_counter()
        entry = step.entry
        headers = {**origin(step), "Accept": "audio/pcm" if what == "speech" else "application/json"}
        url = f"{self._url}/v1/agents/{entry.agent}/{what}"
        try:
            async with http.get(url, params={"text": text}, headers=headers) as response:
                first, status = time.perf_counter() - began, response.status
                await response.read()
            whole = time.perf_counter() - began
            if status == 200:
                sources = sources_of(response.headers.get("Cache-Status", ""))
            slot = response.headers.get("X-Warmline-Slot", "")
        except (aiohttp.ClientError, TimeoutError):
            sources, status = {}, 0
        seen = Seen(
            *(round(at, 4), round(late, 4), what, entry.organisation, entry.agent, text, sources),
            *(round(first * 1000, 3), round(whole * 1000, 3), slot, status),
        )
        self.seen.append(seen)

    async def _until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self._now()))

    def _now(self) -> float:
        return time.monotonic() - self._began


def sources_of(cache_status: str) -> dict[str, str]:
    """Who answered each lookup of a request, from its Cache-Status (RFC 9211)."""
    return dict(_SOURCE.findall(cache_status))

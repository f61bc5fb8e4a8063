"""Callers who go on calling through the edges while something happens to the fleet, and what became of them.

Each has an address in a network of its own and keeps to one edge. Half of them ask over HTTP, mostly by GET;
half hold conversations, one after the other, and resume one that a worker hands over. Everything is counted, nothing is
retried but what HTTP lets any client retry: a GET on a kept connection that was closed before a byte of the answer came
(RFC 9112, 9.3.1).
"""

import asyncio
import random
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.support.clients.voice import Call
from tests.support.time.wait import until

PATIENCE = 45  # seconds that anything may take until it counts as failed
QUESTIONS = ("What is knee pain?", "What is gout?", "When are you open?", "Who won the cup?")
TURNS = 2
GOING_AWAY = 1012


@dataclass
class Report:
    """What happened to all callers."""

    requests: int = 0
    turns: int = 0
    ended: int = 0
    """Conversations that their callers closed."""
    handed_over: int = 0
    """Conversations that a worker asked to go on elsewhere, and that did."""
    broken: int = 0
    """Conversations whose connection ended without a word, and that went on elsewhere."""
    retried: int = 0
    """GETs on a kept connection that had just been closed."""
    failed: list[str] = field(default_factory=list)
    lost_posts: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    """Conversations that could not go on, or that had forgotten what was said."""
    seen: dict[str, list[str]] = field(default_factory=dict)
    """Caller → the slots that answered, in order, repetitions left out."""
    lately: dict[str, str] = field(default_factory=dict)
    """Caller → the slot that answered last, since the latest round began."""

    def at(self, caller: str, slot: str) -> None:
        self.lately[caller] = slot
        slots = self.seen.setdefault(caller, [])
        if not slots or slots[-1] != slot:
            slots.append(slot)

    def line(self) -> str:
        """For the test's output."""
        moved = sum(len(slots) > 1 for slots in self.seen.values())
        return (
            f"{len(self.seen)} callers, {self.requests} requests ({self.retried} sent again), {self.turns} turns, "
            f"{self.ended} conversations ended, {self.handed_over} handed over, {self.broken} broken and resumed; "
            f"{len(self.failed)} failed, {len(self.lost_posts)} POSTs lost, {len(self.cut)} cut, {moved} callers moved"
        )


class Load:
    """As a context: the callers call as long as it lasts. `key` is the API key of their organisation; `trust` is for
    edges of https."""

    def __init__(
        self, edges: Sequence[str], callers: Sequence[str], key: str, *, trust: ssl.SSLContext | None = None
    ) -> None:
        self.report = Report()
        self._edges = edges
        self._callers = callers
        self._key = key
        self._trust = trust
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._call()), name="load")

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def settle(self, slots: set[str]) -> None:
        """Until every caller was answered, and every one of the slots has answered somebody."""
        self.round()
        answering = {*self.report.lately.values()}
        assert answering == slots, f"some slots got no traffic: {slots - answering}, or strangers did"

    def round(self) -> None:
        """Until every caller was answered once more, by whoever answers now."""
        self.report.lately = {}
        until(lambda: len(self.report.lately) == len(self._callers), seconds=150, what="an answer to every caller")

    async def _call(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number, caller in enumerate(self._callers):
                edge = self._edges[number % len(self._edges)]
                chance = random.Random(number)
                kind: type[_Asker | _Talker] = _Asker if number // len(self._edges) % 2 else _Talker
                one = kind(edge, caller, self._key, self._trust, chance, self.report, self._stopping.is_set)
                group.create_task(one.run())


@dataclass
class _Caller:
    edge: str
    caller: str
    key: str
    trust: ssl.SSLContext | None
    chance: random.Random
    report: Report
    stopping: Callable[[], bool]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "X-Forwarded-For": self.caller}

    async def pause(self) -> None:
        await asyncio.sleep(self.chance.uniform(2, 5))


class _Asker(_Caller):
    async def run(self) -> None:
        verify = self.trust or True
        async with (
            httpx.AsyncClient(base_url=self.edge, headers=self.headers, timeout=PATIENCE, verify=verify) as kept,
            httpx.AsyncClient(
                base_url=self.edge,
                headers=self.headers,
                timeout=PATIENCE,
                verify=verify,
                limits=httpx.Limits(
                    max_keepalive_connections=0
                ),  # a POST on a connection just closed may not be repeated
            ) as fresh,
        ):
            while not self.stopping():
                for _ in range(3):
                    await self.pause()
                    await self._get(kept)
                await self._post(fresh)

    async def _get(self, http: httpx.AsyncClient) -> None:
        question = self.chance.choice(QUESTIONS)
        for retry in (True, False):
            try:
                self._answered(await http.get("/v1/agents/reception/answer", params={"text": question}))
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if retry:
                    self.report.retried += 1
                    continue
                self.report.failed.append(f"GET of {self.caller}: {error!r}")
            except httpx.HTTPError as error:
                self.report.failed.append(f"GET of {self.caller}: {error!r}")
            return

    async def _post(self, http: httpx.AsyncClient) -> None:
        try:
            answer = await http.post("/v1/agents/reception/answer", json={"text": self.chance.choice(QUESTIONS)})
        except httpx.HTTPError as error:
            self.report.lost_posts.append(f"POST of {self.caller}: {error!r}")
            return
        if answer.status_code in {502, 504}:
            self.report.lost_posts.append(f"POST of {self.caller}: {answer.status_code}")
        else:
            self._answered(answer)

    def _answered(self, answer: httpx.Response) -> None:
        self.report.requests += 1
        if answer.status_code != 200:
            self.report.failed.append(
                f"{answer.request.method} of {self.caller}: {answer.status_code} {answer.text[:200]}"
            )
        self.report.at(self.caller, answer.headers.get("x-warmline-slot", "nobody"))


class _Talker(_Caller):
    token: str | None = None
    said: str | None = None

    async def run(self) -> None:
        while not self.stopping():
            await self.pause()
            try:
                async with asyncio.timeout(PATIENCE * (TURNS + 1)):
                    await self._conversation()
            except (OSError, TimeoutError, InvalidHandshake, AssertionError) as error:
                self.report.cut.append(f"conversation of {self.caller}: {error!r}")
                self.token = self.said = None

    async def _conversation(self) -> None:
        """One connection, from its opening to its end."""
        opening = {"agent": "reception"} if self.token is None else {"resume": self.token}
        async with await Call.dial(
            self.edge, organisation=None, headers=self.headers, trust=self.trust, **opening
        ) as call:
            try:
                welcome = await call.next()
                assert welcome["type"] in {"opened", "resumed"}, welcome
                self._welcomed(welcome)
                await self._converse(call)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                handed_over = code == GOING_AWAY
                self.report.handed_over += handed_over
                self.report.broken += not handed_over
            else:
                self.token = self.said = None
                self.report.ended += 1

    def _welcomed(self, welcome: dict[str, object]) -> None:
        self.token = str(welcome["token"])
        self.report.at(self.caller, str(welcome["slot"]))
        if self.said is not None:
            lines = [line["text"] for line in welcome["history"] if line["who"] == "caller"]  # type: ignore[attr-defined]
            assert self.said in lines, "the session has forgotten what was said"

    async def _converse(self, call: Call) -> None:
        await _silence(call)
        for _ in range(TURNS):
            if self.stopping():
                break
            await self.pause()
            question = self.chance.choice(QUESTIONS)
            await call.send("say", text=question)
            await _silence(call)
            self.said = question
            self.report.turns += 1
        await call.send("close")
        assert await call.close_code() in {1000, GOING_AWAY}, "closed, but not as asked"


async def _silence(call: Call) -> None:
    """Until the agent has said what it had to say."""
    while (message := await call.next())["type"] != "audio-end":
        assert message["type"] != "error", message

"""One pass over what callers will ask for, at what the pass may cost.

every organisation ── its agents ── configuration, prompt, greeting, fixed phrases
                   └─ its most asked questions ── passages, spoken answer
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from warmline.errors import CallerError, UpstreamRejected
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import relevant, word_answer
from warmline.services.knowledge import Knowledge
from warmline.services.roster import Roster
from warmline.services.speech import Speech
from warmline.upstream.pieces import speakable
from warmline.warming.allowance import Allowance, Room
from warmline_cache import Found, Source
from warmline_cache.errors import WarmlineError
from warmline_cache.fair import FairQueue

T = TypeVar("T")

_FAULTS = 10
"""Of ours, in one pass, that are kept for the log."""


class WarmingEvents(Protocol):
    """Hooks. Each is called synchronously and must not raise."""

    def on_warm_entry(self, cache: str, source: str) -> None:
        """An entry is in L1: it was there (`l1`), came from Redis (`l2`), or from the `origin`."""

    def on_cold_entry(self, cache: str, reason: str) -> None:
        """An entry is not: it was `refused`, by the allowance or as a caller would be, or its load `failed`."""

    def on_warming_end(self, seconds: float) -> None:
        """A warming took so long."""


@dataclass(slots=True)
class WarmingReport:
    """Entries by cache and by what became of them; see `WarmingEvents`."""

    entries: Counter[tuple[str, str]] = field(default_factory=Counter)

    def by_cache(self) -> dict[str, dict[str, int]]:
        """The same for people to read."""
        shown: dict[str, dict[str, int]] = {}
        for (cache, what), count in sorted(self.entries.items()):
            shown.setdefault(cache, {})[what] = count
        return shown


@dataclass(frozen=True, slots=True)
class Services:
    """What answers callers, and is to be warm for them."""

    roster: Roster
    agents: Agents
    knowledge: Knowledge
    speech: Speech


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that callers of an agent ask, normalised."""

    organisation: str
    agent: str
    text: str


Again = Callable[[], Coroutine[Any, Any, object]]
"""Brings an entry, with what depends on it, when there may be something left of the allowance."""


@dataclass(frozen=True, slots=True)
class _Agent:
    organisation: str
    name: str
    config: AgentConfig
    prompt: Prompt | None


class Sweep:
    """One pass, with so many lookups at a time (`concurrency`), of which no organisation of several has all: what is
    slow to load for one is not to keep the others cold. Without an `allowance` no origin is asked."""

    def __init__(
        self,
        services: Services,
        *,
        report: WarmingReport,
        events: WarmingEvents,
        room: Room,
        concurrency: int,
        allowance: Allowance | None = None,
    ) -> None:
        self._services = services
        self._report = report
        self._events = events
        self._room = room
        self._allowance = allowance
        self._turns = FairQueue(concurrency)
        self._several = True
        self._denied: list[tuple[str, Again]] = []
        self._last = False
        self.faults: list[Exception] = []
        self.missed = False
        """Whether something was neither in L1 nor in L2."""

    async def run(self, organisations: Sequence[str], asked: Sequence[AskedQuestion]) -> None:
        """Fill L1. Raises nothing that an origin or Redis could do. A fault of ours costs the entry, the agent or the
        answer where it happened: the first few are in `faults`."""
        self._several = len(organisations) > 1
        asked_of: defaultdict[str, list[AskedQuestion]] = defaultdict(list)
        for one in asked:
            asked_of[one.organisation].append(one)
        async with asyncio.TaskGroup() as group:
            for organisation in organisations:
                group.create_task(self._organisation(organisation, asked_of[organisation]))
        await self._bring_denied()

    async def _organisation(self, organisation: str, asked: Sequence[AskedQuestion]) -> None:
        """All of an organisation, whatever the others wait for."""
        (names,) = await self._all([(organisation, self._names(organisation, asked))])
        agents = await self._all((organisation, self._agent(organisation, name)) for name in names or ())
        known = {agent.name: agent for agent in agents if agent is not None}
        await self._all((organisation, self._answer(known[one.agent], one.text)) for one in asked if one.agent in known)

    async def _bring_denied(self) -> None:
        """What an organisation's part of the allowance was too small for, from what others have left of theirs: in
        equal parts at first, then, for what is larger than such a part, in turn."""
        allowance = self._allowance
        if allowance is None:
            return
        for share, last in ((allowance.share_again, False), (allowance.put_together, True)):
            denied, self._denied, self._last = self._denied, [], last
            share(sorted({organisation for organisation, _ in denied}))
            await self._all((organisation, again()) for organisation, again in _in_turn(denied))

    async def _late(self, organisation: str, asked: Sequence[AskedQuestion]) -> None:
        """The agents of an organisation that has only now been asked for them."""
        for name in await self._names(organisation, asked):
            await self._guard("config", self._agent(organisation, name))

    async def _names(self, organisation: str, asked: Sequence[AskedQuestion]) -> list[str]:
        """The organisation's agents, or at least those who are asked."""
        roster = self._services.roster
        names = await self._bring(
            "roster",
            organisation,
            lambda: roster.peek(organisation),
            lambda: roster.names(organisation),
            again=lambda: self._late(organisation, asked),
        )
        return sorted({one.agent for one in asked if one.organisation == organisation}) if names is None else names

    async def _agent(self, organisation: str, name: str) -> _Agent | None:
        """An agent, when what it always needs and always says is warm; None if there is no such agent."""
        agents = self._services.agents
        config = await self._bring(
            "config",
            organisation,
            lambda: agents.peek_config(organisation, name),
            lambda: agents.config(organisation, name),
            again=lambda: self._agent(organisation, name),
        )
        if config is None:
            return None
        prompt = await self._bring(
            "prompt",
            organisation,
            lambda: agents.peek_prompt(organisation, name, config.prompt_updated_at),
            lambda: agents.prompt(organisation, name, config.prompt_updated_at),
        )
        agent = _Agent(organisation, name, config, prompt)
        for text in (config.greeting, *config.phrases):
            await self._guard("tts", self._phrase(agent, text))
        return agent

    async def _answer(self, agent: _Agent, question: str) -> None:
        knowledge, top_k, language = self._services.knowledge, agent.config.top_k, agent.config.voice.language
        passages = await self._bring(
            "rag",
            agent.organisation,
            lambda: knowledge.peek(agent.organisation, question, top_k=top_k, language=language),
            lambda: knowledge.search(agent.organisation, question, top_k=top_k, language=language),
            again=lambda: self._answer(agent, question),
        )
        if passages is None or agent.prompt is None:
            return
        try:
            text = word_answer(knowledge.provider, agent.prompt, relevant(passages, agent.config))
        except UpstreamRejected:
            self._left_cold("tts", "failed")
        else:
            await self._phrase(agent, text)

    async def _phrase(self, agent: _Agent, text: str) -> None:
        name = (agent.name, text)
        if not speakable(text) or not self._room.take(agent.organisation, name):
            return
        speech, whose = self._services.speech, (agent.organisation, agent.name, agent.config.voice, text)
        audio = await self._bring(
            "tts",
            agent.organisation,
            lambda: speech.peek(*whose),
            lambda: speech.speak(*whose),
            characters=len(text),
            again=lambda: self._phrase(agent, text),
        )
        if audio is None:
            self._room.leave(agent.organisation, name)
        else:
            self._room.fill(agent.organisation, name, len(audio))

    # -- one entry

    async def _bring(
        self,
        cache: str,
        organisation: str,
        peek: Callable[[], Awaitable[Found[T] | Found[T | None] | None]],
        load: Callable[[], Awaitable[Found[T]]],
        *,
        characters: int = 0,
        again: Again | None = None,
    ) -> T | None:
        """The value, if L1 or L2 have it or it may be loaded and can; `again` is done later if it may not be yet."""
        brought = self._look_and_load(cache, organisation, peek, load, characters, again)
        return await self._guard(cache, brought)

    async def _guard(self, cache: str, work: Coroutine[Any, Any, T | None]) -> T | None:
        """What the work returns; None if a fault of ours ended it, which must not cost others theirs."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - raised again when the rest is warm
            self.faults = [*self.faults, error][:_FAULTS]
            self._left_cold(cache, "failed")
            return None

    async def _look_and_load(
        self,
        cache: str,
        organisation: str,
        peek: Callable[[], Awaitable[Found[T] | Found[T | None] | None]],
        load: Callable[[], Awaitable[Found[T]]],
        characters: int,
        again: Again | None,
    ) -> T | None:
        found = await peek()
        if found is not None:
            if self._allowance is None or found.source is not Source.L1:  # the first pass has counted L1
                self._record_entry(cache, found.source)
            return found.value
        self.missed = True
        allowance = self._allowance
        if allowance is None:
            return None
        if allowance.take(cache, organisation, characters):
            return await self._load(allowance, cache, organisation, load, characters)
        if self._last or allowance.given_up(cache, organisation):
            self._left_cold(cache, "refused")
        else:
            once_more = again or (lambda: self._bring(cache, organisation, peek, load, characters=characters))
            self._denied.append((organisation, once_more))
        return None

    async def _load(
        self,
        allowance: Allowance,
        cache: str,
        organisation: str,
        load: Callable[[], Awaitable[Found[T]]],
        characters: int,
    ) -> T | None:
        try:
            found = await load()
        except (
            CallerError
        ):  # as a caller would be: the agent is gone, the text too long, the organisation's limit reached
            self._left_cold(cache, "refused")
            return None
        except WarmlineError as error:
            if isinstance(error, UpstreamRejected):
                allowance.record_answer(cache)
            else:
                allowance.record_failure(cache, organisation)
            self._left_cold(cache, "failed")
            return None
        if found.source is Source.ORIGIN:
            allowance.record_answer(cache)
        else:
            allowance.give_back(organisation, characters)
        self._record_entry(cache, found.source)
        return found.value

    def _record_entry(self, cache: str, source: Source) -> None:
        self._report.entries[cache, source.value] += 1
        self._events.on_warm_entry(cache, source.value)

    def _left_cold(self, cache: str, reason: str) -> None:
        self._report.entries[cache, reason] += 1
        self._events.on_cold_entry(cache, reason)

    async def _all(self, works: Iterable[tuple[str, Coroutine[Any, Any, T | None]]]) -> list[T | None]:
        """What those of each organisation return, when they have had their turns; None for what a fault of ours
        ended."""

        async def in_turn(organisation: str, work: Coroutine[Any, Any, T | None]) -> T | None:
            async with self._turn(organisation):
                return await self._guard("tts", work)  # beside entries, all that can break makes phrases

        works = list(works)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(in_turn(*work)) for work in works]
        finally:
            for _, work in works:
                work.close()  # one that was cancelled before its turn has never begun
        return [task.result() for task in tasks]

    @contextlib.asynccontextmanager
    async def _turn(self, organisation: str) -> AsyncIterator[None]:
        tenant = organisation if self._several else None
        await self._turns.take(tenant, None, asyncio.get_running_loop().create_future())
        try:
            yield
        finally:
            self._turns.give_back(tenant)


def _in_turn(denied: Iterable[tuple[str, Again]]) -> list[tuple[str, Again]]:
    """The first of each organisation, then the second of each, and so on."""
    ranks: Counter[str] = Counter()
    ranked = []
    for organisation, again in denied:
        ranked.append((ranks[organisation], (organisation, again)))
        ranks[organisation] += 1
    return [one for _, one in sorted(ranked, key=itemgetter(0))]

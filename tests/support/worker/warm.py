"""A fleet in virtual time: workers with the services of the domain, on shared stores that are dicts."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from tests.support.caches import Recorded, World
from tests.support.time.aio import until
from tests.support.worker.accounts import unlimited
from tests.support.worker.popular import DictPopular
from warmline.caches import CacheLimits
from warmline.errors import UpstreamRejected
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.roster import Roster
from warmline.services.speech import Speech
from warmline.upstream.ports import Voice
from warmline.warming.limits import WarmingLimits
from warmline.warming.popular import Popular
from warmline.warming.sweep import Services, WarmingReport
from warmline.warming.warming import Warmer, Warming
from warmline_cache import Cache, Codec, Found, Memory, Policy
from warmline_cache.errors import UpstreamUnavailable
from warmline_cache.fence import Fence
from warmline_cache.store.lease import Leases
from warmline_cache.streams.streams import Streams
from warmline_cache.surroundings import Surroundings

T = TypeVar("T")
V = TypeVar("V")

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN")
LIMITS = WarmingLimits()
L1_BYTES = 10**7


def room(entries: int) -> CacheLimits:
    """What L1 may hold of a cache."""
    return CacheLimits(Policy(ttl=300, negative_ttl=5), max_bytes=L1_BYTES, max_entries=entries)


class Application:
    """`Functions` with agents that a test defines; every question is answered by its own text, unless it is one of
    `answers`. A call takes 0.2 s, unless its organisation is one of the `slow`."""

    name = "convex"

    def __init__(self) -> None:
        self.agents: dict[str, dict[str, AgentConfig]] = {}
        self.answers: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.down = False
        self.seconds = 0.2
        self.slow: dict[str, float] = {}
        self.running = 0
        self.most_running = 0

    def add(self, organisation: str, agent: str, *, greeting: str = "Hello", phrases: tuple[str, ...] = ()) -> None:
        config = AgentConfig(name=agent, voice=VOICE, greeting=greeting, prompt_updated_at=1, phrases=phrases)
        self.agents.setdefault(organisation, {})[agent] = config

    async def query(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        return await self._call(path, args, returns)

    async def action(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        return await self._call(path, args, returns)

    async def _call(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        self.calls[path] += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(self.slow.get(str(args["organisation"]), self.seconds))
        self.running -= 1
        if self.down:
            raise UpstreamUnavailable(self.name, "down")
        value = self._value(path, args)
        return None if value is None else msgspec.convert(value, returns, from_attributes=True)

    def _value(self, path: str, args: dict[str, str | int]) -> Any:
        agents = self.agents.get(str(args["organisation"]), {})
        if path == "agents:list":
            return list(agents)
        if path == "agents:config":
            return agents.get(str(args["agent"]))
        if path == "agents:prompt":
            return Prompt(instructions="", answer="{answer}", unknown="I do not know.")
        question = str(args["query"])
        return [Passage("1", 0.9, question, self.answers.get(question, f"Answer to: {question}"))]


class Voices:
    """`Synthesiser`: a hundred bytes for each character, in a second; `refused` holds texts that it does not speak."""

    name = "sarvam"

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.refused: set[str] = set()
        self.longest = 300
        self.down = False
        self.faulty = False
        self.faults: set[str] = set()
        """Texts at which something of ours breaks."""

    def longest_text(self, voice: Voice) -> int:
        if self.faulty:
            raise ZeroDivisionError("a fault of ours")
        return self.longest

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        self.spoken.append(text)
        if text in self.faults:
            raise ZeroDivisionError("a fault of ours")
        await asyncio.sleep(1)
        if self.down:
            raise UpstreamUnavailable(self.name, "down")
        if text in self.refused:
            raise UpstreamRejected(
                self.name, "400: Text must contain at least one character from the allowed languages."
            )
        yield b"0123456789" * 10 * len(text)


@dataclass
class Noted:
    """`WarmingEvents`, remembered."""

    entries: Counter[tuple[str, str]] = field(default_factory=Counter)
    durations: list[float] = field(default_factory=list)
    breaks: int = 0
    """How many of the next calls break, though none may."""

    def on_warm_entry(self, cache: str, source: str) -> None:
        self._note(cache, source)

    def on_cold_entry(self, cache: str, reason: str) -> None:
        self._note(cache, reason)

    def on_warming_end(self, seconds: float) -> None:
        self.durations.append(seconds)

    def _note(self, cache: str, what: str) -> None:
        if self.breaks > 0:
            self.breaks -= 1
            raise ZeroDivisionError("a fault of ours")
        self.entries[cache, what] += 1


class Member:
    """One worker of the fleet."""

    def __init__(self, fleet: "Fleet", *, limits: WarmingLimits, questions: int, phrases: int, limit: float) -> None:
        world = fleet.world
        self.fence = Fence(until=math.inf, shared=True)
        self.events = Noted()
        self._leases = Leases(world.lease_store, ttl=2.0, deadline=0.05, random=world.random)
        world.lease_store.hear.append(self._leases.on_push)
        self._surroundings = Surroundings(
            store=world.store,
            leases=self._leases,
            fence=self.fence,
            clock=world.clock,
            wall=world.wall,
            random=world.random,
            events=Recorded(),
        )
        self._caches: list[Cache[Any]] = []
        self.rag = self._cache("rag", MessageCodec(list[Passage]), ttl=300, entries=questions)
        self.tts = self._cache("tts", AudioCodec(), ttl=3600, entries=phrases, versioned=True)
        self._streams = Streams(self.tts, world.relay, keep=10**6, on_loss=lambda: None)
        app, accounts = fleet.app, unlimited()
        self.services = Services(
            Roster(app, names=self._cache("roster", MessageCodec(list[str]), ttl=60)),
            Agents(
                app,
                configs=self._cache("config", MessageCodec(AgentConfig), ttl=60),
                prompts=self._cache("prompt", MessageCodec(Prompt), ttl=600, versioned=True),
                accounts=accounts,
            ),
            Knowledge(app, results=self.rag, accounts=accounts),
            Speech(fleet.voices, phrases=self._streams, accounts=accounts),
        )
        self.popular = Popular(fleet.popular, minimum=fleet.minimum, opted_out=fleet.opted_out, wall=world.wall)
        self.answers = Answers(self.services.agents, self.services.knowledge, on_question=self.popular.count_question)
        warmer = Warmer(
            self.services,
            self.popular,
            organisations=lambda: sorted(app.agents),
            limits=limits,
            cache={"rag": room(questions), "tts": room(phrases)},
            events=self.events,
        )
        self.warming = Warming(
            warmer, seconds=limit, joined=lambda: asyncio.sleep(0), clock=world.clock, events=self.events
        )

    @property
    def report(self) -> WarmingReport:
        return self.warming.report

    async def heard(self, organisation: str, agent: str, question: str) -> dict[str, str]:
        """A caller asks and hears the answer: which layer answered each lookup."""
        answer = await self.answers.answer(organisation, agent, question)
        spoken = await self.services.speech.speak(organisation, agent, VOICE, answer.text)
        return {**answer.sources, "tts": spoken.source.value}

    async def aclose(self) -> None:
        await self.warming.aclose()
        await self.popular.aclose()
        for cache in self._caches:
            await cache.aclose()
        await self._streams.aclose()

    def _cache(
        self, name: str, codec: Codec[V], *, ttl: float, entries: int | None = None, versioned: bool = False
    ) -> Cache[V]:
        memory: Memory[Found[V | None]] = Memory(max_bytes=L1_BYTES, max_entries=entries)
        policy = Policy(ttl=ttl, negative_ttl=5)
        made = Cache(
            name, policy=policy, codec=codec, memory=memory, surroundings=self._surroundings, versioned=versioned
        )
        self._caches.append(made)
        return made


class Fleet:
    """Workers that come one after the other, on what they share."""

    def __init__(self, *, minimum: int = 1, opted_out: tuple[str, ...] = ()) -> None:
        self.world = World()
        self.app = Application()
        self.voices = Voices()
        self.popular = DictPopular()
        self.minimum = minimum
        self.opted_out = opted_out
        self.members: list[Member] = []

    def member(
        self, *, limits: WarmingLimits = LIMITS, questions: int = 500, phrases: int = 100, limit: float = 10
    ) -> Member:
        """Another worker, which begins to count and to warm."""
        made = Member(self, limits=limits, questions=questions, phrases=phrases, limit=limit)
        self.members.append(made)
        made.popular.start()
        made.warming.start()
        return made

    async def ready(self, member: Member) -> None:
        """Return when the worker says that it is."""
        await until(lambda: member.warming.ready, seconds=2000, what="a worker that is ready")

    async def aclose(self) -> None:
        for member in self.members:
            await member.aclose()

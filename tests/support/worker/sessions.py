"""Voice sessions in virtual time: real services on dict stores, scripted providers and clients."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from tests.support.caches import Gates, World
from tests.support.worker.accounts import unlimited
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.speech import Speech
from warmline.session import End, HungUp, SessionLimits, Sessions, SessionServices
from warmline.session.messages import FromClient, FromWorker, Open
from warmline.upstream.ports import Voice
from warmline_cache import Cache, Codec, Found, Memory, Policy, Streams
from warmline_cache.errors import UpstreamUnavailable

V = TypeVar("V")
T = TypeVar("T")

RATE = 8000
VOICE = Voice(model="m", speaker="s", language="en-IN", sample_rate=RATE)
GREETING = "Namaste, how can I help?"
SECONDS_PER_CHARACTER = 0.1


def samples_of(text: str) -> int:
    """How many samples the provider makes of a text."""
    return round(len(text) * SECONDS_PER_CHARACTER * RATE)


def audio_of(text: str) -> bytes:
    """A ramp, so that every sample tells where it belongs."""
    return struct.pack(f"<{samples_of(text)}h", *(number % 30000 for number in range(samples_of(text))))


class DictSessions:
    """`SessionStore` in a dict. `deaf` loses the messages of claims."""

    def __init__(self, clock: Callable[[], float], *, ttl: float = 900) -> None:
        self.gates = Gates()
        self.deaf = False
        self._clock = clock
        self._ttl = ttl
        self._kept: dict[str, tuple[bytes, bytes, float]] = {}
        self._watchers: list[Callable[[bytes], None]] = []

    def __len__(self) -> int:
        return sum(until > self._clock() for _, _, until in self._kept.values())

    async def save(self, key: str, owner: bytes, data: bytes) -> bool:
        await self.gates.passing("save")
        kept = self._current(key)
        if kept is not None and kept[0] != owner:
            return False
        self._kept[key] = (owner, data, self._clock() + self._ttl)
        return True

    async def claim(self, key: str, owner: bytes) -> tuple[bytes, bytes] | None:
        await self.gates.passing("claim")
        kept = self._current(key)
        if kept is None:
            return None
        self._kept[key] = (owner, kept[1], self._clock() + self._ttl)
        for tell in () if self.deaf else self._watchers:
            tell(kept[0])
        return kept

    async def forget(self, key: str, owner: bytes) -> None:
        await self.gates.passing("forget")
        kept = self._current(key)
        if kept is not None and kept[0] == owner:
            del self._kept[key]

    def garble(self, data: bytes) -> None:
        """Every session's state is these bytes."""
        self._kept = {key: (owner, data, until) for key, (owner, _, until) in self._kept.items()}

    async def watch(self, claimed: Callable[[bytes], None]) -> None:
        self._watchers.append(claimed)
        await asyncio.Event().wait()

    def _current(self, key: str) -> tuple[bytes, bytes] | None:
        owner, data, until = self._kept.get(key, (b"", b"", 0.0))
        return (owner, data) if self._clock() < until else None


class Provider:
    """`Functions` and `Synthesiser`: an agent called reception, whose knowledge is one passage."""

    name = "scripted"

    def __init__(self) -> None:
        self.failing = False
        self.greeting = GREETING
        self.answer: str | None = None
        """What the knowledge says of every question; None: something about it."""
        self.spoken: list[str] = []

    async def query(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        await asyncio.sleep(0.1)
        if args["agent"] != "reception":
            return None
        config = AgentConfig(name="Asha", voice=VOICE, greeting=self.greeting, prompt_updated_at=1)
        found: object = config if path == "agents:config" else Prompt(unknown="I do not know.")
        assert isinstance(found, returns)
        return found

    async def action(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        await asyncio.sleep(0.2)
        if self.failing:
            raise UpstreamUnavailable(self.name, "is away")
        said = f"About {args['query']}." if self.answer is None else self.answer
        found: object = [Passage(id="p1", score=0.9, question="q", answer=said)]
        return found  # type: ignore[return-value]  # a list of passages, which is what `knowledge` asks for

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        self.spoken.append(text)
        await asyncio.sleep(0.5)
        pcm = audio_of(text)
        for at in range(0, len(pcm), 3200):
            await asyncio.sleep(0.05)
            yield pcm[at : at + 3200]

    def longest_text(self, voice: Voice) -> int:
        return 2000


class Caller:
    """`Client`: a test says and hears."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.frames: list[tuple[float, int, int, bytes]] = []
        self._clock = clock
        self._says: asyncio.Queue[FromClient | End] = asyncio.Queue()
        self._hears: asyncio.Queue[FromWorker] = asyncio.Queue()
        self._gone = False

    def say(self, message: FromClient) -> None:
        self._says.put_nowait(message)

    def hang_up(self) -> None:
        self._gone = True
        self._says.put_nowait(End.GONE)

    async def next(self, kind: type[T]) -> T:
        """The next message of a kind; the others are passed over."""
        while True:
            message = await self._hears.get()
            if isinstance(message, kind):
                return message

    def heard(self, turn: int) -> bytes:
        """All audio of a turn, whose frames must join without a gap."""
        frames = [frame for frame in self.frames if frame[1] == turn]
        expected = frames[0][2] if frames else 0
        for _, _, first, pcm in frames:
            assert first == expected
            expected += len(pcm) // 2
        return b"".join(pcm for _, _, _, pcm in frames)

    # -- as the session sees it

    async def hear(self) -> FromClient:
        message = await self._says.get()
        if isinstance(message, End):
            raise HungUp(message)
        return message

    async def tell(self, message: FromWorker) -> None:
        if self._gone:
            raise HungUp(End.GONE)
        self._hears.put_nowait(message)

    async def play(self, frame: bytes) -> None:
        if self._gone:
            raise HungUp(End.GONE)
        turn, first = struct.unpack_from("<II", frame)
        self.frames.append((self._clock(), turn, first, frame[8:]))


class Counted:
    """`SessionEvents`, remembered."""

    def __init__(self) -> None:
        self.open = 0
        self.ended: list[End] = []
        self.first: list[tuple[str, float]] = []
        self.interruptions: list[float] = []
        self.resumed: list[bool] = []

    def on_session_open(self) -> None:
        self.open += 1

    def on_session_resumption(self, *, elsewhere: bool) -> None:
        self.resumed.append(elsewhere)

    def on_session_end(self, end: End) -> None:
        self.open -= 1
        self.ended.append(end)

    def on_first_audio(self, kind: str, seconds: float) -> None:
        self.first.append((kind, seconds))

    def on_interruption(self, seconds: float) -> None:
        self.interruptions.append(seconds)


class VoiceWorker:
    """One worker's sessions, on stores that it shares with others."""

    def __init__(self, world: World, store: DictSessions, provider: Provider, slot: str, limits: SessionLimits) -> None:
        surroundings = world.worker().surroundings

        def cache(name: str, codec: Codec[V]) -> Cache[V]:
            memory: Memory[Found[V | None]] = Memory(max_bytes=1_000_000)
            policy = Policy(ttl=3600, negative_ttl=5, jitter=0, load_timeout=60)
            return Cache(name, policy=policy, codec=codec, memory=memory, surroundings=surroundings, versioned=True)

        accounts = unlimited()
        agents = Agents(
            provider,
            configs=cache("config", MessageCodec(AgentConfig)),
            prompts=cache("prompt", MessageCodec(Prompt)),
            accounts=accounts,
        )
        knowledge = Knowledge(provider, results=cache("rag", MessageCodec(list[Passage])), accounts=accounts)
        answers = Answers(agents, knowledge, clock=world.clock)
        phrases = Streams(cache("tts", AudioCodec()), world.relay, keep=10**6, on_loss=lambda: None)
        self.events = Counted()
        self.several = True
        self.speech = Speech(provider, phrases=phrases, accounts=accounts)
        self.sessions = Sessions(
            SessionServices(agents, answers, self.speech, accounts.admit),
            store,
            slot=slot,
            limits=limits,
            several=lambda: self.several,
            events=self.events,
            clock=world.clock,
            random=world.random,
        )


class Line:
    """A caller's connection to one worker; `end` is how its session ended."""

    def __init__(self, worker: VoiceWorker, opening: Open, organisation: str, clock: Callable[[], float]) -> None:
        self.caller = Caller(clock)
        self.end = asyncio.ensure_future(worker.sessions.hold(self.caller, organisation, opening))


class Switchboard:
    """Workers that share their stores, and callers who are put through to them."""

    def __init__(self) -> None:
        self.world = World()
        self.clock = self.world.clock
        self.store = DictSessions(self.clock)
        self.provider = Provider()
        self.workers: list[VoiceWorker] = []

    def worker(self, limits: SessionLimits | None = None) -> VoiceWorker:
        slot = f"test/{len(self.workers) + 1}"
        made = VoiceWorker(self.world, self.store, self.provider, slot, limits or SessionLimits())
        made.sessions.start()
        self.workers.append(made)
        return made

    def dial(self, worker: VoiceWorker, opening: Open | None = None, *, organisation: str = "sahyadri") -> Line:
        return Line(worker, opening or Open(agent="reception"), organisation, self.clock)

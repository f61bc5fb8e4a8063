"""The shell around the machine: it gathers events, lets the machine decide, and performs the effects.

Three tasks a session: this one decides and tells, one listens to the client, one finds or speaks. The last two only
post events, so that everything is decided in one place and in one order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from warmline.accounts.bucket import Bucket
from warmline.errors import WORKER_FAILED, CallerError, TooLarge, UpstreamRejected, blame_provider
from warmline.services.agents import Agents
from warmline.services.answers import Answers
from warmline.services.speech import Speech
from warmline.session.client import Client, HungUp
from warmline.session.events import SessionEvents
from warmline.session.keeper import Keeper
from warmline.session.limits import SessionLimits
from warmline.session.machine import (
    Answered,
    Back,
    Begun,
    Effect,
    Ending,
    Event,
    Failed,
    Find,
    Finish,
    Forget,
    Hush,
    Keep,
    Phase,
    Refused,
    Speak,
    Spoken,
    State,
    Tell,
    step,
)
from warmline.session.messages import End, FromWorker, GoingAway, Interrupted, LookupTime, Open, Say
from warmline.session.speaker import SpokenUtterance, milliseconds
from warmline.upstream.ports import Voice
from warmline_cache.errors import UpstreamError, WarmlineError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SessionServices:
    """What a conversation asks."""

    agents: Agents
    answers: Answers
    speech: Speech
    admit: Callable[[str], None]
    """Lets an organisation ask once more. Raises LimitReached."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose conversation it is, and how its agent sounds: a session keeps the voice that it was opened with."""

    organisation: str
    agent: str
    token: str
    voice: Voice


class Conversation:
    """One connection's part of a session."""

    def __init__(
        self,
        client: Client,
        services: SessionServices,
        place: Place,
        keeper: Keeper,
        *,
        limits: SessionLimits,
        events: SessionEvents,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._services = services
        self._place = place
        self._keeper = keeper
        self._limits = limits
        self._events = events
        self._clock = clock
        self._inbox: asyncio.Queue[tuple[float, Event]] = asyncio.Queue()
        self._state = State(place.agent)
        self._asked_at = 0.0
        self._work: asyncio.Task[None] | None = None
        self._utterance: SpokenUtterance | None = None

    def post(self, event: Event, at: float | None = None) -> None:
        """Let this be decided upon, in its turn. `at` is when it happened, if not now."""
        self._inbox.put_nowait((self._clock() if at is None else at, event))

    async def run(self, state: State, welcome: FromWorker) -> End:
        """Welcome the client and go on from `state` with what was posted; how the session ended. Raises HungUp if the
        client had gone before that."""
        self._state = state
        await self._client.tell(welcome)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(), name="session: listen")
            try:
                return await self._decide(group)
            finally:
                listening.cancel()
                self._hush()

    # -- gathering events

    async def _listen(self) -> None:
        limits = self._limits
        bucket = Bucket(limits.message_rate, limits.message_burst, self._clock())
        event: Event | None = None
        while not isinstance(event, Ending):
            try:
                async with asyncio.timeout(limits.idle_seconds):
                    event = await self._hear()
            except TimeoutError:
                event = Ending(End.IDLE)
            if not isinstance(event, Ending) and bucket.take(self._clock()):
                event = Ending(End.TOO_FAST)
            self.post(event)

    async def _hear(self) -> Event:
        try:
            message = await self._client.hear()
        except CallerError as error:
            return Refused(error.code, error.message, error.field)
        except HungUp as hung_up:
            return Ending(hung_up.end)
        if isinstance(message, Open):
            return Refused("invalid_input", "the session is open already", "type")
        return message

    # -- deciding

    async def _decide(self, group: asyncio.TaskGroup) -> End:
        hung_up: Ending | None = None
        while True:
            at, event = await self._inbox.get() if hung_up is None else (self._clock(), hung_up)
            if isinstance(event, Say | Begun | Back):
                self._asked_at = at
            self._state, effects = step(self._now(), event)
            try:
                for effect in effects:
                    if isinstance(effect, Finish):
                        return await self._finish(effect.end)
                    await self._perform(effect, group, at)
            except HungUp as error:
                hung_up = Ending(error.end)  # before all that waits: each of it would only find the same

    def _now(self) -> State:
        """The state, with what has been sent by now."""
        utterance = self._utterance
        if utterance is None or utterance.turn != self._state.turn or self._state.phase is Phase.LISTENING:
            return self._state
        return replace(self._state, said=utterance.sent)

    async def _perform(self, effect: Effect, group: asyncio.TaskGroup, at: float) -> None:
        match effect:
            case Tell(message):
                await self._client.tell(message)
                if isinstance(message, Interrupted):
                    self._events.on_interruption(self._clock() - at)
            case Find(turn, question):
                self._begin(group, turn, lambda: self._find(turn, question))
            case Speak(turn, text, start):
                self._begin(group, turn, lambda: self._speak(turn, text, start))
            case Hush():
                self._hush()
            case Keep():
                self._keeper.keep(self._state)
            case Forget():
                await self._keeper.forget()

    async def _finish(self, end: End) -> End:
        resumable = await self._keeper.kept()
        if end is End.GOING_AWAY:
            await self._client.tell(GoingAway(self._place.token, resumable))
        return end

    # -- finding and speaking

    def _begin(self, group: asyncio.TaskGroup, turn: int, work: Callable[[], Awaitable[None]]) -> None:
        self._work = group.create_task(self._attempt(turn, work), name="session: work")

    def _hush(self) -> None:
        """A cancelled task runs no further than to its clean-up: no frame leaves after this."""
        self._utterance = None
        if self._work is not None:
            self._work.cancel()
            self._work = None

    async def _attempt(self, turn: int, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except HungUp as hung_up:
            self.post(Ending(hung_up.end))
        except WarmlineError as error:
            self.post(Failed(turn, error.code, _explain(error)))

    async def _find(self, turn: int, question: str) -> None:
        place = self._place
        self._services.admit(place.organisation)
        answer = await self._services.answers.answer(place.organisation, place.agent, question)
        lookups = {
            cache: LookupTime(source, milliseconds(answer.seconds[cache])) for cache, source in answer.sources.items()
        }
        self.post(Answered(turn, answer.text, tuple(passage.id for passage in answer.passages), lookups))

    async def _speak(self, turn: int, text: str, start: int) -> None:
        kind = "greeting" if self._state.phase is Phase.GREETING else "answer"
        asked_at = self._asked_at
        place = self._place
        utterance = self._utterance = SpokenUtterance(
            self._client,
            turn,
            start,
            rate=place.voice.sample_rate,
            audio_lead=self._limits.audio_lead,
            clock=self._clock,
            on_begin=lambda: self._events.on_first_audio(kind, self._clock() - asked_at),
        )
        try:
            await utterance.say(self._services.speech, place.organisation, place.agent, place.voice, text)
        except TooLarge as error:  # the caller has said none of it: the text is the data provider's
            raise UpstreamRejected(self._services.answers.provider, f"what is to be said: {error.message}") from error
        self.post(Spoken(turn))


def _explain(error: WarmlineError) -> str:
    """What the client is told; the provider's words go to the log alone."""
    if isinstance(error, CallerError):
        return error.message
    if isinstance(error, UpstreamError):
        _log.warning("upstream_failed", upstream=error.upstream, code=error.code, detail=error.detail)
        return blame_provider(error)
    _log.error("turn_failed", code=error.code, exc_info=error)
    return WORKER_FAILED

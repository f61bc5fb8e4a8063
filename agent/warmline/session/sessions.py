"""All voice sessions of one worker: who may open one, who resumes what, who has to leave."""

import base64
from collections.abc import Callable

import msgspec

from warmline.background import Background
from warmline.errors import SessionNotFound, SessionsFull
from warmline.session import machine
from warmline.session.client import Client, HungUp
from warmline.session.conversation import Conversation, Place, SessionServices
from warmline.session.events import SessionEvents
from warmline.session.keeper import Keeper
from warmline.session.limits import SessionLimits
from warmline.session.machine import Back, Begun, Draining, Ending, State
from warmline.session.messages import End, FromWorker, LookupTime, Open, Opened, Resumed
from warmline.session.speaker import milliseconds
from warmline.session.store import OWNER_BYTES, SessionStore
from warmline_cache import Key
from warmline_cache.fair import FairShare

TOKEN_BYTES = 32

_decode = msgspec.msgpack.Decoder(State).decode


class Sessions(Background):
    """Opens, resumes and ends sessions. `clock` is monotonic, in seconds; `random` must not be guessable.

    From `start` on it hears of sessions that other workers took over; closed, it hears of nothing any more, and the
    sessions end with their connections.

    Where there are `several` organisations, and others may come while it runs, none holds all the sessions that there
    may be: a client that opens one after the other and closes none costs its own organisation. A session belongs to its
    organisation and to whoever holds its token; Redis sees the token's digest alone.
    """

    def __init__(
        self,
        services: SessionServices,
        store: SessionStore,
        *,
        slot: str,
        limits: SessionLimits,
        several: Callable[[], bool],
        events: SessionEvents,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        super().__init__(lambda: store.watch(self._on_takeover), name="sessions: watch")
        self._services = services
        self._store = store
        self._slot = slot
        self._limits = limits
        self._events = events
        self._clock = clock
        self._random = random
        self._several = several
        self._places = FairShare(limits.maximum)
        self._owners: dict[bytes, Conversation] = {}
        self._draining = False

    @property
    def limit(self) -> int:
        """How many may be open at once."""
        return self._limits.maximum

    def leave(self) -> None:
        """Every session leaves as soon as it listens; so does one that is opened from now on."""
        self._draining = True
        for conversation in self._owners.values():
            conversation.post(Draining())

    async def hold(self, client: Client, organisation: str, opening: Open) -> End:
        """Hold a session until it ends; how it ended.

        Raises AgentNotFound, SessionNotFound, SessionsFull, UpstreamError, and StoreUnavailable for one that cannot be
        resumed now; then none was opened.
        """
        if not self._places.fits(organisation if self._several() else None):
            raise SessionsFull("this worker holds as many sessions as it may, of all or of this organisation")
        self._places.take(organisation)
        try:
            began, owner = self._clock(), self._random(OWNER_BYTES)
            if opening.resume is None:
                return await self._open(client, organisation, opening.agent or "", owner, began)
            return await self._resume(client, organisation, opening, opening.resume, owner, began)
        finally:
            self._places.give_back(organisation)

    async def _open(self, client: Client, organisation: str, agent: str, owner: bytes, began: float) -> End:
        found = await self._services.agents.config(organisation, agent)
        lookups = {"config": LookupTime(found.source, milliseconds(self._clock() - began))}
        config = found.value
        state = msgspec.structs.replace(machine.open_state(agent, config.greeting, config.voice), slot=self._slot)
        place = Place(organisation, agent, self._new_token(), config.voice)
        keeper = self._keeper(place, owner)
        keeper.keep(state)
        opened = Opened(place.token, await keeper.kept(), agent, config.name, config.voice.sample_rate, self._slot)
        conversation = self._conversation(client, place, keeper)
        conversation.post(Begun(lookups), began)
        return await self._converse(owner, conversation, state, opened)

    async def _resume(
        self, client: Client, organisation: str, opening: Open, token: str, owner: bytes, began: float
    ) -> End:
        claimed = await self._store.claim(_key(organisation, token), owner)
        if claimed is None:
            raise SessionNotFound("there is no such session in your organisation", field="resume")
        self._on_takeover(claimed[0])
        try:
            kept = _decode(claimed[1])
        except (ValueError, RecursionError) as error:  # msgspec's own is a ValueError
            raise SessionNotFound("this session is of a version that is not spoken here", field="resume") from error
        config = (await self._services.agents.config(organisation, kept.agent)).value
        voice = kept.voice or config.voice
        state = msgspec.structs.replace(kept, draining=False, slot=self._slot, voice=voice)
        place = Place(organisation, state.agent, token, voice)
        keeper = self._keeper(place, owner)
        keeper.resumable = True
        resumed = Resumed(
            token=token,
            resumable=True,
            agent=state.agent,
            name=config.name,
            sample_rate=voice.sample_rate,
            slot=self._slot,
            turn=state.turn,
            history=state.history,
        )
        conversation = self._conversation(client, place, keeper)
        conversation.post(Back(opening.turn, opening.samples), began)
        self._events.on_session_resumption(elsewhere=kept.slot != self._slot)
        return await self._converse(owner, conversation, state, resumed)

    async def _converse(self, owner: bytes, conversation: Conversation, state: State, welcome: FromWorker) -> End:
        if self._draining:
            conversation.post(Draining())
        self._owners[owner] = conversation
        self._events.on_session_open()
        end = End.FAILED
        try:
            end = await conversation.run(state, welcome)
        except HungUp as hung_up:
            end = hung_up.end
        finally:
            del self._owners[owner]
            self._events.on_session_end(end)
        return end

    def _on_takeover(self, owner: bytes) -> None:
        if conversation := self._owners.get(owner):
            conversation.post(Ending(End.TAKEN_OVER))

    def _keeper(self, place: Place, owner: bytes) -> Keeper:
        key = _key(place.organisation, place.token)
        return Keeper(self._store, key, owner, on_loss=lambda: self._on_takeover(owner))

    def _conversation(self, client: Client, place: Place, keeper: Keeper) -> Conversation:
        return Conversation(
            client, self._services, place, keeper, limits=self._limits, events=self._events, clock=self._clock
        )

    def _new_token(self) -> str:
        return base64.urlsafe_b64encode(self._random(TOKEN_BYTES)).rstrip(b"=").decode()


def _key(organisation: str, token: str) -> str:
    """Where a session is kept: the token's digest, under its organisation."""
    return Key("session", organisation, (token,)).text

"""The channel on which invalidations arrive, and the lease that says for how long silence on it means "nothing new".

Protocol and proof: docs/understand/invalidation.md.

One connection carries subscription, registration and renewals, so that the
reply to a renewal comes behind every message that Redis published before it. A renewal that is granted extends the
lease from the moment *before it was sent*; whoever invalidates waits for an acknowledgement, or for longer than a
lease. A worker that was given up (see `invalidation.py`) is refused its renewal and joins again under another name.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol

import msgspec
from redis.exceptions import ResponseError

from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.fence import Fence
from warmline_cache.key import PROTOCOL
from warmline_cache.redis.link import Link, Push
from warmline_cache.redis.server import LuaScript
from warmline_cache.redis.words import quote
from warmline_cache.store.codec import Bytes
from warmline_cache.store.redis import WAKE_CHANNEL

MEMBERS = f"wl{PROTOCOL}:members"
INVALIDATIONS = f"wl{PROTOCOL}:invalidations"
LEASE_SECONDS = 2.0
RETRY_SECONDS = 0.5

RENEW_MEMBER = LuaScript("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= 'live' then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], 'live')
return 1
""")
"""Members | member → 1 if its channel lease may be renewed. It writes, so that a master that lost its replicas
(`min-replicas-to-write`) refuses: another may have been promoted."""


class Invalidation(msgspec.Struct, frozen=True, tag=True):
    """What is published: these groups and keys are over, and the `store` of that identity knows; tell `reply_to` when
    you have forgotten them."""

    id: str
    reply_to: str
    store: str
    groups: tuple[str, ...]
    keys: tuple[str, ...]


class Acknowledgement(msgspec.Struct, frozen=True, tag=True):
    """A member has forgotten what invalidation `id` named."""

    id: str
    member: str


class Listener(Protocol):
    """A cache, as far as the channel knows it."""

    def forget(self, groups: Iterable[str], keys: Iterable[str]) -> None:
        """Drop what belongs to these, and let nothing be kept that was begun before now."""

    def forget_all(self) -> None:
        """The same for everything."""


class Channel:
    """This worker's end of the channel.

    `name` says in reports who this is; `clock` must count the time that the machine was suspended. `on_wake` hears of
    released leases, `on_silence` that such news may have been lost, `on_invalidation` of the
    store on which an invalidation was made.
    `member` False makes an end that can invalidate but has nothing to forget (a command line).
    """

    def __init__(
        self,
        link: Callable[..., Link],
        fence: Fence,
        *,
        name: str,
        clock: Callable[[], float],
        random: Bytes,
        on_wake: Callable[[bytes], None],
        on_silence: Callable[[], None],
        on_invalidation: Callable[[str], None],
        member: bool = True,
    ) -> None:
        self.fence = fence
        self.joined = 0
        """How often this worker has joined the fleet; each time again it forgot everything that needs invalidation."""
        self.applied = 0
        """How many invalidations it has carried out, its own included."""
        self.refusal = ""
        """The server's own words, if it answered that this worker may not join or stay."""
        self.address = f"wl{PROTOCOL}:to:{name}:{random(6).hex()}"
        self.acknowledged: Callable[[Acknowledgement], None] = lambda acknowledgement: None
        self._name = name
        self._clock = clock
        self._random = random
        self._on_wake = on_wake
        self._on_silence = on_silence
        self._on_invalidation = on_invalidation
        self._is_member = member
        self._identity = ""
        self._listeners: list[Listener] = []
        self._link = link(greet=self._join, on_push=self._on_push, on_loss=self._on_loss)
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the lease holds now."""
        return self.left > 0

    @property
    def left(self) -> float:
        """For how many seconds the lease will hold; 0 if it does not."""
        return max(0.0, self.fence.until - self._clock())

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every invalidation from now on."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Join, and keep the lease until `aclose`."""
        self._run(self._keep(), name="invalidation channel")

    async def call(self, *command: Any) -> Any:
        """A command on the channel's own connection. Raises StoreUnavailable, ResponseError."""
        return await self._link.call(*command)

    async def script(self, script: LuaScript, keys: Sequence[str], *arguments: bytes | str | float) -> Any:
        """A script on the channel's own connection. Raises StoreUnavailable, ResponseError."""
        return await script(self._link, keys, *arguments)

    async def aclose(self) -> None:
        """Leave: nothing of ours is believed from here on, so nobody need wait for us."""
        self.fence.until = 0.0
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable, ResponseError, TimeoutError):
            async with asyncio.timeout(LEASE_SECONDS / 10):
                await self._link.send("HDEL", MEMBERS, self._identity)
        await self._link.aclose()

    async def _keep(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LEASE_SECONDS):
                    await self._link.open()
                    await self._renew()
            except (StoreUnavailable, ResponseError, TimeoutError) as error:
                self.refusal = quote(error) if isinstance(error, (StoreRefused, ResponseError)) else ""
                self._link.reset("the invalidation channel is silent")
                self._gone.set()
            await self._pause()

    async def _pause(self) -> None:
        """Until the next renewal is due, or the connection is gone and a while has passed."""
        lost = self._gone.is_set()
        self._gone.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS if lost else LEASE_SECONDS / 3):
                await self._gone.wait()

    async def _renew(self) -> None:
        sent = self._clock()
        if not self._is_member:
            await self._link.send("PING")
        elif await RENEW_MEMBER(self._link, [MEMBERS], self._identity) == 1:
            self.fence.until = sent + LEASE_SECONDS
            self.refusal = ""
        else:
            self._link.reset("others gave this worker up")

    async def _join(self, link: Link) -> None:
        """Subscribe and register; once that is certain, forget everything, and only then believe anything new."""
        before, self._identity = self._identity, f"{self._name}#{self._random(6).hex()}"
        sent = self._clock()
        link.subscribe(self.address, INVALIDATIONS, WAKE_CHANNEL)
        if not self._is_member:
            await link.send("PING")
            return
        await link.send("HSET", MEMBERS, self._identity, "live")
        for listener in self._listeners:
            listener.forget_all()
        self.fence.until = sent + LEASE_SECONDS
        self.joined += 1
        if before:
            await link.send("HDEL", MEMBERS, before)

    def _on_loss(self) -> None:
        self.fence.until = 0.0
        self._gone.set()
        self._on_silence()

    def _on_push(self, push: Push) -> None:
        if push[0] != b"message":
            return
        channel, body = push[1].decode(), push[2]
        if channel == WAKE_CHANNEL:
            self._on_wake(body)
            return
        try:
            message = msgspec.msgpack.decode(body, type=Invalidation | Acknowledgement)
        except (ValueError, RecursionError):  # msgspec's own is a ValueError; so are bytes that are not UTF-8
            self._link.reset("unreadable message on the invalidation channel")  # it may have named anything of ours
            return
        if isinstance(message, Acknowledgement):
            self.acknowledged(message)
        elif self._is_member:
            self._apply(message)

    def _apply(self, message: Invalidation) -> None:
        self._on_invalidation(message.store)
        for listener in self._listeners:
            listener.forget(message.groups, message.keys)
        self.applied += 1
        done = msgspec.msgpack.encode(Acknowledgement(message.id, self._identity))
        self._run(self._acknowledge(message.reply_to, done), name="acknowledge invalidation")

    async def _acknowledge(self, address: str, done: bytes) -> None:
        with contextlib.suppress(StoreUnavailable, ResponseError):  # they will wait our lease out
            await self._link.send("PUBLISH", address, done)

    def _run(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

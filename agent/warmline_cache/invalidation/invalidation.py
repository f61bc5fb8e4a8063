"""Making sure that nobody serves what is over.

The order is the protocol: log, replace the tokens, *then* read who is there, publish, wait.
docs/understand/invalidation.md says why, and what each crash on the way does; tests/model exhausts its interleavings.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec
from redis.exceptions import ResponseError

from warmline_cache.errors import InvalidationFailed, StoreUnavailable
from warmline_cache.invalidation.channel import (
    INVALIDATIONS,
    LEASE_SECONDS,
    MEMBERS,
    Acknowledgement,
    Channel,
    Invalidation,
)
from warmline_cache.invalidation.replay import PIECE, Replay
from warmline_cache.key import PROTOCOL, Group, Key
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.server import LuaScript, expect
from warmline_cache.redis.words import quote
from warmline_cache.store.codec import Bytes
from warmline_cache.store.ports import Store
from warmline_cache.tally import Invalidations

LOG = f"wl{PROTOCOL}:log"
LOG_LENGTH = 10_000
WAIT_SECONDS = LEASE_SECONDS * 1.1
"""A lease and a tenth: no two clocks may drift by more than that."""
STEP_SECONDS = 1.0
"""What each step towards Redis may take: an invalidation is worth waiting for, unlike a lookup."""

GIVE_UP = LuaScript("""
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    if ARGV[i + 1] == 'live' then
      redis.call('HSET', KEYS[1], ARGV[i], 'fenced')
    else
      redis.call('HDEL', KEYS[1], ARGV[i])
    end
  end
end
return 1
""")
"""Members | member, its state when the invalidation began… A live member that kept silent is fenced: it gets no
renewal. One that was fenced already cannot hold a lease any more and is removed."""


@dataclass(frozen=True, slots=True)
class InvalidationReport:
    """How an invalidation was held: who acknowledged, who kept silent until their lease had run out, and how long it
    took. Workers in `waited_out` hold nothing invalidated in the caches that need invalidation; of phrases and
    prompts, whose keys are versions, they may still hold what was purged."""

    acknowledged: tuple[str, ...]
    waited_out: tuple[str, ...]
    milliseconds: float


class Invalidator:
    """Invalidates for the whole fleet.

    `clock` is monotonic and counts suspension, in seconds; `identity` says on which server `store` is now.
    """

    def __init__(
        self,
        store: Store,
        channel: Channel,
        *,
        identity: Callable[[], str],
        clock: Callable[[], float],
        random: Bytes,
    ) -> None:
        self.tally = Invalidations()
        self._store = store
        self._identity = identity
        self._channel = channel
        self._clock = clock
        self._random = random
        self._awaited: dict[str, _Acks] = {}
        self._replay = Replay(store, channel, log=LOG, identity=identity, seconds=STEP_SECONDS)
        channel.acknowledged = self._on_acknowledgement

    async def invalidate(self, *targets: Group | Key) -> InvalidationReport:
        """Return when no lookup begun from now on, on any worker, can see what `targets` held.

        Raises InvalidationFailed when that cannot be promised; then it must be called again.
        """
        began = self._clock()
        message = self._message(targets)
        acks = self._awaited[message.id] = _Acks()
        try:
            members = await self._announce(message)
            silent = await acks.wait(members, WAIT_SECONDS)
        except (StoreUnavailable, ResponseError, TimeoutError) as error:
            self.tally.failed += 1
            why = "Redis is silent" if isinstance(error, TimeoutError) else quote(error)
            raise InvalidationFailed(f"not every worker can be told: {why}") from error
        finally:
            del self._awaited[message.id]
        await self._give_up({name: members[name] for name in silent})
        seconds = self._clock() - began
        self.tally.took.add(seconds)
        self.tally.acknowledged += len(members.keys() - silent)
        self.tally.waited_out += len(silent)
        return InvalidationReport(tuple(sorted(members.keys() - silent)), tuple(sorted(silent)), seconds * 1000)

    async def replay(self) -> None:
        """Make every logged invalidation again, for a store that may have forgotten some. Raises StoreUnavailable; then
        the next call goes on where this one was."""
        await self._replay.run()

    async def _announce(self, message: Invalidation) -> dict[str, str]:
        """Log, replace, then see who is there and tell them. Their states by name."""
        logged = msgspec.msgpack.encode(message)
        async with asyncio.timeout(STEP_SECONDS):
            await self._channel.call("XADD", LOG, "MAXLEN", "~", LOG_LENGTH, "*", "invalidation", logged)
        body = msgspec.msgpack.encode(msgspec.structs.replace(message, store=await self._replace(message)))
        async with asyncio.timeout(STEP_SECONDS):
            members: Mapping[bytes, bytes] = expect(await self._channel.call("HGETALL", MEMBERS), dict)
            await self._channel.call("PUBLISH", INVALIDATIONS, body)
        return {
            expect(name, bytes).decode(errors="replace"): expect(state, bytes).decode(errors="replace")
            for name, state in members.items()
        }

    async def _replace(self, message: Invalidation) -> str:
        """The identity of the one server that knows the new tokens. Raises StoreUnavailable if it changed meanwhile."""
        await self._store.replace((), (), Budget(STEP_SECONDS))
        before = self._identity()
        targets = len(message.groups) + len(message.keys)
        await self._store.replace(message.groups, message.keys, Budget(STEP_SECONDS * (1 + targets / PIECE)))
        if self._identity() != before:
            raise StoreUnavailable("Redis became another one meanwhile")
        return before

    async def _give_up(self, silent: Mapping[str, str]) -> None:
        """Spare the next invalidation the wait for who is dead. Failing at it costs that wait and nothing else."""
        if silent:
            flat = [text for pair in silent.items() for text in pair]
            with contextlib.suppress(StoreUnavailable, ResponseError, TimeoutError):
                async with asyncio.timeout(STEP_SECONDS):
                    await self._channel.script(GIVE_UP, [MEMBERS], *flat)

    def _message(self, targets: Iterable[Group | Key]) -> Invalidation:
        groups = tuple(target.text for target in targets if isinstance(target, Group))
        keys = tuple(target.text for target in targets if isinstance(target, Key))
        return Invalidation(self._random(8).hex(), self._channel.address, "", groups, keys)

    def _on_acknowledgement(self, acknowledgement: Acknowledgement) -> None:
        acks = self._awaited.get(acknowledgement.id)
        if acks is not None:
            acks.add(acknowledgement.member)


class _Acks:
    """Who has acknowledged one invalidation."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._news = asyncio.Event()

    def add(self, name: str) -> None:
        self._names.add(name)
        self._news.set()

    async def wait(self, members: Iterable[str], seconds: float) -> set[str]:
        """Those of `members` who kept silent for `seconds`."""
        silent = set(members) - self._names
        try:
            async with asyncio.timeout(seconds):
                while silent:
                    await self._news.wait()
                    self._news.clear()
                    silent -= self._names
        except TimeoutError:
            pass
        return silent

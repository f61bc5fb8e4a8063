"""Making the logged invalidations again, on a store that may have forgotten some.

What is left to do is remembered from one try to the next, as long as the server is the same: a store that is slow, or
goes away now and then, is told of everything in the end instead of being told the beginning for ever.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from redis.exceptions import ResponseError

from warmline_cache.errors import StoreUnavailable
from warmline_cache.invalidation.channel import Channel, Invalidation
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.server import expect
from warmline_cache.store.ports import Store

PAGE = 1000
"""Entries of the log that are read at a time, so that renewals on the same connection are not held up."""
PIECE = 1000
"""Targets that are replaced at a time, each lot within a budget of its own."""


class Replay:
    """Repeats the invalidations of `log`. `identity` says on which server `store` is now; `seconds` is what each step
    may take."""

    def __init__(
        self, store: Store, channel: Channel, *, log: str, identity: Callable[[], str], seconds: float
    ) -> None:
        self._store = store
        self._channel = channel
        self._log = log
        self._identity = identity
        self._seconds = seconds
        self._begin("")

    async def run(self) -> None:
        """Return when all is repeated. Raises StoreUnavailable; called again, it goes on where it was."""
        if self._server != self._identity():
            self._begin(self._identity())
        await self._read()
        for piece in _pieces(sorted(self._groups)):
            await self._replace(piece, ())
            self._groups.difference_update(piece)
        for piece in _pieces(sorted(self._keys)):
            await self._replace((), piece)
            self._keys.difference_update(piece)
        self._begin("")

    def _begin(self, server: str) -> None:
        self._server = server
        self._after = "-"
        self._groups, self._keys = set[str](), set[str]()

    async def _read(self) -> None:
        """What was logged since the last look is to be done, again if need be."""
        while True:
            try:
                page = expect(await self._channel.call("XRANGE", self._log, self._after, "+", "COUNT", PAGE), list)
                for id_, fields in page:
                    logged = msgspec.msgpack.decode(fields[1], type=Invalidation)
                    self._groups.update(logged.groups)
                    self._keys.update(logged.keys)
                    self._after = f"({id_.decode()}"
            except (ResponseError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
                raise StoreUnavailable(f"the log of invalidations cannot be read: {error}") from error
            if len(page) < PAGE:
                return

    async def _replace(self, groups: Sequence[str], keys: Sequence[str]) -> None:
        await self._store.replace(groups, keys, Budget(self._seconds))
        if self._identity() != self._server:
            raise StoreUnavailable("Redis became another one meanwhile")


def _pieces(targets: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(targets), PIECE):
        yield targets[start : start + PIECE]

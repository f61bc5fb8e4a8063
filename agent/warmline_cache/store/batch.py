"""Reads of one loop tick travel together.

What many tasks ask for in one tick becomes one MGET for each organisation, with no key asked for twice; large batches
are cut, so that one that waits for audio does not hold up one that waits for a prompt. All commands of a tick go out
at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any

from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.key import tag_of
from warmline_cache.redis.budget import Budget

Raw = bytes | None
Mget = Callable[[Sequence[str], Budget], Awaitable[list[Raw]]]


class _Ask:
    """The keys of one reader, what pays for them, and where its answer goes."""

    __slots__ = ("answer", "budget", "keys", "weight")

    def __init__(
        self, keys: Sequence[str], budget: Budget, weight: int, answer: asyncio.Future[tuple[Raw, ...]]
    ) -> None:
        self.keys = keys
        self.budget = budget
        self.weight = weight
        self.answer = answer


class Batcher:
    """Collects what is asked within a tick. `mget` reads many keys at once, or raises StoreUnavailable; each has
    `deadline` seconds of Redis's own time, and whoever asked is charged with what it took of them.

    A batch is cut where its expected answers would exceed `max_bytes`, or its keys `max_keys`.
    """

    def __init__(self, mget: Mget, *, deadline: float, max_bytes: int = 256 * 1024, max_keys: int = 128) -> None:
        self._mget = mget
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._max_keys = max_keys
        self._asked: list[_Ask] = []
        self._running: set[asyncio.Task[None]] = set()

    def get(self, keys: Sequence[str], budget: Budget, *, weight: int) -> asyncio.Future[tuple[Raw, ...]]:
        """The values of `keys`, all of one organisation; `weight` is how many bytes the caller expects.

        Cancelling it leaves its neighbours alone. Raises StoreUnavailable.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Raw, ...]] = loop.create_future()
        if not self._asked:
            self._start(self._send())
        self._asked.append(_Ask(keys, budget, weight, answer))
        return answer

    async def aclose(self) -> None:
        """Wait for what is under way; close the link first."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="redis reads")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self) -> None:
        """Runs in the next tick: by then all of this one have asked."""
        asked, self._asked = self._asked, []
        batches = list(self._cut(asked))
        for batch in batches[1:]:
            self._start(self._fetch(batch))
        await self._fetch(batches[0])

    def _cut(self, asked: list[_Ask]) -> Iterator[list[_Ask]]:
        if len(asked) == 1:
            yield asked
            return
        by_tag: dict[str, list[_Ask]] = {}
        for ask in asked:
            by_tag.setdefault(tag_of(ask.keys[0]), []).append(ask)
        for group in by_tag.values():
            batch: list[_Ask] = []
            weight, keys = 0, set[str]()
            for ask in group:
                if batch and (weight + ask.weight > self._max_bytes or len(keys) + len(ask.keys) > self._max_keys):
                    yield batch
                    batch, weight, keys = [], 0, set()
                batch.append(ask)
                weight += 0 if ask.keys[0] in keys else ask.weight
                keys.update(ask.keys)
            yield batch

    async def _fetch(self, batch: list[_Ask]) -> None:
        wanted = batch[0].keys if len(batch) == 1 else list(dict.fromkeys(key for ask in batch for key in ask.keys))
        try:
            values = await self._read(wanted, batch)
            if len(values) != len(wanted):
                raise StoreRefused(f"answered {len(values)} values for {len(wanted)} keys")
        except StoreRefused as error:
            await self._fetch_singly(batch, error)
        except StoreUnavailable as error:
            _fail(batch, error)
        else:
            _hand_out(batch, wanted, values)
        finally:
            _fail(batch, StoreUnavailable("the read was given up"))  # nobody may wait for ever, whatever ended it

    async def _read(self, wanted: Sequence[str], batch: list[_Ask]) -> list[Raw]:
        budget = Budget(self._deadline)
        try:
            return await self._mget(wanted, budget)
        finally:
            for ask in batch:
                ask.budget.left -= self._deadline - budget.left

    async def _fetch_singly(self, batch: list[_Ask], error: StoreRefused) -> None:
        """A batch was refused: perhaps for one of its keys, which must not cost its neighbours their answers."""
        if len(batch) == 1:
            _fail(batch, error)
            return
        for ask in batch:
            await self._fetch([ask])


def _hand_out(batch: list[_Ask], wanted: Sequence[str], values: list[Raw]) -> None:
    if len(batch) == 1:
        if not batch[0].answer.done():
            batch[0].answer.set_result(tuple(values))
        return
    found = dict(zip(wanted, values, strict=True))
    for ask in batch:
        if not ask.answer.done():
            ask.answer.set_result(tuple([found[key] for key in ask.keys]))


def _fail(batch: list[_Ask], error: Exception) -> None:
    for ask in batch:
        if not ask.answer.done():
            ask.answer.set_exception(error)

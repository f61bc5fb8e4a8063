"""How many calls run at a time, so that a provider's limit is met here and not there.

The bound is halved when the provider refuses a call for being one too many, and grows by one for as many calls in a
row as it is wide: additive increase, multiplicative decrease, after Chiu and Jain (1989). Calls that began before the
last halving say nothing about the new bound and are not counted. No clock: an idle client learns nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class Turn:
    """One call's place. `refused` tells whether the provider had too many calls already; None: it did not say."""

    __slots__ = ("era", "refused")

    def __init__(self, era: int) -> None:
        self.era = era
        self.refused: bool | None = None


class CallTurns:
    """At most `most` turns at a time, in the order of asking; fewer after a refusal."""

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._taken = 0
        self._served = 0
        self._era = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it. To give up waiting is to cancel."""
        await self._take()
        turn = Turn(self._era)
        try:
            yield turn
        finally:
            self._learn(turn)
            self._taken -= 1
            self._hand_out()

    async def _take(self) -> None:
        if self._taken < self.limit and not self._waiting:
            self._taken += 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # its turn came as it left
                self._taken -= 1
                self._hand_out()
            raise

    def _hand_out(self) -> None:
        while self._waiting and self._taken < self.limit:
            next_one = self._waiting.popleft()
            if not next_one.done():
                next_one.set_result(None)
                self._taken += 1

    def _learn(self, turn: Turn) -> None:
        if turn.refused is None or turn.era != self._era:
            return
        if turn.refused:
            self.limit = max(1, self.limit // 2)
            self._era += 1
            self._served = 0
            return
        self._served += 1
        if self._served >= self.limit:
            self.limit = min(self._most, self.limit + 1)
            self._served = 0

"""Asking a Redis server: within a budget, through a breaker, over one link.

Whatever goes wrong becomes StoreUnavailable here and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha1
from typing import Any, TypeVar

from redis.exceptions import NoScriptError, ResponseError

from warmline.cache.breaker import Breaker
from warmline.cache.link import Link
from warmline.errors import StoreRefused, StoreUnavailable

T = TypeVar("T")


class Budget:
    """What Redis may still cost one lookup, in seconds."""

    __slots__ = ("left",)

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    async def spend(self, work: Awaitable[T]) -> T:
        """The result of `work`, if the budget lasts for it. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(None) as bound:
                lapse = _Lapse(bound)
                timer = loop.call_later(max(0.0, self.left), lapse.tick)
                try:
                    return await work
                finally:
                    timer.cancel()
                    lapse.over = True
        finally:
            self.left -= loop.time() - began


class _Lapse:
    """Ends a bound some loop iterations after its time.

    A loop that was busy runs its timers before it hands out the replies that came meanwhile; without these iterations
    a stall of our own would look like a silence of Redis.
    """

    __slots__ = ("_bound", "_iterations", "over")

    def __init__(self, bound: asyncio.Timeout) -> None:
        self._bound = bound
        self._iterations = 8
        self.over = False

    def tick(self) -> None:
        if self.over:
            return
        loop = asyncio.get_running_loop()
        if self._iterations:
            self._iterations -= 1
            loop.call_soon(self.tick)
        else:
            self._bound.reschedule(loop.time())


class Script:
    """A Lua script, sent by its digest and in full only to a server that does not know it yet."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, link: Link, keys: Sequence[str], *arguments: bytes | str | float) -> Any:
        """Its result. Raises StoreUnavailable, ResponseError."""
        rest = (len(keys), *keys, *arguments)
        try:
            return await link.call("EVALSHA", self.digest, *rest)
        except NoScriptError:
            return await link.call("EVAL", self.source, *rest)


def expect(reply: Any, kind: type[T]) -> T:
    """The reply, of the type that Redis documents for its command. Raises StoreRefused for any other."""
    if not isinstance(reply, kind):
        raise StoreRefused(f"answered {type(reply).__name__} where {kind.__name__} was to come")
    return reply


class Server:
    """One Redis, or one master behind Sentinels. `clock` is monotonic, in seconds."""

    def __init__(self, link: Link, *, breaker: Breaker, clock: Callable[[], float]) -> None:
        self.link = link
        self.breaker = breaker
        self._clock = clock

    async def ask(self, budget: Budget, work: Callable[[Link], Awaitable[T]], *, insist: bool = False) -> T:
        """The result of `work`. Raises StoreUnavailable: away or too slow, or StoreRefused: it answered an error.

        To `insist` is to ask even a server that did not answer a moment ago.
        """
        if not self.breaker.allow(self._clock()) and not insist:
            raise StoreUnavailable("Redis did not answer a moment ago")
        link = self.link
        heard = link.heard
        try:
            result = await budget.spend(work(link))
        except TimeoutError:
            self.breaker.failed(self._clock())
            if link.heard == heard:
                link.reset("Redis said nothing in time")
            raise StoreUnavailable("Redis did not answer in time") from None
        except StoreUnavailable:
            self.breaker.failed(self._clock())
            raise
        except ResponseError as error:
            self.breaker.succeeded()
            raise StoreRefused(str(error)) from error
        self.breaker.succeeded()
        return result

    async def ping(self, budget: Budget) -> None:
        """Return if Redis answers. Raises StoreUnavailable."""
        await self.ask(budget, lambda link: link.call("PING"))

    async def aclose(self) -> None:
        """Close the link."""
        await self.link.aclose()

"""Asking a Redis server: within a budget, through a breaker, over one link.

Whatever goes wrong becomes StoreUnavailable here and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha1
from typing import Any, TypeVar

from redis.exceptions import NoScriptError, ResponseError

from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.redis.breaker import Breaker
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.link import Link
from warmline_cache.redis.words import quote

T = TypeVar("T")

REFUSAL_SECONDS = 60.0
ABOUT_ONE_KEY = "WRONGTYPE"


class LuaScript:
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


Greet = Callable[[Link], Awaitable[None]]
"""What to run on a new connection before anybody uses it."""


def teach(scripts: Sequence[LuaScript], greet: Greet) -> Greet:
    """Extend a greeting so that the server knows `scripts` after it, and no lookup has to send a script in full.

    A server that refuses to load scripts gets each one with its first call.
    """

    async def greet_and_teach(link: Link) -> None:
        await greet(link)
        loaded = [link.send("SCRIPT", "LOAD", script.source) for script in scripts]
        for reply in await asyncio.gather(*loaded, return_exceptions=True):
            if isinstance(reply, BaseException) and not isinstance(reply, ResponseError):
                raise reply

    return greet_and_teach


def expect(reply: Any, kind: type[T]) -> T:
    """The reply, of the type that Redis documents for its command. Raises StoreRefused for any other."""
    if not isinstance(reply, kind):
        raise StoreRefused(f"answered {type(reply).__name__} where {kind.__name__} was to come")
    return reply


class Server:
    """One Redis, or one master behind Sentinels. `clock` is monotonic, in seconds.

    While somebody keeps the link up (`upkept`, see `upkeep.py`), nobody else waits for a dial: what is asked while
    there is no link fails at once. Before it was `met`, that is dialled with whatever success, it is waited for within
    the budget, until one budget was spent on that in vain.
    """

    def __init__(self, link: Link, *, breaker: Breaker, clock: Callable[[], float]) -> None:
        self.link = link
        self.breaker = breaker
        self.upkept = False
        self.met = False
        self._patient = True
        self.why = ""
        """What went wrong when a call failed last; empty since one succeeded."""
        self._clock = clock
        self._refusal, self._refused_at = "", 0.0

    @property
    def refusal(self) -> str:
        """The server's own words, if it refused something within the last minute that was not about one key alone."""
        return self._refusal if self._clock() - self._refused_at < REFUSAL_SECONDS else ""

    async def ask(self, budget: Budget, work: Callable[[Link], Awaitable[T]], *, insist: bool = False) -> T:
        """The result of `work`. Raises StoreUnavailable: away or too slow, or StoreRefused: it answered an error.

        To `insist` is to ask even a server that did not answer a moment ago, and to wait until it is dialled: that has
        a bound of its own.
        """
        if not insist:
            self._worth_asking()
        link = self.link
        heard, up = link.heard, link.ready
        try:
            if insist and not up:
                await link.open()
                heard, up = link.heard, True
            result = await budget.spend(work(link))
        except TimeoutError:
            self._too_slow(silent=link.heard == heard, insisted=insist)
            raise StoreUnavailable("Redis did not answer in time") from None
        except StoreUnavailable as error:
            if not (up and self.upkept):  # it broke, and is being dialled: how that ends will tell
                self._record_failure(str(error))
            raise
        except ResponseError as error:
            self._record_success()
            self._record_refusal(quote(error))
            raise StoreRefused(quote(error)) from error
        self._record_success()
        return result

    async def ping(self, budget: Budget) -> None:
        """Return if Redis answers. Raises StoreUnavailable."""
        await self.ask(budget, lambda link: link.call("PING"))

    async def aclose(self) -> None:
        """Close the link."""
        await self.link.aclose()

    def _worth_asking(self) -> None:
        why = f": {self.why}" if self.why else ""
        if self.upkept and not self.link.ready and (self.met or not self._patient):
            raise StoreUnavailable(f"Redis is being dialled{why}")
        if not self.breaker.allow(self._clock()):
            raise StoreUnavailable(f"Redis did not answer a moment ago{why}")

    def _too_slow(self, *, silent: bool, insisted: bool) -> None:
        if self.upkept and not self.link.ready:
            self._patient = False  # it is still being dialled: whoever does that will say how it ended
            return
        if silent or not insisted:  # much work that takes long says nothing about lookups
            self._record_failure("it did not answer in time")
        if silent:
            self.link.reset("Redis said nothing in time")

    def _record_failure(self, why: str) -> None:
        self.breaker.record_failure(self._clock())
        self.why = why

    def _record_success(self) -> None:
        self.breaker.record_success()
        self.why = ""

    def _record_refusal(self, words: str) -> None:
        if not words.startswith(ABOUT_ONE_KEY):
            self._refusal, self._refused_at = words, self._clock()

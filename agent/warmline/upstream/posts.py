"""POSTs over connections that are kept, made once more where a connection turns out to be dead.

A load balancer closes a connection that was idle for long, now and then just as the next request sets out: nobody reads
it, and nobody answers. Such a request is made once more, on a connection of its own, for whatever else is kept open may
be as old. aiohttp does that for GET and its like alone: a POST may have changed something. Ours only read, or speak a
text, which then may be billed twice: rarely, and silence is dearer.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
import structlog

from warmline.upstream.connections import make_connector

_UNBOUNDED = aiohttp.ClientTimeout()
_log = structlog.get_logger(__name__)


class Posts:
    """`kept` is the session whose connections are used again, `fresh` one that opens one for each request."""

    def __init__(self, kept: aiohttp.ClientSession, fresh: aiohttp.ClientSession) -> None:
        self._kept = kept
        self._fresh = fresh

    @contextlib.asynccontextmanager
    async def post(
        self,
        url: str,
        *,
        json: object,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout = _UNBOUNDED,  # noqa: ASYNC109  # as aiohttp has it
        allow_redirects: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, its body unread; no redirect is followed unless wanted, for keys and texts are for nobody else.

        `timeout.total` bounds both attempts together. Raises aiohttp.ClientError, TimeoutError.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            found = await self._kept.post(
                url, json=json, headers=headers, timeout=timeout, allow_redirects=allow_redirects
            )
        except aiohttp.ClientError as error:
            if not died(error):
                raise
            _log.info("connection_died", url=url, detail=str(error) or type(error).__name__)
            left = _less(timeout, clock() - began)
            found = await self._fresh.post(
                url, json=json, headers=headers, timeout=left, allow_redirects=allow_redirects
            )
        async with found as response:
            yield response


@contextlib.asynccontextmanager
async def open_posts() -> AsyncIterator[Posts]:
    """POSTs over sessions of their own, which end with the block."""
    async with (
        aiohttp.ClientSession(connector=make_connector()) as kept,
        aiohttp.ClientSession(connector=make_connector(force_close=True)) as fresh,
    ):
        yield Posts(kept, fresh)


def died(error: aiohttp.ClientError) -> bool:
    """Whether a connection that there was ended before any of an answer came.

    aiohttp hands over the head of an answer that broke off in it; with a reset, what came before cannot be told.
    """
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError | aiohttp.ClientConnectionResetError) and not isinstance(
        error, aiohttp.ClientConnectorError
    )


def _less(timeout: aiohttp.ClientTimeout, seconds: float) -> aiohttp.ClientTimeout:
    """What is left of it."""
    if timeout.total is None:
        return timeout
    return aiohttp.ClientTimeout(total=max(0.001, timeout.total - seconds))

"""POSTs that only read, over connections that are kept.

A load balancer closes a connection that was idle for long, now and then just as the next request sets out: it is read
by nobody, or by whoever may read it again. Such a request is made once more, on a connection of its own, for whatever
else is kept open may be as old. aiohttp does that for GET and its like alone: a POST may have changed something.
"""

from collections.abc import Mapping

import aiohttp
import structlog

_UNBOUNDED = aiohttp.ClientTimeout()  # whoever asks bounds the whole of it, both attempts included
_log = structlog.get_logger(__name__)


class Posts:
    """`kept` is the session whose connections are used again, `fresh` one that opens one for each request."""

    def __init__(self, kept: aiohttp.ClientSession, fresh: aiohttp.ClientSession) -> None:
        self._kept = kept
        self._fresh = fresh

    async def read(self, url: str, *, json: object, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """The answer, its body unread. Raises aiohttp.ClientError; the time is for the caller to bound."""
        try:
            return await self._kept.post(url, json=json, headers=headers, timeout=_UNBOUNDED)
        except aiohttp.ClientError as error:
            if not died(error):
                raise
            _log.info("connection_died", url=url, detail=str(error) or type(error).__name__)
        return await self._fresh.post(url, json=json, headers=headers, timeout=_UNBOUNDED)


def died(error: aiohttp.ClientError) -> bool:
    """Whether a connection that there was ended before any of an answer came.

    aiohttp hands over the head of an answer that broke off in it; with a reset, what came before cannot be told.
    """
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError | aiohttp.ClientConnectionResetError) and not isinstance(
        error, aiohttp.ClientConnectorError
    )

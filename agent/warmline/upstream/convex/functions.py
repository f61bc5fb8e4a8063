"""Convex, over its HTTP functions API.

Protocol: POST /api/query and /api/action with `{"path", "args", "format": "json"}`; of the answers see `returned.py`.
A 429 says that too many calls run at once.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

import aiohttp
import structlog

from warmline.errors import UpstreamRejected
from warmline.upstream import decoding
from warmline.upstream.convex.fitted import Fitted
from warmline.upstream.convex.returned import NAME, read_answer, unreadable
from warmline.upstream.posts import Posts
from warmline.upstream.turns import CallTurns
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

T = TypeVar("T")

_LONGEST = 4 * 1024 * 1024
"""Bytes of an answer: as much as the caches keep of a value."""

_WAIT_SHARE = 0.5
"""Of the time for a call, what may be spent waiting for its turn. Where more is asked than can be answered, every turn
would come so late otherwise that the call could only be given up."""

_SHOWN = 5
_log = structlog.get_logger(__name__)


def _ignore_call(outcome: str) -> None:
    """Count no call."""


def _ignore_elements(path: str, count: int) -> None:
    """Count no element that was left out."""


class Convex:
    """The functions of one deployment. Borrows the HTTP sessions of `posts`.

    `deploy_key` is the deployment's admin key, None for public functions only. `timeout` is seconds for a whole call,
    the wait for one of the `concurrency` turns included, of which no organisation holds all. `on_call` is told how each
    call ended: `ok`, or the error's code; `on_left_out` of a function and how many elements of its answer could
    not be read.
    """

    name = NAME

    def __init__(
        self,
        posts: Posts,
        url: str,
        *,
        deploy_key: str | None,
        timeout: float,
        concurrency: int = 32,
        on_call: Callable[[str], None] = _ignore_call,
        on_left_out: Callable[[str, int], None] = _ignore_elements,
    ) -> None:
        self._posts = posts
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Convex {deploy_key}"} if deploy_key else {}
        self._timeout = timeout
        self._turns = CallTurns(concurrency)
        self._on_call = on_call
        self._on_left_out = on_left_out

    async def query(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        """See `ports.Functions.query`."""
        return await self._call("query", path, args, returns)

    async def action(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        """See `ports.Functions.action`."""
        return await self._call("action", path, args, returns)

    async def _call(self, kind: str, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        try:
            found = read_answer(path, *await self._post(kind, path, args), returns)
        except UpstreamError as error:
            decoding.forget_values(error)
            self._on_call(error.code)
            raise
        self._on_call("ok")
        return self._take(path, found)

    async def _post(self, kind: str, path: str, args: dict[str, str | int]) -> tuple[int, bytes]:
        """Status and body."""
        body = {"path": path, "args": args, "format": "json"}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._turns.turn(_tenant(args), self._timeout * _WAIT_SHARE) as turn,
                self._posts.post(f"{self._url}/api/{kind}", json=body, headers=self._headers) as response,
            ):
                turn.refused = response.status == 429
                return response.status, await decoding.body(response, upstream=self.name, most=_LONGEST)
        except UpstreamRejected as error:
            raise unreadable(path, error.detail) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpstreamUnavailable(self.name, f"{path}: {str(error) or type(error).__name__}") from error

    def _take(self, path: str, found: Fitted[T]) -> T:
        count, some = len(found.left_out), list(found.left_out[:_SHOWN])
        self._on_left_out(path, count)  # none, too: a function of which nothing was ever left out is seen to be one
        if some:
            _log.warning("elements_left_out", upstream=self.name, function=path, count=count, elements=some)
        return found.value


def _tenant(args: Mapping[str, str | int]) -> str | None:
    tenant = args.get("organisation")
    return None if tenant is None else str(tenant)

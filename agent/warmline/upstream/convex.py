"""Convex, over its HTTP functions API.

Protocol: POST /api/query and /api/action with `{"path", "args", "format": "json"}`; success is
`{"status": "success", "value"}`; a function that threw is `{"status": "error", "errorMessage", "errorData"?}` with
status 200 today and 560 historically; the infrastructure's own errors are `{"code", "message"}` with any other status,
of which 429 says that too many calls run at once.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import msgspec

from warmline.errors import FunctionFailed, UpstreamError, UpstreamRejected, UpstreamUnavailable
from warmline.upstream.turns import Turns

T = TypeVar("T")

_RETRYABLE = {429, 500, 502, 503, 504}
_UNBOUNDED = aiohttp.ClientTimeout()  # the call's own bound includes its wait for a turn


class _Answer(msgspec.Struct):
    status: str = ""
    value: Any = None
    error_message: str = msgspec.field(default="", name="errorMessage")
    error_data: Any = msgspec.field(default=None, name="errorData")
    code: str = ""
    message: str = ""


def _uncounted(outcome: str) -> None:
    """Nobody wants to know."""


class Convex:
    """The functions of one deployment. Borrows the HTTP session; never retries by itself.

    `deploy_key` is the deployment's admin key, None for public functions only. `timeout` is seconds for a whole call,
    the wait for one of the `concurrency` turns included. `called` is told how each call ended: `ok`, or the error's
    code.
    """

    name = "convex"

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        deploy_key: str | None,
        timeout: float,
        concurrency: int = 32,
        called: Callable[[str], None] = _uncounted,
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Convex {deploy_key}"} if deploy_key else {}
        self._timeout = timeout
        self._turns = Turns(concurrency)
        self._called = called

    async def query(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        """See `ports.Functions.query`."""
        return self._converted(path, await self._call("query", path, args), returns)

    async def action(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        """See `ports.Functions.action`."""
        return self._converted(path, await self._call("action", path, args), returns)

    async def _call(self, kind: str, path: str, args: dict[str, str | int]) -> Any:
        try:
            value = self._value(path, *await self._post(kind, path, args))
        except UpstreamError as error:
            self._called(error.code)
            raise
        self._called("ok")
        return value

    async def _post(self, kind: str, path: str, args: dict[str, str | int]) -> tuple[int, bytes]:
        """Status and body."""
        body = {"path": path, "args": args, "format": "json"}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._turns.turn() as turn,
                self._http.post(
                    f"{self._url}/api/{kind}", json=body, headers=self._headers, timeout=_UNBOUNDED
                ) as response,
            ):
                turn.refused = response.status == 429
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpstreamUnavailable(self.name, f"{path}: {str(error) or type(error).__name__}") from error

    def _value(self, path: str, status: int, raw: bytes) -> Any:
        try:
            answer = msgspec.json.decode(raw, type=_Answer)
        except msgspec.DecodeError:
            answer = _Answer(message="not a Convex answer")
        if answer.status == "success":
            return answer.value
        if answer.status == "error":
            raise FunctionFailed(self.name, f"{path}: {answer.error_message}", data=answer.error_data)
        problem = UpstreamUnavailable if status in _RETRYABLE else UpstreamRejected
        raise problem(self.name, f"{path}: HTTP {status} {answer.code} {answer.message}".rstrip())

    def _converted(self, path: str, value: Any, returns: type[T]) -> T | None:
        """Not strict: Convex's numbers are 64-bit floats, so a whole number may arrive as 3.0."""
        if value is None:
            return None
        try:
            return msgspec.convert(value, type=returns, strict=False)
        except msgspec.ValidationError as error:
            raise UpstreamRejected(self.name, f"{path}: {error}") from error

"""The HTTP functions API.

`POST /api/query`, `/api/mutation`, `/api/action` and `/api/function` (whatever kind it is) with
`{"path", "args", "format"}`; `args` is an object or, as the npm client sends it, a list of one. `Authorization:
Convex <deploy key>` makes the caller an administrator: any key that is not empty is a good one.
"""

import uuid
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warmline_simulators.convex.backend import Backend
from warmline_simulators.convex.errors import CallRefused, Thrown
from warmline_simulators.convex.values import NotAValue, clean, decoded, encoded

_FORMATS = {"json": clean, "convex_encoded_json": encoded}
_KINDS = {"query": "query", "mutation": "mutation", "action": "action", "function": None}


class _Call(msgspec.Struct):
    path: str
    args: dict[str, Any] | list[dict[str, Any]]
    format: str = "json"


class FunctionsApi:
    """`error_status` is the HTTP status of a call whose function threw."""

    def __init__(self, backend: Backend, *, error_status: int) -> None:
        self._backend = backend
        self._error_status = error_status

    def route(self) -> Route:
        """`/api/<kind>`."""
        return Route("/api/{kind}", self.call, methods=["POST"])

    async def call(self, request: Request) -> JSONResponse:
        """Run one function."""
        kind = str(request.path_params["kind"])
        if kind not in _KINDS:
            raise CallRefused(404, "NotFound", "no such endpoint")
        admin = is_admin(request.headers.get("authorization", ""))
        call, args = _parsed(await request.body())
        try:
            value = await self._backend.run(_KINDS[kind], call.path, args, admin=admin)
        except Thrown as thrown:
            return JSONResponse(failure(thrown, _FORMATS[call.format]), status_code=self._error_status)
        return JSONResponse({"status": "success", "value": _FORMATS[call.format](value)})


def is_admin(authorization: str) -> bool:
    """Whether this header holds a deploy key. Raises CallRefused for a header that is neither that nor a user's."""
    scheme, _, credential = authorization.partition(" ")
    if authorization and (scheme not in {"Convex", "Bearer"} or not credential.strip()):
        raise CallRefused(
            400, "InvalidHeaderFailure", "the Authorization header must be Bearer or Convex and a credential"
        )
    return scheme == "Convex"


def failure(thrown: Thrown, formatted: Any) -> dict[str, Any]:
    """What is answered when a function threw."""
    body = {"status": "error", "errorMessage": f"[Request ID: {uuid.uuid4().hex[:16]}] Server Error\n{thrown.message}"}
    return body if thrown.data is None else {**body, "errorData": formatted(thrown.data)}


def single(args: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
    """The arguments of a call, decoded. Raises CallRefused."""
    if isinstance(args, list) and len(args) != 1:
        raise CallRefused(400, "BadRequest", "args must be one object")
    try:
        value = decoded(args[0] if isinstance(args, list) else args)
    except NotAValue as error:
        raise CallRefused(400, "BadRequest", str(error)) from error
    if not isinstance(value, dict):
        raise CallRefused(400, "BadRequest", "args must be one object")
    return value


def _parsed(body: bytes) -> tuple[_Call, dict[str, Any]]:
    try:
        call = msgspec.json.decode(body, type=_Call)
    except (ValueError, RecursionError) as error:  # msgspec's are ValueErrors
        raise CallRefused(400, "BadRequest", str(error)) from error
    if call.format not in _FORMATS:
        raise CallRefused(400, "BadFormat", f"format param must be one of {sorted(_FORMATS)}. Got {call.format}")
    return call, single(call.args)


async def refusal(request: Request, error: Exception) -> JSONResponse:
    """Starlette's handler of `CallRefused`."""
    assert isinstance(error, CallRefused)
    return JSONResponse({"code": error.code, "message": error.message}, status_code=error.status)

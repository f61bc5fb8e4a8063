"""What a test wants to go wrong, each `times` times.

`POST /_faults` adds one, `GET` shows those still to come, `DELETE` forgets them:

    {"kind": "refuse", "at": "rest", "status": 503, "code": "internal_server_error", "message": "...", "times": 1}
    {"kind": "speech", "at": "socket", "action": "cut", "after_chunks": 2, "times": 1}

A refusal is for the next request at `rest` or `stream` or the next `handshake`. A slip is for the next utterance on a
`socket` or a `stream`, after so many chunks of audio, at the latest instead of its completion: `silence` says nothing
more of this utterance, `error` says `message` with `code` or without and then nothing more of it, `close` closes with
`close_code`, `cut` ends TCP without a close frame. On a stream each of them is a cut.
"""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline.simulators.sarvam.refused import Refused

Where = Literal["rest", "stream", "handshake", "socket"]


class Refusal(msgspec.Struct, tag_field="kind", tag="refuse"):
    """A request or a handshake is turned down."""

    at: Literal["rest", "stream", "handshake"]
    status: int = 503
    code: str = "internal_server_error"
    message: str = "as the test wished"
    times: int = 1


class Slip(msgspec.Struct, tag_field="kind", tag="speech"):
    """An utterance goes wrong after so many chunks of its audio."""

    at: Literal["stream", "socket"]
    action: Literal["silence", "error", "close", "cut"]
    after_chunks: int = 0
    message: str = "500: as the test wished"
    code: int | str | None = None
    close_code: int = 1011
    times: int = 1


class Faults:
    """Those still to come; the oldest of its kind and place is the next."""

    def __init__(self) -> None:
        self._to_come: list[Refusal | Slip] = []

    def refuse(self, at: Where) -> None:
        """Raises Refused if a refusal is due here."""
        for fault in self._to_come:
            if isinstance(fault, Refusal) and fault.at == at:
                self._spend(fault)
                raise Refused(fault.status, fault.code, fault.message)

    def slip(self, at: Where) -> Slip | None:
        """What goes wrong with the utterance that begins here now."""
        for fault in self._to_come:
            if isinstance(fault, Slip) and fault.at == at:
                self._spend(fault)
                return fault
        return None

    def route(self) -> Route:
        """`/_faults`."""
        return Route("/_faults", self._serve, methods=["GET", "POST", "DELETE"])

    def _spend(self, fault: Refusal | Slip) -> None:
        fault.times -= 1
        if fault.times <= 0:
            self._to_come.remove(fault)

    async def _serve(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._to_come.clear()
        elif request.method == "POST":
            try:
                self._to_come.append(msgspec.json.decode(await request.body(), type=Refusal | Slip))
            except msgspec.DecodeError as error:
                return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse(msgspec.to_builtins(self._to_come))

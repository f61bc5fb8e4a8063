"""What a test wants to go wrong, given while the simulator runs and spent as it happens.

`POST /_faults` adds one, `GET` shows those still to come, `DELETE` forgets them. Each is for one place, `at`, and
happens `times` times; the oldest of its kind and place is the next. Which kinds there are is the provider's to say.
"""

from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Fault(msgspec.Struct, tag_field="kind", kw_only=True):
    """One thing that goes wrong."""

    at: str
    times: int = 1


F = TypeVar("F", bound=Fault)


class Faults:
    """Those still to come, all of these `kinds`: one type or a union."""

    def __init__(self, kinds: object) -> None:
        self._decoder: msgspec.json.Decoder[Fault] = msgspec.json.Decoder(kinds)
        self._to_come: list[Fault] = []

    def take(self, kind: type[F], at: str) -> F | None:
        """The next of a kind at this place; it has then happened once."""
        for fault in self._to_come:
            if isinstance(fault, kind) and fault.at == at:
                fault.times -= 1
                if fault.times <= 0:
                    self._to_come.remove(fault)
                return fault
        return None

    def route(self) -> Route:
        """`/_faults`."""
        return Route("/_faults", self._serve, methods=["GET", "POST", "DELETE"])

    async def _serve(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._to_come.clear()
        elif request.method == "POST":
            try:
                self._to_come.append(self._decoder.decode(await request.body()))
            except (ValueError, RecursionError) as error:  # msgspec's are ValueErrors
                return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse(msgspec.to_builtins(self._to_come))

"""A request that the provider turns down, and the two shapes in which it says so."""

from starlette.requests import Request
from starlette.responses import JSONResponse


class SpeechRefused(Exception):
    """`status` is HTTP's; `code` is Sarvam's word for it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> JSONResponse:
        """The envelope of HTTP answers, refused handshakes among them."""
        return JSONResponse({"error": {"message": self.message, "code": self.code}}, status_code=self.status)

    def frame(self) -> dict[str, object]:
        """An error on a socket: what the schema rejects carries a code, all else a status before its message."""
        if self.status == 422:
            return error_frame(self.message, 422)
        return error_frame(f"{self.status}: {self.message}", None)


def invalid(message: str) -> SpeechRefused:
    """Well formed, but not possible."""
    return SpeechRefused(400, "invalid_request_error", message)


def unprocessable(message: str) -> SpeechRefused:
    """Not what the schema says."""
    return SpeechRefused(422, "unprocessable_entity_error", message)


def error_frame(message: str, code: int | str | None) -> dict[str, object]:
    """The server's message of type `error`."""
    data = {"message": message} if code is None else {"message": message, "code": code}
    return {"type": "error", "data": data}


async def refusal(request: Request, error: Exception) -> JSONResponse:
    """Starlette's handler of `SpeechRefused`."""
    assert isinstance(error, SpeechRefused)
    return error.response()

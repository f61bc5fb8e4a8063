"""What can go wrong at Sarvam when a test wants it (`POST /_faults`).

    {"kind": "refuse", "at": "rest", "status": 503, "code": "internal_server_error", "message": "...", "times": 1}
    {"kind": "speech", "at": "socket", "action": "cut", "after_chunks": 2, "times": 1}

A refusal is for the next request at `rest` or `stream` or the next `handshake`. A slip is for the next utterance on a
`socket` or a `stream`, after so many chunks of audio, at the latest instead of its completion: `silence` says nothing
more of this utterance, `error` says `message` with `code` or without and then nothing more of it, `close` closes with
`close_code`, `cut` ends TCP without a close frame. On a stream each of them is a cut.
"""

from typing import Literal

from warmline_simulators.faults import Fault, Faults
from warmline_simulators.sarvam.refused import SpeechRefused


class SpeechRefusal(Fault, tag="refuse", kw_only=True):
    """A request or a handshake is turned down."""

    at: Literal["rest", "stream", "handshake"]
    status: int = 503
    code: str = "internal_server_error"
    message: str = "as the test wished"


class Slip(Fault, tag="speech", kw_only=True):
    """An utterance goes wrong after so many chunks of its audio."""

    at: Literal["stream", "socket"]
    action: Literal["silence", "error", "close", "cut"]
    after_chunks: int = 0
    message: str = "500: as the test wished"
    code: int | str | None = None
    close_code: int = 1011


def sarvam_faults() -> Faults:
    """None yet."""
    return Faults(SpeechRefusal | Slip)


def refuse(faults: Faults, at: str) -> None:
    """Raises SpeechRefused if a refusal is due here."""
    if refusal := faults.take(SpeechRefusal, at):
        raise SpeechRefused(refusal.status, refusal.code, refusal.message)

"""What sessions report, for whoever counts it."""

from typing import Protocol

from warmline.session.messages import End

KINDS = ("greeting", "answer")
"""What a session says."""


class SessionEvents(Protocol):
    """Seconds throughout."""

    def on_session_open(self) -> None:
        """One more is open."""

    def on_session_resumption(self, *, elsewhere: bool) -> None:
        """A client came back to its session: another slot held it before, or this one."""

    def on_session_end(self, end: End) -> None:
        """One that was open is not any more."""

    def on_first_audio(self, kind: str, seconds: float) -> None:
        """From the client's message to the first frame of one of `KINDS`."""

    def on_interruption(self, seconds: float) -> None:
        """From the client's message to silence."""

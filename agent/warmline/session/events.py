"""What sessions report, for whoever counts it."""

from typing import Protocol

from warmline.session.messages import End

KINDS = ("greeting", "answer")
"""What a session says."""


class SessionEvents(Protocol):
    """Seconds throughout."""

    def session_opened(self) -> None:
        """One more is open."""

    def session_resumed(self, *, elsewhere: bool) -> None:
        """A client came back to its session: another slot held it before, or this one."""

    def session_ended(self, end: End) -> None:
        """One that was open is not any more."""

    def first_audio(self, kind: str, seconds: float) -> None:
        """From the client's message to the first frame of one of `KINDS`."""

    def interruption(self, seconds: float) -> None:
        """From the client's message to silence."""

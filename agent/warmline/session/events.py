"""What sessions report, for whoever counts it."""

from typing import Protocol

from warmline.session.messages import End


class SessionEvents(Protocol):
    """Seconds throughout."""

    def session_opened(self) -> None:
        """One more is open."""

    def session_ended(self, end: End) -> None:
        """One that was open is not any more."""

    def first_audio(self, kind: str, seconds: float) -> None:
        """From the client's message to the first frame of a `greeting` or an `answer`."""

    def interruption(self, seconds: float) -> None:
        """From the client's message to silence."""

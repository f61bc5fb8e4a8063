"""A line that says how far the measurement is."""

import sys
import time

_WIDTH = 30


class Progress:
    """Of one row; on a terminal the line is drawn anew, elsewhere only its beginning and end are written."""

    def __init__(self, title: str, steps: int) -> None:
        self._title = title
        self._steps = max(1, steps)
        self._done = 0
        self._began = time.monotonic()
        self._live = sys.stderr.isatty()
        self._say("starts")

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if self._live and self._done % 25 == 0:
            filled = _WIDTH * self._done // self._steps
            self._say(f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {100 * self._done // self._steps} %")

    def end(self, what: str) -> None:
        """It is over."""
        self._say(f"{what} after {time.monotonic() - self._began:.0f} s", last=True)

    def _say(self, what: str, *, last: bool = False) -> None:
        end = "\n" if last or not self._live else ""
        sys.stderr.write(f"{chr(13) if self._live else ''}evidence: {self._title:<28} {what:<46}{end}")
        sys.stderr.flush()

"""Runs that are kept, so that a measurement which was interrupted goes on where it was.

A run is named by all that it depends on: the trace, the numbers, and the code that was measured or did the measuring.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import msgspec

from tests.measure.evidence.record import Run
from tests.support.processes import ROOT

_CODE = ("agent/warmline*/**/*.py", "agent/requirements.txt", "nginx/**/*.j2", "tests/measure/evidence/*.py")


def named(*parts: str) -> str:
    """The digest of these and of the code."""
    files = sorted(path for pattern in _CODE for path in ROOT.glob(pattern))
    return _digest([*(part.encode() for part in parts), *(path.read_bytes() for path in files)])


class Kept:
    """The runs of one measurement, in a folder of their own that is made when the first is kept."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name[:16]

    def find(self, letter: str) -> Run | None:
        """The row's run, if there is one."""
        try:
            return msgspec.msgpack.decode((self._folder / letter).read_bytes(), type=Run)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def keep(self, letter: str, run: Run) -> None:
        """From now on, or not at all: never half of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        half = self._folder / f"{letter}.part"
        half.write_bytes(msgspec.msgpack.encode(run))
        half.replace(self._folder / letter)

    def forget(self) -> None:
        """All of them."""
        for path in self._folder.glob("*"):
            path.unlink()


def _digest(parts: Iterable[bytes]) -> str:
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()

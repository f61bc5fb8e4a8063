"""What git keeps of this repository."""

import subprocess
from pathlib import Path

from tests.support.processes import ROOT


def tracked(*patterns: str) -> list[Path]:
    """Files that are tracked, or new and not ignored, and match a pattern."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in sorted(set(listed)) if (ROOT / name).exists()]


def makefiles() -> list[Path]:
    """The Makefile and the files that it includes."""
    return tracked("Makefile", "*.mk")

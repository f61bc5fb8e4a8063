"""Keys that come and go while workers run: a file beside the deployed one, looked at twice a second.

`{"issued": [{"organisation": "sahyadri", "sha256": "<64 hex digits>"}, ...], "revoked": [{"sha256": ..., ...}, ...]}`.
An entry of `revoked` may name the organisation too; what else whoever writes it notes there is left alone. A file that
cannot be read, or is gone, stops a start; while the worker runs it leaves what is known as it is: no revoked key comes
back.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from warmline.api.keys import NAME, ApiKeys
from warmline.background import Background
from warmline.errors import SettingsError

PERIOD_SECONDS = 0.5

_log = structlog.get_logger(__name__)
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _Issued(msgspec.Struct):
    organisation: Annotated[str, msgspec.Meta(pattern=NAME)]
    sha256: _Digest


class _Revoked(msgspec.Struct):
    sha256: _Digest
    organisation: Annotated[str, msgspec.Meta(pattern=NAME)] | None = None


class _File(msgspec.Struct):
    issued: list[_Issued] = []
    revoked: list[_Revoked] = []


class IssuedKeys(Background):
    """Keeps `keys` as the file at `path` says; None: nothing is issued. `changed` gives a value for the file that
    differs when it may say something else.

    Raises SettingsError where it is made, if the file cannot be read.
    """

    def __init__(self, keys: ApiKeys, path: Path | None, *, changed: Callable[[Path], object]) -> None:
        super().__init__(self._watch, name="issued API keys")
        self._keys = keys
        self._path = path
        self._changed = changed
        self._seen: object = None
        if path is not None:
            self._seen = changed(path)
            self._take(path)

    async def _watch(self) -> None:
        while self._path is not None:
            await asyncio.sleep(PERIOD_SECONDS)
            seen = self._changed(self._path)
            if seen != self._seen:
                self._seen = seen
                self._take_again(self._path)

    def _take_again(self, path: Path) -> None:
        try:
            self._take(path)
        except SettingsError as error:
            _log.error("issued_keys_unreadable", problem=str(error))
        else:
            _log.info("issued_keys_read", organisations=list(self._keys.organisations))

    def _take(self, path: Path) -> None:
        try:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
        except (OSError, UnicodeError, RecursionError, msgspec.DecodeError) as error:
            raise SettingsError([f"issued API keys {path}: {error}"]) from error
        self._keys.issue(
            {key.sha256: key.organisation for key in file.issued},
            revoked={key.sha256: key.organisation for key in file.revoked},
        )


def written_at(path: Path) -> tuple[int, int, int]:
    """What tells one content of a file from the next without reading it; zeros while there is none."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0, 0)
    return (stat.st_mtime_ns, stat.st_ino, stat.st_size)

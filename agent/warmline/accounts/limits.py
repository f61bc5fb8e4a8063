"""What each organisation may ask and spend.

The file names only those that differ, and of each only what differs:
`{"sahyadri": {"requests_per_second": 50, "burst": 100, "spend_per_day": 500}}`.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from warmline.errors import SettingsError

_Positive = Annotated[float, msgspec.Meta(gt=0)]


class Limit(msgspec.Struct, frozen=True):
    """Of one organisation, on all workers together. `spend_per_day` is in the price table's currency; None: no limit.

    `burst` is how many requests may come at once.
    """

    requests_per_second: _Positive
    burst: Annotated[float, msgspec.Meta(ge=1)]
    spend_per_day: Annotated[float, msgspec.Meta(ge=0)] | None = None


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    requests_per_second: _Positive | msgspec.UnsetType = msgspec.UNSET
    burst: Annotated[float, msgspec.Meta(ge=1)] | msgspec.UnsetType = msgspec.UNSET
    spend_per_day: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType | None = msgspec.UNSET


@dataclass(frozen=True)
class Limits:
    """The limit of every organisation: its own, or everybody's."""

    everybody: Limit
    own: Mapping[str, Limit] = field(default_factory=dict)

    def of(self, organisation: str) -> Limit:
        """The limit of one."""
        return self.own.get(organisation, self.everybody)


def read_limits(path: Path | None, everybody: Limit, organisations: Container[str]) -> Limits:
    """The limits of a file, or everybody's alone without one.

    Raises SettingsError, which names the file; so does an organisation that is none of `organisations`.
    """
    if path is None:
        return Limits(everybody)
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=dict[str, _Entry])
    except (OSError, UnicodeError, RecursionError, msgspec.DecodeError) as error:
        raise SettingsError([f"limits file {path}: {error}"]) from error
    if unknown := [name for name in entries if name not in organisations]:
        raise SettingsError([f"limits file {path}: {', '.join(unknown)} has no API key, so it is probably misspelt"])
    return Limits(everybody, {name: _merged(everybody, entry) for name, entry in entries.items()})


def _merged(everybody: Limit, entry: _Entry) -> Limit:
    given = {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not msgspec.UNSET}
    return msgspec.structs.replace(everybody, **given)

"""What each organisation may ask and spend.

The file names only those that differ, and of each only what differs:
`{"sahyadri": {"requests_per_second": 50, "burst": 100, "spend_per_day": 500}}`.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import msgspec
from annotated_types import Ge, Gt, Unit, doc

from warmline.errors import SettingsError

_Positive = Annotated[float, msgspec.Meta(gt=0)]


@dataclass(frozen=True)
class OrganisationLimit:
    """What one organisation may ask and spend, on all workers together."""

    requests_per_second: Annotated[float, Gt(0), Unit("requests/s"), doc("requests of one organisation")] = 2000.0
    burst: Annotated[float, Ge(1), Unit("requests"), doc("requests of one organisation that may come at once")] = 4000.0
    spend_per_day: Annotated[
        Annotated[float, Ge(0)] | None,
        Unit("currency"),
        doc("money of one organisation for a day, as in the price table"),
    ] = None


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    requests_per_second: _Positive | msgspec.UnsetType = msgspec.UNSET
    burst: Annotated[float, msgspec.Meta(ge=1)] | msgspec.UnsetType = msgspec.UNSET
    spend_per_day: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType | None = msgspec.UNSET


@dataclass(frozen=True)
class OrganisationLimits:
    """The limit of every organisation: its own, or everybody's."""

    everybody: OrganisationLimit
    own: Mapping[str, OrganisationLimit] = field(default_factory=dict)

    def of(self, organisation: str) -> OrganisationLimit:
        """The limit of one."""
        return self.own.get(organisation, self.everybody)


def read_limits(path: Path | None, everybody: OrganisationLimit, organisations: Container[str]) -> OrganisationLimits:
    """The limits of a file, or everybody's alone without one.

    Raises SettingsError, which names the file; so does an organisation that is none of `organisations`: all that have a
    key, or had one. A key that is revoked must keep no worker from starting.
    """
    if path is None:
        return OrganisationLimits(everybody)
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=dict[str, _Entry])
    except (OSError, UnicodeError, RecursionError, msgspec.DecodeError) as error:
        raise SettingsError([f"limits file {path}: {error}"]) from error
    if unknown := [name for name in entries if name not in organisations]:
        raise SettingsError([f"limits file {path}: {', '.join(unknown)} has no API key, so it is probably misspelt"])
    return OrganisationLimits(everybody, {name: _merge(everybody, entry) for name, entry in entries.items()})


def _merge(everybody: OrganisationLimit, entry: _Entry) -> OrganisationLimit:
    given = {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not msgspec.UNSET}
    return replace(everybody, **given)

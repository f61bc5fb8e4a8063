"""The fleets that are compared, and what is commonly said of their like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from warmline.caches import TRACED as CACHES
from warmline_studies.planner import Affinity

__all__ = ["CACHES", "SETUPS", "Setup"]


@dataclass(frozen=True, slots=True)
class Setup:
    """One row: so many workers (`many`: as many as the measurement has), nginx's affinity, and whether entries are in
    Redis too. `quoted` is the hit ratio commonly given for such a fleet, in percent, by cache."""

    letter: str
    title: str
    many: bool
    affinity: Affinity
    l2: bool
    quoted: Mapping[str, str] = field(default_factory=dict)


_QUOTED = ("tts", "rag", "config")
"""The caches for which hit ratios are commonly given."""

_STICKY = dict.fromkeys(_QUOTED, "60-70")
_SHARED = dict.fromkeys(_QUOTED, "85-95")

SETUPS = (
    Setup(
        "a",
        "one worker",
        many=False,
        affinity=Affinity.NONE,
        l2=False,
        quoted=dict(zip(_QUOTED, ("90", "80", "95"), strict=True)),
    ),
    Setup(
        "b",
        "round robin",
        many=True,
        affinity=Affinity.NONE,
        l2=False,
        quoted=dict(zip(_QUOTED, ("20", "15", "85"), strict=True)),
    ),
    Setup("c", "ip_hash", many=True, affinity=Affinity.IP_HASH, l2=False, quoted=_STICKY),
    Setup("d", "session hash", many=True, affinity=Affinity.SESSION, l2=False, quoted=_STICKY),
    Setup("e", "round robin + Redis", many=True, affinity=Affinity.NONE, l2=True, quoted=_SHARED),
    Setup("f", "ip_hash + Redis", many=True, affinity=Affinity.IP_HASH, l2=True, quoted=_SHARED),
)

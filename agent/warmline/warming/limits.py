"""What one warming may cost."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Unit, doc


@dataclass(frozen=True, slots=True)
class WarmingLimits:
    """Of one warming."""

    seconds: Annotated[float, Ge(0), Unit("s"), doc("longest that readiness waits for the warming; 0: start cold")] = (
        10.0
    )
    concurrency: Annotated[int, Ge(1), Unit("loads"), doc("loads at a time")] = 4
    calls: Annotated[int, Ge(0), Unit("loads"), doc("loads from origins, in one warming")] = 200
    characters: Annotated[int, Ge(0), Unit("characters"), doc("characters to be spoken, in one warming")] = 20_000

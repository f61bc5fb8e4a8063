"""The shape of an invented trace."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

DAY = 86_400.0

SIMULATED: Mapping[str, tuple[str, ...]] = {
    "sahyadri": ("reception", "care"),
    "lakeside": ("reception", "sahayak"),
    "kaveri": ("reception", "physio"),
}
"""The organisations of the simulators, and their agents."""

MOST = 1_000_000
"""The most subjects, agents or organisations that are invented: all of them are kept in memory."""

LONGEST_TALK = 1000
"""The most questions in a conversation, on average."""

NETWORKS = 223 * 65_536
"""IPv4 networks of 256 addresses whose first octet names no multicast."""


def invent_tenants(organisations: int, agents: int) -> dict[str, tuple[str, ...]]:
    """Name so many organisations, each with so many agents."""
    names = tuple(f"agent-{number}" for number in range(agents))
    return {f"org-{number}": names for number in range(organisations)}


@dataclass(frozen=True, slots=True)
class Shape:
    """`conversations` in `seconds`, counted on average; ValueError if a number makes no sense.

    `zipf` is the exponent of the popularity of questions, `drift` the share of questions that follow the hour's own
    ranking rather than the day's. `redials` callers call again; `turns` questions are asked in a conversation, `pause`
    seconds apart, on average, and `follow_ups` of them stay at the subject of the one before. `spelling` of them are
    spelt otherwise in ways that change nothing, `wording` in ways that do. `sharing` callers stand behind one
    address, on average.
    `swing` is how far the rate of calls goes up and down in a `day` (0: never; 1: down to nothing). `updates` of
    knowledge and `changes` of an agent happen to each organisation in a `day`, on average.
    """

    tenants: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: SIMULATED)
    conversations: int = 10_000
    seconds: float = DAY
    day: float = DAY
    callers: int = 3_000
    sharing: float = 4.0
    questions: int = 500
    zipf: float = 1.0
    drift: float = 0.2
    redials: float = 0.15
    turns: float = 3.0
    pause: float = 20.0
    follow_ups: float = 0.3
    spelling: float = 0.4
    wording: float = 0.05
    swing: float = 0.8
    updates: float = 4.0
    changes: float = 1.0

    def __post_init__(self) -> None:
        problems = [
            *(
                f"{name} must be at least {least}"
                for name, least in {"conversations": 1, "callers": 1, "questions": 1}.items()
                if not getattr(self, name) >= least
            ),
            *(
                f"{name} must lie between 0 and 1"
                for name in ("drift", "redials", "follow_ups", "spelling", "wording", "swing")
                if not 0 <= getattr(self, name) <= 1
            ),
            *(
                f"{name} must be at most {most:,}"
                for name, most in {"questions": MOST, "turns": LONGEST_TALK}.items()
                if getattr(self, name) > most
            ),
            *(
                f"{name} must be a number above 0"
                for name in ("seconds", "day", "pause", "sharing")
                if not 0 < getattr(self, name) < math.inf
            ),
            *(
                f"{name} must be a number, 0 or above"
                for name in ("zipf", "turns", "updates", "changes")
                if not 0 <= getattr(self, name) < math.inf
            ),
        ]
        if not self.tenants or not all(self.tenants.values()):
            problems.append("tenants must name an organisation, and each of them an agent")
        elif self.sharing > 0 and self.addresses > NETWORKS:
            problems.append(f"callers / sharing must be at most {NETWORKS:,}: there are no more networks")
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def addresses(self) -> int:
        """Addresses that callers come from, each in a network of its own."""
        return math.ceil(self.callers / self.sharing)

    def sample(self, one_in: int) -> "Shape":
        """Take one in so many organisations, with their calls and callers, from as many addresses as before.

        What happens to an organisation does not hang on the others: a filter would leave the same sample of the whole.
        Raises ValueError if no organisation is left.
        """
        if one_in == 1:
            return self
        names = list(self.tenants)[: len(self.tenants) // one_in]
        if not names:
            raise ValueError(f"one in {one_in} of {len(self.tenants)} organisations is none")
        part = len(names) / len(self.tenants)
        return replace(
            self,
            tenants={name: self.tenants[name] for name in names},
            conversations=max(1, round(self.conversations * part)),
            callers=max(1, round(self.callers * part)),
            sharing=self.sharing * part,
        )


def address(number: int) -> str:
    """Make the address of a number below NETWORKS: `127.a.b.1` first, in no order, then other networks."""
    block, place = divmod(number, 65_536)
    place = (place * 40_503 + 1) % 65_536
    first = 127 if block == 0 else block if block < 127 else block + 1
    return f"{first}.{place >> 8}.{place & 255}.1"

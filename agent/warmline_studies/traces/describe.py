"""A description of a trace, made in one pass. Counts of distinct things are exact, and memory grows with them alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from warmline.services.normalise import normalise
from warmline_studies.traces.entry import Entry, Kind


@dataclass
class Description:
    """`questions` counts askings by organisation and normalised text, under a digest of 64 bits; `networks` those of
    256 addresses, which is what nginx's ip_hash looks at."""

    first: float | None = None
    last: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    organisations: Counter[str] = field(default_factory=Counter)
    agents: set[tuple[str, str]] = field(default_factory=set)
    callers: set[str] = field(default_factory=set)
    networks: Counter[str] = field(default_factory=Counter)
    questions: Counter[bytes] = field(default_factory=Counter)
    spellings: set[bytes] = field(default_factory=set)
    answers: set[bytes] = field(default_factory=set)

    @property
    def entries(self) -> int:
        """All entries."""
        return self.kinds.total()

    @property
    def span(self) -> float:
        """Seconds from the first entry to the last."""
        return self.last - (self.first or 0.0)

    def top(self, shares: Iterable[float] = (0.01, 0.1)) -> Mapping[float, float]:
        """Compute what part of all askings the most asked `shares` of the questions make up."""
        counts = sorted(self.questions.values(), reverse=True)
        total = sum(counts) or 1
        return {share: sum(counts[: max(1, round(share * len(counts)))]) / total for share in shares}

    def lines(self) -> list[str]:
        """Write the description as lines."""
        busiest = max(self.networks.values(), default=0) / (self.networks.total() or 1)
        once = sum(count == 1 for count in self.questions.values())
        rows = {
            "entries": [f"{self.entries:,} in {self.span:,.0f} s", *(f"{self.kinds[kind]:,} {kind}" for kind in Kind)],
            "agents": [f"{len(self.agents):,} of {len(self.organisations):,} organisations"],
            "callers": [f"{len(self.callers):,} addresses", f"{len(self.networks):,} networks of three octets"],
            "": [f"the busiest network sends {busiest:.1%}"],
            "questions": [f"{len(self.questions):,} distinct", f"{len(self.spellings):,} spellings"],
            " ": [f"{len(self.answers):,} answers", f"{once:,} asked once"],
            "popularity": [f"the most asked {share:.0%} are {part:.0%} of all" for share, part in self.top().items()],
        }
        return [f"{name:<12}{', '.join(parts)}" for name, parts in rows.items()]


def describe(entries: Iterable[Entry], *, language: str = "en") -> Description:
    """Count all that is in a trace; questions are normalised in `language`."""
    found = Description()
    for entry in entries:
        if found.first is None:
            found.first = entry.at
        found.last = entry.at
        found.kinds[entry.kind] += 1
        found.organisations[entry.organisation] += 1
        if entry.agent:
            found.agents.add((entry.organisation, entry.agent))
        if entry.caller:
            found.callers.add(entry.caller)
            found.networks[entry.caller.rpartition(".")[0]] += 1
        if entry.kind is Kind.QUESTION:
            found.spellings.add(_digest(entry.organisation, entry.text))
            found.questions[_digest(entry.organisation, normalise(entry.text, language))] += 1
            found.answers.add(_digest(entry.organisation, entry.answer or normalise(entry.text, language)))
    return found


def _digest(organisation: str, text: str) -> bytes:
    return blake2b(f"{organisation}\0{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

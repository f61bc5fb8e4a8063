"""What ran out first. `first` decides without looking at a machine; `Watch` looks.

A worker, nginx's worker, Redis and Locust each run on one core at a time: whoever of them is busy all of it is the
bottleneck, however idle the rest of the machine is.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FULL = 0.9
"""The part of a core, or of all cores, from which on it counts as busy all the time."""

_WINDOW = 3
_KINDS = {"locust": "locust", "warmline worker": "worker", "warmline simulate": "simulator"}


@dataclass(frozen=True, slots=True)
class Busy:
    """Cores that processes of one kind use, together and the busiest of them."""

    together: float
    busiest: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: how many users there were, who was busy, and how much of all cores was."""

    users: int
    kinds: Mapping[str, Busy]
    machine: float


def kind(name: str, command: str) -> str:
    """What a process is, by its name and command line."""
    for words, what in _KINDS.items():
        if words in command:
            return what
    return {"nginx": "nginx", "redis-server": "redis"}.get(name, "other")


def first(samples: Sequence[Sample]) -> str:
    """A sentence about what was busy all the time first, over some samples on end; or that nothing was."""
    for end in range(_WINDOW, len(samples) + 1):
        window = samples[end - _WINDOW : end]
        mean = {name: _mean(window, name) for name in window[-1].kinds}
        full = [name for name, busy in mean.items() if busy.busiest >= FULL and name != "other"]
        if full:
            busiest = max(full, key=lambda name: mean[name].busiest)
            return f"first saturated: {busiest}, one process busy {mean[busiest].busiest:.0%} of a core" + _at(window)
        if sum(sample.machine for sample in window) / _WINDOW >= FULL:
            return f"first saturated: all cores of this machine, by {_shares(mean)}" + _at(window)
    if not samples:
        return "nobody looked for what saturates"
    top = max(samples, key=lambda sample: sample.machine)
    return f"nothing was saturated: at most {top.machine:.0%} of all cores, by {_shares(top.kinds)}" + _at([top])


def _mean(window: Sequence[Sample], name: str) -> Busy:
    found = [sample.kinds.get(name, Busy(0, 0)) for sample in window]
    return Busy(sum(one.together for one in found) / len(found), sum(one.busiest for one in found) / len(found))


def _shares(kinds: Mapping[str, Busy]) -> str:
    ordered = sorted(kinds.items(), key=lambda item: -item[1].together)
    return ", ".join(f"{name} {busy.together:.1f}" for name, busy in ordered if busy.together >= 0.05) + " cores"


def _at(window: Sequence[Sample]) -> str:
    return f", at {window[-1].users:,} users"


@dataclass
class Watch:
    """Samples of this machine; `users` says how many there are. A fleet elsewhere is not seen."""

    users: Callable[[], int]
    samples: list[Sample] = field(default_factory=list)
    _began: bool = False

    def look(self) -> None:
        """One more sample: what was used since the last. The first is only where counting begins."""
        import psutil

        kinds: dict[str, list[float]] = defaultdict(list)
        for process in psutil.process_iter(["name", "cmdline"]):
            try:
                used = process.cpu_percent() / 100
            except psutil.Error:
                continue
            if used > 0:
                kinds[kind(process.info["name"] or "", " ".join(process.info["cmdline"] or ()))].append(used)
        busy = {name: Busy(sum(values), max(values)) for name, values in kinds.items()}
        sample = Sample(self.users(), busy, psutil.cpu_percent() / 100)
        if self._began:
            self.samples.append(sample)
        self._began = True

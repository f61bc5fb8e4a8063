"""The edge: the choice of a worker for each request, by the worker's number."""

from typing import NamedTuple

from warmline_studies.planner.affinity import Affinity, Balancer
from warmline_studies.planner.fleet import Fleet
from warmline_studies.traces import Entry, Kind


class Call(NamedTuple):
    """One call from an address to an agent, the address's `number`th, and the worker that takes the whole call."""

    number: int
    worker: int


class Edge:
    """Sends each request to a worker. Over sessions, or by the session's key, a call stays at the worker where it
    began; a greeting begins another call from its address."""

    def __init__(self, fleet: Fleet) -> None:
        self._balancer = Balancer(fleet.affinity, fleet.workers)
        self._by_call = fleet.sessions or fleet.affinity is Affinity.SESSION
        self._calls: dict[str, Call] = {}

    def numbers(self, entry: Entry, requests: int) -> list[int]:
        """Choose the worker of each of an entry's requests."""
        if self._by_call:
            return [self._call(entry).worker] * requests
        return [self._balancer.choose(entry.caller, "") for _ in range(requests)]

    def _call(self, entry: Entry) -> Call:
        caller = f"{entry.organisation}-{entry.agent}-{entry.caller}"
        call = self._calls.get(caller)
        if call is None or entry.kind is Kind.GREETING:
            number = 1 if call is None else call.number + 1
            worker = self._balancer.choose(entry.caller, f"{caller}-{number}")
            call = self._calls[caller] = Call(number, worker)
        return call

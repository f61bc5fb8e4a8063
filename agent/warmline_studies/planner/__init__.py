"""The planner: what a fleet's caches would do on a trace, without the fleet."""

from warmline_studies.planner.affinity import Affinity
from warmline_studies.planner.estimate import MIB, Capacity, Estimate, estimate
from warmline_studies.planner.fleet import UNBOUNDED, Bound, Fleet, Restart, fleet_of, ideal
from warmline_studies.planner.lookups import CACHES, Lookup, Origin, Script
from warmline_studies.planner.notes import FEW, few, notes, short
from warmline_studies.planner.outcome import Outcome
from warmline_studies.planner.plan import Planned, Wish, as_json, numbers, plans
from warmline_studies.planner.report import lines, table
from warmline_studies.planner.simulation import Simulation, simulate

__all__ = [
    "CACHES",
    "FEW",
    "MIB",
    "UNBOUNDED",
    "Affinity",
    "Bound",
    "Capacity",
    "Estimate",
    "Fleet",
    "Lookup",
    "Origin",
    "Outcome",
    "Planned",
    "Restart",
    "Script",
    "Simulation",
    "Wish",
    "as_json",
    "estimate",
    "few",
    "fleet_of",
    "ideal",
    "lines",
    "notes",
    "numbers",
    "plans",
    "short",
    "simulate",
    "table",
]

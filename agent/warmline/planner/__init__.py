"""The planner: what a fleet's caches would do on a trace, without the fleet."""

from warmline.planner.affinity import Affinity
from warmline.planner.estimate import MIB, Capacity, Estimate, estimate
from warmline.planner.fleet import UNBOUNDED, Bound, Fleet, Restart, fleet_of, ideal
from warmline.planner.lookups import CACHES, Lookup, Origin, Script
from warmline.planner.notes import FEW, few, notes, short
from warmline.planner.outcome import Outcome
from warmline.planner.plan import Planned, Wish, as_json, numbers, plans
from warmline.planner.report import lines, table
from warmline.planner.simulation import Simulation, simulate

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

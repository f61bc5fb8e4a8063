"""The invalidation protocol in every order of events: where the promise holds, and what it rests on."""

import pytest

from tests.model.invalidation import Flaw, Scenario, explored

JOINING = Scenario(("group", "group"), joins=2, breaks=1)
READING = Scenario(("group",), joined="live", flights=1, silences=True)
LOADING = Scenario(("group",), joined="live", flights=2, silences=True)
DEAF = Scenario(("group",), joined="live", flights=1, breaks=1, silences=True)
REJOINING = Scenario(("group",), joins=2, flights=1, breaks=1, silences=True)
FENCED = Scenario(("group",), joined="fenced", joins=1)
KEY = Scenario(("key",), flights=1, evictions=1)
KEY_TWICE = Scenario(("key",), flights=1, evictions=2)
GROUP = Scenario(("group",), flights=1, evictions=1)
EVICTING = Scenario(("group",), joined="live", flights=1, evictions=1)
FAILOVER = Scenario(("group",), joined="live", failovers=1)
REPLAYING = Scenario(("group",), workers=2, failovers=1)
OUTAGE = Scenario(("group",), joined="live", joins=1, outages=1)

QUICK = {
    "two invalidations while a worker joins": Scenario(("group", "group"), joins=1, breaks=1),
    "a worker that others gave up joins again": FENCED,
    "reads and loads, L2 silent now and then": READING,
    "a key, and L2 evicts": KEY,
    "a key, and L2 evicts twice": KEY_TWICE,
    "a group, and L2 evicts": GROUP,
    "`cache` fails over": FAILOVER,
    "`cache` fails over, and two workers replay": REPLAYING,
    "`state` goes and comes back": OUTAGE,
    "two workers": Scenario(("group",), workers=2, joined="live"),
    "two invalidations at once": Scenario(("group", "group"), successive=False, joined="live"),
}
LONG = {
    "two invalidations while a worker joins twice": JOINING,
    "two loads at a time": LOADING,
    "a worker goes deaf amid a load": DEAF,
    "a worker joins again amid a load": REJOINING,
    "L2 evicts amid a load of a worker that listens": EVICTING,
    "a key of a worker that listens": Scenario(("key",), joined="live", flights=1, evictions=1),
    "two invalidations of what is loaded in between": Scenario(("group", "group"), joined="live", flights=1),
}

CAUGHT = {
    Flaw.MEMBERS_READ_FIRST: JOINING,
    Flaw.PUBLISHED_FIRST: JOINING,
    Flaw.SILENT_NOT_AWAITED: JOINING,
    Flaw.WAIT_WITHOUT_MARGIN: JOINING,
    Flaw.EPOCH_KEPT_ON_REJOIN: JOINING,
    Flaw.ACKNOWLEDGED_FIRST: JOINING,
    Flaw.L1_READ_WHILE_FENCED: JOINING,
    Flaw.FENCED_NOT_AWAITED: FENCED,
    Flaw.READ_FILLS_UNCHECKED: LOADING,
    Flaw.FLIGHT_FILLS_UNCHECKED: LOADING,
    Flaw.REFUSED_FILLS_UNCHECKED: READING,
    Flaw.DETACHED_JOINED: LOADING,
    Flaw.RUNNING_JOINED_WHILE_FENCED: DEAF,
    Flaw.FLIGHTS_KEPT_ON_REJOIN: REJOINING,
    Flaw.NOTHING_CLAIMED: KEY_TWICE,
    Flaw.CLAIMED_AFTER_LOADING: GROUP,
    Flaw.NO_STAMP_CHECK: KEY,
    Flaw.STAMP_NOT_CHANGED: KEY,
    Flaw.TOKEN_OF_COMMIT: GROUP,
    Flaw.LOGGED_LAST: FAILOVER,
    Flaw.NO_REPLAY: FAILOVER,
    Flaw.MARK_OF_ANY_INCARNATION: FAILOVER,
    Flaw.MARKED_FIRST: REPLAYING,
    Flaw.TRUST_CHECKED_BEFORE_ONLY: FAILOVER,
    Flaw.FORMER_CACHE_ANSWERS: FAILOVER,
    Flaw.STATE_BACK_AT_ONCE: OUTAGE,
    Flaw.FORMER_STATE_ANSWERS: OUTAGE,
}
CAUGHT_LATE = {
    Flaw.LEASE_FROM_REPLY: JOINING,
    Flaw.RENEWED_ELSEWHERE: JOINING,
    Flaw.L1_KEPT_ON_REJOIN: JOINING,
    Flaw.REMOVED_AT_ONCE: LONG["two invalidations of what is loaded in between"],
    Flaw.FENCED_RENEWED: Scenario(("group", "group"), joined="fenced", flights=1),
}
HARMLESS = {
    Flaw.REGISTERED_FIRST: QUICK["two invalidations while a worker joins"],
    Flaw.FILLED_WHILE_FENCED: READING,
    Flaw.NO_TOKEN_CLAIMED: GROUP,
    Flaw.NO_TOKEN_CHECK: GROUP,
}
"""The protocol does not need these for its promise: what else it does makes up for them. The code has them right all
the same, so that no single slip breaks it."""


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in LONG)])
def test_in_no_order_of_events_is_an_older_value_returned_and_from_each_everything_can_settle(name: str) -> None:
    found = explored({**QUICK, **LONG}[name])
    assert not found.violation, f"\n{found.violation}"
    assert not found.stuck, f"\n{found.stuck}"
    assert found.states > 400, "a world in which next to nothing can happen proves nothing"


@pytest.mark.parametrize(
    "flaw", [*CAUGHT, *(pytest.param(flaw, marks=pytest.mark.long) for flaw in CAUGHT_LATE)], ids=lambda flaw: flaw.name
)
def test_the_model_sees_what_goes_wrong_without_a_part_of_the_protocol(flaw: Flaw) -> None:
    assert explored({**CAUGHT, **CAUGHT_LATE}[flaw], flaw).violation


@pytest.mark.long
@pytest.mark.parametrize("flaw", HARMLESS, ids=lambda flaw: flaw.name)
def test_what_the_promise_does_not_rest_on_is_known(flaw: Flaw) -> None:
    assert not explored(HARMLESS[flaw], flaw).violation


def test_every_flaw_is_one_or_the_other() -> None:
    assert {*CAUGHT, *CAUGHT_LATE, *HARMLESS} == set(Flaw)

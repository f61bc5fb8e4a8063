"""The worker's image has no Ansible, and Ansible no worker: the arithmetic of nginx stands in both, and is the same."""

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from tests.support.tree.plugins import load
from warmline_studies.planner.affinity import IP_HASH_VALUES, Affinity, Balancer, by_address, by_session

where = load("filter", "affinity").where


@given(address=st.integers(0, 2**32 - 1), workers=st.integers(1, 10_000))
def test_an_address_goes_where_the_edges_predictor_says(address: int, workers: int) -> None:
    slots = [{"number": number} for number in range(workers)]
    caller = str(IPv4Address(address))
    assert where(slots, "ip_hash", client=caller) == slots[by_address(caller, workers)]


@given(session=st.text(min_size=1), workers=st.integers(1, 10_000))
def test_a_session_goes_where_the_edges_predictor_says(session: str, workers: int) -> None:
    slots = [{"number": number} for number in range(workers)]
    assert where(slots, "session", session=session) == slots[by_session(session, workers)]


def test_each_affinity_chooses_by_what_it_is_named_for() -> None:
    chosen = {one: Balancer(one, 7) for one in Affinity}
    assert [chosen[Affinity.NONE].choose("10.0.0.1", "s") for _ in range(8)] == [1, 2, 3, 4, 5, 6, 0, 1]
    assert chosen[Affinity.IP_HASH].choose("10.0.0.1", "s") == by_address("10.0.0.1", 7)
    assert chosen[Affinity.SESSION].choose("10.0.0.1", "s") == by_session("s", 7)


def test_no_more_workers_than_ip_hash_has_values_ever_get_a_caller() -> None:
    reached = {
        by_address(f"{a}.{b}.{c}.1", 10_000) for a in range(0, 224, 7) for b in range(0, 256, 3) for c in range(64)
    }
    assert 6000 < len(reached) <= IP_HASH_VALUES

"""What the predictor promises whoever deploys, retires or scales."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tree.plugins import load

affinity = load("filter", "affinity")
where = affinity.where
Slots = list[dict[str, object]]
Place = Callable[[Slots], object]


def slots(count: int, *, first_port: int = 8101) -> Slots:
    return [{"name": f"a/{n}", "address": f"10.0.0.{n}", "port": first_port + n} for n in range(1, count + 1)]


def retired(listed: Slots, position: int) -> Slots:
    return [slot | {"down": True} if n == position else slot for n, slot in enumerate(listed)]


def by_address(client: str) -> Place:
    return lambda listed: where(listed, "ip_hash", client=client)


def by_session(key: str) -> Place:
    return lambda listed: where(listed, "session", session=key)


ADDRESSES = (st.ip_addresses(v=4) | st.ip_addresses(v=6)).map(str)
PLACES = ADDRESSES.map(by_address) | st.text(min_size=1).map(by_session)


@given(PLACES, st.integers(2, 12), st.data())
def test_a_slot_that_retires_moves_its_own_clients_and_no_others(place: Place, count: int, data: st.DataObject) -> None:
    before = slots(count)
    gone = data.draw(st.integers(0, count - 1))
    after = retired(before, gone)
    was = place(before)
    if was == before[gone]:
        assert place(after) != after[gone]
    else:
        assert place(after) == was


@given(PLACES, st.integers(1, 12), st.data())
def test_a_deploy_that_changes_a_slots_port_moves_no_client(place: Place, count: int, data: st.DataObject) -> None:
    before = slots(count)
    swapped = data.draw(st.sets(st.integers(0, count - 1)))
    after = [slot | {"port": 9000 + n} if n in swapped else slot for n, slot in enumerate(before)]
    was, now = place(before), place(after)
    assert isinstance(was, dict)
    assert isinstance(now, dict)
    assert was["name"] == now["name"]


def test_clients_of_one_ipv4_network_share_a_slot_and_those_of_one_ipv6_network_need_not() -> None:
    listed = slots(8)
    assert len({str(where(listed, "ip_hash", client=f"198.51.100.{n}")) for n in range(256)}) == 1
    assert len({str(where(listed, "ip_hash", client=f"2001:db8::{n:x}")) for n in range(256)}) == 8


def test_the_last_slot_left_takes_everybody_and_without_one_nobody_is_named() -> None:
    listed = retired(slots(2), 0)
    for affinity in ("ip_hash", "session", "none"):
        assert where(listed, affinity, client="9.0.0.1", session="a") == listed[1]
        assert where(retired(listed, 1), affinity, client="9.0.0.1", session="a") is None


@pytest.mark.parametrize(("affinity", "complaint"), [("ip_hash", "IPv4 or IPv6"), ("session", "session key")])
def test_who_asks_without_what_decides_is_told(affinity: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        where(slots(3), affinity)


@pytest.mark.parametrize("setting", ["ip_hash", "session"])
def test_for_each_slot_there_is_a_client_by_whom_a_deploy_proves_it(setting: str) -> None:
    listed = retired(slots(9), 4)
    for slot in listed:
        if not slot.get("down"):
            ((header, client),) = affinity.client_of(listed, setting, slot["name"]).items()
            assert header == {"ip_hash": "X-Forwarded-For", "session": "X-Warmline-Session"}[setting]
            assert where(listed, setting, client=client, session=client) == slot


def test_without_affinity_nobody_can_be_sent_anywhere() -> None:
    assert affinity.client_of(slots(3), "none", "a/2") == {}

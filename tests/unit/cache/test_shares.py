"""Who pays is who holds most, as near as makes no difference."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches.books import check_shares
from warmline_cache.memory.shares import TenantShares

names = st.sampled_from("abcde")
amounts = st.integers(1, 10**6) | st.integers(1, 10**12) | st.integers(1, 40)


def holding(**held: int) -> TenantShares:
    shares = TenantShares()
    for tenant, amount in held.items():
        shares.add(tenant, amount)
    return shares


def test_who_holds_most_pays() -> None:
    assert holding(a=5, b=9, c=7).payer("stranger", 1) == "b"


def test_who_would_hold_most_pays_for_itself() -> None:
    shares = holding(a=1000, b=900)
    assert [shares.payer("b", 50), shares.payer("b", 300)] == ["a", "b"]


def test_who_holds_nothing_cannot_pay_however_much_it_wants() -> None:
    assert holding(a=10).payer("newcomer", 10**9) == "a"


def test_who_gives_back_falls_behind() -> None:
    shares = holding(a=1000, b=500)
    shares.add("a", -800)
    assert shares.payer("c", 1) == "b"


def test_who_gave_everything_back_is_forgotten() -> None:
    shares = holding(a=1000, b=1)
    shares.add("a", -1000)
    assert shares.payer("c", 1) == "b"
    assert (shares.held, shares.total) == ({"b": 1}, 1)


def test_two_who_hold_the_same_pay_in_turn() -> None:
    shares = holding(a=1000, b=1000)
    paid = []
    for _ in range(4):
        paid.append(shares.payer("c", 1))
        shares.add(paid[-1], -100)
    assert sorted(paid) == ["a", "a", "b", "b"]


@given(st.lists(st.tuples(names, amounts), min_size=1, max_size=60), names, amounts)
def test_the_payer_holds_most_to_within_a_sixteenth(changes: list[tuple[str, int]], asking: str, cost: int) -> None:
    shares = TenantShares()
    for tenant, amount in changes:
        shares.add(tenant, max(amount, 1) if amount % 3 else -shares.held.get(tenant, -amount))
        check_shares(shares)
    held = dict(shares.held)
    if not held:
        return
    payer = shares.payer(asking, cost)
    after = held | ({asking: held[asking] + cost} if asking in held else {})
    assert after[payer] >= max(after.values()) * 15 / 16
    if asking in held and held[asking] == max(held.values()):
        assert payer == asking

"""What the pool's book-keeping decides, event by event."""

import pytest

from warmline.pool.actions import Action, CloseSocket, HandSocket, OpenSocket, RefuseTicket, SocketState, Why
from warmline.pool.ledger import Ledger
from warmline.pool.limits import SocketLimits
from warmline.pool.ports import SocketShare

PLENTY = SocketShare(100, 100)
M, OTHER = "bulbul:v3", "bulbul:v2"


def ledger(*, prewarm: int = 2, maximum: int = 10, allowance: SocketShare = PLENTY, chance: float = 0.0) -> Ledger:
    made = Ledger(SocketLimits(prewarm=prewarm, maximum=maximum), random=lambda: chance)
    made.allow(allowance, 0)
    return made


def warm(made: Ledger, *, now: float = 0.0, model: str = M) -> list[int]:
    """Keep the model, and let every socket that is to be opened be open."""
    return settle(made, made.keep(model, now), now)


def settle(made: Ledger, actions: list[Action], now: float) -> list[int]:
    """Open and close at once what is to be; the sockets that were opened."""
    opened = []
    while actions:
        match actions.pop(0):
            case OpenSocket(number, _):
                opened.append(number)
                actions += made.record_open(number, now)
            case CloseSocket(number, _):
                actions += made.record_close(number, now)
            case _:
                pass
    return opened


def kinds(actions: list[Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


def test_nothing_is_opened_before_the_budget_is_known() -> None:
    made = Ledger(SocketLimits(prewarm=2, maximum=10), random=lambda: 0.0)
    assert made.keep(M, 0) == []
    assert kinds(made.allow(SocketShare(5, 5), 1)) == ["OpenSocket", "OpenSocket"]


def test_the_oldest_open_socket_has_its_age() -> None:
    made = Ledger(SocketLimits(prewarm=1, maximum=10), random=lambda: 0.0)
    made.allow(PLENTY, 0)
    made.keep(M, 0)
    assert made.oldest(5) == 0
    made.record_open(1, 5)
    assert made.oldest(65) == 60


def test_who_waits_for_a_socket_is_counted_until_there_is_one() -> None:
    made = Ledger(SocketLimits(prewarm=0, maximum=1), random=lambda: 0.0)
    made.allow(PLENTY, 0)
    made.ask(1, M, 0)
    assert made.waiting == 1
    made.record_open(1, 1)
    assert made.waiting == 0


@pytest.mark.parametrize(("fair", "opened"), [(0, 0), (1, 1), (2, 2), (50, 2)])
def test_what_is_kept_warm_is_the_smaller_of_profile_and_fair_share(fair: int, opened: int) -> None:
    assert len(warm(ledger(allowance=SocketShare(100, fair)))) == opened


def test_a_newcomer_warms_only_what_is_free() -> None:
    made = ledger(allowance=SocketShare(1, 5))
    assert len(warm(made)) == 1
    assert kinds(made.allow(SocketShare(2, 5), 1)) == ["OpenSocket"]


def test_who_asks_gets_the_socket_that_was_used_last() -> None:
    made = ledger()
    first, second = warm(made)
    made.ask(1, M, 1)
    made.record_return(first, 2)
    assert made.ask(2, M, 3) == [HandSocket(2, first, warm=True)]
    assert made.ask(3, M, 3) == [HandSocket(3, second, warm=True)]


def test_who_finds_none_idle_waits_for_one_that_is_being_opened_already() -> None:
    made = ledger()
    opens = made.keep(M, 0)
    assert made.ask(1, M, 0) == []
    assert isinstance(opens[0], OpenSocket)
    assert made.record_open(opens[0].socket, 1) == [HandSocket(1, opens[0].socket, warm=False)]


def test_who_waits_takes_a_socket_that_comes_back_sooner_than_their_own() -> None:
    made = ledger(prewarm=1)
    (only,) = warm(made)
    made.ask(1, M, 0)
    assert kinds(made.ask(2, M, 0)) == ["OpenSocket"]
    assert made.record_return(only, 1) == [HandSocket(2, only, warm=False)]


def test_a_fresh_socket_is_one_that_is_opened_from_now_on() -> None:
    made = ledger()
    old = warm(made)
    (opening,) = made.ask(1, M, 5, fresh=True)
    assert isinstance(opening, OpenSocket)
    assert opening.socket not in old
    assert made.record_open(opening.socket, 6) == [HandSocket(1, opening.socket, warm=False)]


def test_beyond_the_budget_who_asks_is_told_at_once() -> None:
    made = ledger(prewarm=1, allowance=SocketShare(1, 1))
    warm(made)
    made.ask(1, M, 0)
    assert made.ask(2, M, 0) == [RefuseTicket(2, None)]


def test_an_idle_socket_of_another_model_gives_way_to_whom_asks() -> None:
    made = ledger(prewarm=1, allowance=SocketShare(1, 1))
    (idle,) = warm(made, model=OTHER)
    assert made.ask(1, M, 1) == [CloseSocket(idle, Why.DISPLACED)]
    (opening,) = made.record_close(idle, 2)
    assert opening == OpenSocket(idle + 1, M)


def test_one_who_asks_displaces_one_socket() -> None:
    made = ledger(allowance=SocketShare(2, 2))
    idle, _ = warm(made, model=OTHER)
    assert made.ask(1, M, 1) == [CloseSocket(idle, Why.DISPLACED)]
    assert made.tick(1.1) == []
    assert made.counts()[SocketState.IDLE] == 1


def test_an_interruption_closes_the_socket_and_opens_another() -> None:
    made = ledger()
    first, second = warm(made)
    made.ask(1, M, 1)
    assert made.record_spoiling(first, Why.INTERRUPTED, 2) == [
        CloseSocket(first, Why.INTERRUPTED),
        OpenSocket(second + 1, M),
    ]
    assert made.counts()[SocketState.IDLE] == 1


def test_a_full_budget_refills_an_interruption_only_when_its_place_is_free() -> None:
    made = ledger(allowance=SocketShare(2, 2))
    first, second = warm(made)
    made.ask(1, M, 1)
    assert made.record_spoiling(first, Why.INTERRUPTED, 2) == [CloseSocket(first, Why.INTERRUPTED)]
    assert made.record_close(first, 3) == [OpenSocket(second + 1, M)]


def test_a_loss_is_refilled_at_once() -> None:
    made = ledger()
    first, _ = warm(made)
    assert made.record_loss(first, 60) == [OpenSocket(3, M)]


def test_what_is_lost_again_and_again_before_it_could_be_used_is_opened_ever_more_slowly() -> None:
    made = ledger(prewarm=1, chance=1.0)
    (number,) = warm(made)
    now, waits = 0.0, []
    for _ in range(8):
        assert made.record_loss(number, now) == []
        due = made.next_at(now)
        assert due is not None
        waits.append(due - now)
        now = due
        (number,) = settle(made, made.tick(now), now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_failed_attempts_are_repeated_one_at_a_time_and_nobody_waits_for_them() -> None:
    made = ledger(chance=1.0)
    opens = made.keep(M, 0)
    assert kinds(opens) == ["OpenSocket", "OpenSocket"]
    for one in opens:
        assert isinstance(one, OpenSocket)
        assert made.record_failure(one.socket, 0) == []
    assert made.ask(1, M, 0.5) == [RefuseTicket(1, M)]
    assert made.next_at(0.5) == 2
    (again,) = made.tick(2)
    assert made.ask(2, M, 2) == []
    assert isinstance(again, OpenSocket)
    assert made.record_open(again.socket, 3) == [
        HandSocket(2, again.socket, warm=False),
        OpenSocket(again.socket + 1, M),
    ]


def test_failures_of_one_model_are_no_reason_to_refuse_another() -> None:
    made = ledger(prewarm=0)
    (opening,) = made.ask(1, M, 0)
    assert isinstance(opening, OpenSocket)
    assert made.record_failure(opening.socket, 0) == [RefuseTicket(1, M)]
    assert kinds(made.ask(2, OTHER, 0)) == ["OpenSocket"]


def test_an_old_socket_goes_when_another_has_taken_its_place() -> None:
    made = ledger(prewarm=1)
    (old,) = warm(made)
    assert made.next_at(0) == 3600
    assert made.tick(3600) == [OpenSocket(old + 1, M)]
    assert made.record_open(old + 1, 3600.2) == [CloseSocket(old, Why.AGED)]


def test_an_old_socket_in_the_way_of_its_own_replacement_goes_first() -> None:
    made = ledger(prewarm=1, allowance=SocketShare(1, 1))
    (old,) = warm(made)
    assert made.tick(3600) == [CloseSocket(old, Why.AGED)]
    assert made.record_close(old, 3601) == [OpenSocket(old + 1, M)]


def test_an_old_socket_stays_while_no_other_can_be_had() -> None:
    made = ledger(prewarm=1)
    (old,) = warm(made)
    made.tick(3600)
    assert made.record_failure(old + 1, 3601) == []
    assert made.ask(1, M, 3601) == [HandSocket(1, old, warm=True)]


def test_one_socket_that_works_is_no_reason_to_ask_without_end_for_a_second() -> None:
    made = ledger(prewarm=2, allowance=SocketShare(1, 2))
    warm(made)
    (second,) = made.allow(SocketShare(2, 2), 100)
    assert isinstance(second, OpenSocket)
    assert made.record_failure(second.socket, 100) == []
    assert made.tick(100.1) == []


def test_sockets_opened_together_do_not_age_together() -> None:
    chances = iter([0.0, 1.0])
    made = Ledger(SocketLimits(prewarm=2, maximum=10), random=lambda: next(chances))
    made.allow(PLENTY, 0)
    warm(made)
    assert made.next_at(0) == pytest.approx(2880)


def test_what_a_burst_opened_stays_a_while_and_then_goes() -> None:
    made = ledger(prewarm=1)
    warm(made)
    settle(made, made.ask(1, M, 0), 0)
    opened = settle(made, made.ask(2, M, 0), 0)
    assert len(opened) == 1
    for number in (1, 2):
        made.record_return(number, 10 + number)
    assert made.counts()[SocketState.IDLE] == 2
    assert made.tick(70) == []
    assert made.next_at(70) == 71
    assert made.tick(71) == [CloseSocket(1, Why.SURPLUS)]


def test_when_all_of_a_burst_may_go_those_that_are_to_be_warm_stay() -> None:
    made = ledger(prewarm=1)
    warm(made)
    for ticket in range(4):
        settle(made, made.ask(ticket, M, 0), 0)
    for number in range(1, 5):
        made.record_return(number, 1)
    settle(made, made.tick(100), 100)
    assert made.counts()[SocketState.IDLE] == 1


def test_a_model_that_nobody_asked_for_in_an_hour_keeps_no_sockets() -> None:
    made = ledger()
    settle(made, made.ask(1, M, 0), 0)
    made.record_return(1, 1)
    assert made.counts()[SocketState.IDLE] == 2
    closing = settle(made, made.tick(3600), 3600)
    assert closing == []
    assert made.held == 0
    assert made.next_at(3600) is None


def test_when_others_need_the_budget_idle_sockets_go_and_busy_ones_end_in_peace() -> None:
    made = ledger()
    first, second = warm(made)
    made.ask(1, M, 0)
    assert made.allow(SocketShare(0, 0), 1) == [CloseSocket(second, Why.BUDGET)]
    assert made.record_return(first, 2) == [CloseSocket(first, Why.BUDGET)]


def test_who_withdraws_leaves_a_socket_for_the_next() -> None:
    made = ledger(prewarm=0)
    (opening,) = made.ask(1, M, 0)
    assert isinstance(opening, OpenSocket)
    made.withdraw(1, 0)
    assert made.record_open(opening.socket, 1) == []
    assert made.ask(2, M, 1) == [HandSocket(2, opening.socket, warm=True)]


def test_closing_down_closes_all_refuses_all_and_opens_nothing() -> None:
    made = ledger(prewarm=1)
    warm(made)
    made.ask(1, M, 0)
    made.ask(2, M, 0)
    actions = made.close(1)
    assert [action.why for action in actions if isinstance(action, CloseSocket)] == [Why.SHUTDOWN] * 2
    assert [action for action in actions if not isinstance(action, CloseSocket)] == [RefuseTicket(2, None)]
    assert made.ask(3, M, 2) == [RefuseTicket(3, None)]
    assert settle(made, actions, 2) == []
    assert made.held == 0


def test_a_socket_lost_while_it_was_used_is_not_returned_too() -> None:
    made = ledger(prewarm=1)
    (only,) = warm(made)
    made.ask(1, M, 0)
    made.record_loss(only, 1)
    assert made.record_return(only, 2) == []
    assert made.record_spoiling(only, Why.FAILED, 2) == []
    assert made.counts()[SocketState.IDLE] == 0


def test_what_it_wants_leaves_room_beside_what_is_used() -> None:
    made = ledger(prewarm=2, maximum=5)
    assert made.want == 3
    warm(made)
    assert made.want == 3
    made.ask(1, M, 0)
    assert made.want == 4
    for ticket in (2, 3, 4):
        settle(made, made.ask(ticket, M, 0), 0)
    assert made.want == 5

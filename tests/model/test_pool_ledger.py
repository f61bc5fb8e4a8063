"""The pool's ledger against plain counters: a provider that opens, refuses, hangs up and closes in whatever order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support.examples import examples
from warmline.pool.actions import Action, CloseSocket, HandSocket, OpenSocket, RefuseTicket, SocketState, Why
from warmline.pool.ledger import Ledger
from warmline.pool.limits import SocketLimits
from warmline.pool.ports import SocketShare

MODELS = ("v2", "v3", "v4")


class LedgerAgainstCounters(RuleBasedStateMachine):
    """No opening passes the budget, no socket has two holders, nobody is forgotten, and calm brings warmth."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.state: dict[int, SocketState] = {}
        self.models: dict[int, str] = {}
        self.asking: dict[int, str] = {}
        self.holds: dict[int, int] = {}
        self.kept: set[str] = set()
        self.tickets = 0
        self.allowance = SocketShare(0, 0)

    @initialize(prewarm=st.integers(0, 3), maximum=st.integers(0, 8), chance=st.floats(0, 1, exclude_max=True))
    def begin(self, prewarm: int, maximum: int, chance: float) -> None:
        self.limits = SocketLimits(prewarm=prewarm, maximum=maximum, max_age=600, linger=30)
        self.ledger = Ledger(self.limits, random=lambda: chance)

    @property
    def limit(self) -> int:
        return min(self.limits.maximum, self.allowance.sockets)

    def follow(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case OpenSocket(number, model):
                    assert number not in self.models, "a number is used once"
                    self.state[number], self.models[number] = SocketState.OPENING, model
                    assert len(self.state) <= self.limit, "opened beyond the budget"
                case CloseSocket(number, _):
                    assert self.state[number] in {SocketState.OPENING, SocketState.IDLE, SocketState.BUSY}
                    self.state[number] = SocketState.CLOSING
                case HandSocket(ticket, number, _):
                    assert self.state[number] is SocketState.IDLE, "handed out while it was not idle"
                    assert self.models[number] == self.asking.pop(ticket)
                    self.state[number] = SocketState.BUSY
                    self.holds[ticket] = number
                case RefuseTicket(ticket, _):
                    del self.asking[ticket]

    def some(self, state: SocketState, pick: int) -> int:
        numbers = [number for number, its in self.state.items() if its is state]
        return numbers[pick % len(numbers)]

    def any_in(self, state: SocketState) -> bool:
        return state in self.state.values()

    @rule(sockets=st.integers(0, 8), fair=st.integers(0, 4))
    def allow(self, sockets: int, fair: int) -> None:
        self.allowance = SocketShare(sockets, fair)
        self.follow(self.ledger.allow(self.allowance, self.now))

    @rule(model=st.sampled_from(MODELS))
    def keep(self, model: str) -> None:
        self.kept.add(model)
        self.follow(self.ledger.keep(model, self.now))

    @rule(model=st.sampled_from(MODELS), fresh=st.booleans())
    def ask(self, model: str, fresh: bool) -> None:
        self.tickets += 1
        self.asking[self.tickets] = model
        idle = [n for n, state in self.state.items() if state is SocketState.IDLE and self.models[n] == model]
        ahead = [ticket for ticket, its in self.asking.items() if its == model and ticket != self.tickets]
        self.follow(self.ledger.ask(self.tickets, model, self.now, fresh=fresh))
        if idle and not ahead and not fresh:
            assert self.tickets in self.holds, "a warm socket was there and was not handed out"

    @precondition(lambda self: self.asking)
    @rule(pick=st.integers(0, 100))
    def withdraw(self, pick: int) -> None:
        ticket = list(self.asking)[pick % len(self.asking)]
        del self.asking[ticket]
        self.follow(self.ledger.withdraw(ticket, self.now))

    @precondition(lambda self: self.any_in(SocketState.OPENING))
    @rule(pick=st.integers(0, 100), good=st.booleans())
    def answer_a_handshake(self, pick: int, good: bool) -> None:
        number = self.some(SocketState.OPENING, pick)
        if good:
            self.state[number] = SocketState.IDLE
            self.follow(self.ledger.record_open(number, self.now))
        else:
            del self.state[number]
            self.follow(self.ledger.record_failure(number, self.now))

    @precondition(lambda self: self.holds)
    @rule(pick=st.integers(0, 100), well=st.booleans())
    def end_a_conversation(self, pick: int, well: bool) -> None:
        ticket = list(self.holds)[pick % len(self.holds)]
        number = self.holds.pop(ticket)
        if well:
            if number in self.state:
                self.state[number] = SocketState.IDLE
            self.follow(self.ledger.record_return(number, self.now))
        else:
            self.follow(self.ledger.record_spoiling(number, Why.INTERRUPTED, self.now))

    @precondition(lambda self: self.any_in(SocketState.IDLE) or self.any_in(SocketState.BUSY))
    @rule(pick=st.integers(0, 100))
    def hang_up(self, pick: int) -> None:
        number = self.some(SocketState.IDLE if self.any_in(SocketState.IDLE) else SocketState.BUSY, pick)
        del self.state[number]
        self.follow(self.ledger.record_loss(number, self.now))

    @precondition(lambda self: self.any_in(SocketState.CLOSING))
    @rule(pick=st.integers(0, 100))
    def end_a_closing(self, pick: int) -> None:
        number = self.some(SocketState.CLOSING, pick)
        del self.state[number]
        self.follow(self.ledger.record_close(number, self.now))

    @rule(seconds=st.floats(0.01, 120) | st.sampled_from([0.5, 30.0, 600.0, 5000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.follow(self.ledger.tick(self.now))

    @rule()
    def calm(self) -> None:
        """Everything that is under way ends well and time passes: then exactly what is to be warm is warm."""
        for _ in range(500):
            if self.any_in(SocketState.OPENING):
                self.answer_a_handshake(0, good=True)
            elif self.any_in(SocketState.CLOSING):
                self.end_a_closing(0)
            elif self.holds:
                self.end_a_conversation(0, well=True)
            else:
                break
        self.pass_time()
        assert not self.asking
        targets = {model: min(self.limits.prewarm, self.allowance.fair) for model in self.kept}
        assert len(self.state) >= min(self.limit, sum(targets.values()))
        assert len(self.state) <= self.limit
        assert set(self.state.values()) <= {SocketState.IDLE}
        for model, target in targets.items():
            warm = sum(its == model for number, its in self.models.items() if number in self.state)
            assert warm <= target
            assert warm == target or len(self.state) == self.limit

    def pass_time(self) -> None:
        """So much that what is one too many, or no longer wanted, has gone; but every timer fires at its time."""
        until = self.now + 700
        for _ in range(2000):
            if self.any_in(SocketState.OPENING):
                self.answer_a_handshake(0, good=True)
            elif self.any_in(SocketState.CLOSING):
                self.end_a_closing(0)
            elif (due := self.ledger.next_at(self.now)) is not None and due <= until:
                assert due > self.now
                self.now = due
                self.follow(self.ledger.tick(due))
            else:
                return
        raise AssertionError("it never rests")

    @invariant()
    def the_books_agree(self) -> None:
        if hasattr(self, "ledger"):
            for state, count in self.ledger.counts().items():
                assert count == sum(its is state for its in self.state.values())
            assert self.ledger.held == len(self.state)
            assert self.ledger.want <= self.limits.maximum

    @invariant()
    def whoever_waits_has_something_to_wait_for(self) -> None:
        under_way = sum(its in {SocketState.OPENING, SocketState.CLOSING} for its in self.state.values())
        assert len(self.asking) <= under_way

    def teardown(self) -> None:
        if not hasattr(self, "ledger"):
            return
        self.follow(self.ledger.close(self.now))
        assert not self.asking
        assert set(self.state.values()) <= {SocketState.CLOSING}
        while self.state:
            self.end_a_closing(0)
        assert self.ledger.held == 0


LedgerAgainstCounters.TestCase.settings = examples(150)
TestLedger = LedgerAgainstCounters.TestCase

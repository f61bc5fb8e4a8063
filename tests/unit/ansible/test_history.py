"""Who changed the fleet: in order, once each, whichever edge noted it."""

from base64 import b64encode

from tests.support.tree.plugins import load

history = load("filter", "history")


def event(at: str, what: str, outcome: str = "done", by: str = "asha on desk") -> dict[str, str]:
    return {"at": f"2026-11-30 20:{at}", "by": by, "what": what, "outcome": outcome}


def copy(*lines: str) -> str:
    return b64encode("\n".join(lines).encode()).decode()


FIRST, SECOND, THIRD = event("01:00", "deploy 1"), event("02:00", "deploy 2", "failed"), event("03:00", "drain agent-1")


def test_what_several_edges_noted_is_told_once_and_in_order_and_what_one_missed_too() -> None:
    here = copy(history.write(FIRST), history.write(THIRD))
    there = copy(history.write(FIRST), history.write(SECOND))
    assert history.read([here, there, ""], 20) == [FIRST, SECOND, THIRD]
    assert history.read([here, there], 2) == [SECOND, THIRD]


def test_a_line_that_was_cut_off_hides_no_other() -> None:
    half = history.write(SECOND)[:-9]
    assert history.read([copy(half, "7", "null", "\ufffd", history.write(FIRST))], 20) == [FIRST]


def test_the_table_says_when_who_what_and_how_it_ended() -> None:
    asked = event("04:00", "forget kaveri", by="ravi ü on lap\ntop")
    lines = history.show(history.read([copy(history.write(SECOND), history.write(asked))], 20))
    assert lines[0].split() == ["AT", "BY", "WHAT", "OUTCOME"]
    assert lines[1].split() == ["2026-11-30", "20:02:00", "asha", "on", "desk", "deploy", "2", "failed"]
    assert lines[2:] == ["2026-11-30 20:04:00  ravi ü on lap top  forget kaveri  done"]


def test_a_fleet_that_nobody_has_changed_has_a_table_with_its_head_alone() -> None:
    assert [line.split() for line in history.show(history.read([], 20))] == [["AT", "BY", "WHAT", "OUTCOME"]]

"""`make status`, as a person reads it."""

from typing import Any

from tests.support.tree.plugins import load

module = load("filter", "status")

METRICS = """# TYPE warmline_sessions gauge
warmline_sessions 7.0
warmline_cache_lookups_total{cache="rag",source="l1"} 6.0
warmline_cache_lookups_total{cache="rag",source="l2"} 3.0
warmline_cache_lookups_total{cache="rag",source="origin"} 1.0
"""


def slot(name: str = "agent-1/1", **other: Any) -> dict[str, Any]:
    return {"name": name, "host": name.partition("/")[0], "colour": "blue", "release": "7-ab", "down": False, **other}


def shown(*slots: dict[str, Any], drained: tuple[str, ...] = (), **readings: Any) -> list[list[str]]:
    """The table's rows after its head, as words."""
    return [row.split() for row in module.table(found(*slots, drained=drained, **readings))[1:]]


def found(*slots: dict[str, Any], drained: tuple[str, ...] = (), **readings: Any) -> Any:
    """What programs read."""
    return module.status({"slots": slots, "drained": drained}, {"agent-1/1": readings} if readings else {})


def ready(**other: Any) -> dict[str, Any]:
    return {"ready": True, "degraded": False, "release": "7-ab", **other}


def test_a_slot_shows_its_sessions_and_the_share_of_lookups_that_did_without_the_origin() -> None:
    assert shown(slot(), ready=ready(), metrics=METRICS) == [
        ["agent-1/1", "blue", "7-ab", "ready", "7", *("90%" if cache == "rag" else "-" for cache in module.CACHES)]
    ]


def test_a_worker_that_does_not_answer_is_shown_as_such() -> None:
    assert shown(slot()) == [["agent-1/1", "blue", "7-ab", "does", "not", "answer", *("-" for _ in module.CACHES)]]


def test_a_worker_of_another_release_than_the_edges_were_told_is_noticed() -> None:
    assert "another release than the edges were told" in " ".join(shown(slot(), ready=ready(release="8-cd"))[0])


def test_a_worker_without_redis_and_one_that_is_not_ready_say_so() -> None:
    assert "without Redis" in " ".join(shown(slot(), ready=ready(degraded=True))[0])
    assert "not ready" in " ".join(shown(slot(), ready=ready(ready=False))[0])


def test_slots_of_a_drained_host_are_shown_and_those_scaled_in_are_not() -> None:
    down = slot("agent-2/1", down=True)
    assert shown(slot(), down) == shown(slot())
    assert shown(slot(), down, drained=("agent-2",))[1] == ["agent-2/1", "blue", "drained"]


def test_programs_read_numbers_and_nulls() -> None:
    one, down = found(slot(), slot("agent-2/1", down=True), drained=("agent-2",), ready=ready(), metrics=METRICS)
    assert one["sessions"] == 7
    assert one["hit_ratios"]["rag"] == 0.9
    assert one["hit_ratios"]["tts"] is None
    assert (down["health"], down["release"], down["sessions"], down["hit_ratios"]) == ("drained", None, None, {})


def test_names_and_values_stand_under_each_other_and_what_is_none_is_left_out() -> None:
    assert module.pairs({"slot": "agent-1/1", "port": 8101, "host": None}) == ["slot:  agent-1/1", "port:  8101"]

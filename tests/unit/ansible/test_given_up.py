"""Which containers Docker would not start again, read from what it has written of them."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.support.tree import programs

given_up = programs.load("docker_engine", "given-up")


def container(name: str, *, running: bool = True, noted: bool = True, labels: Any = None) -> dict[str, Any]:
    """What the engine writes of a container, shortened."""
    service = {"io.warmline.service": name.removeprefix("warmline-")} if labels is None else labels
    state = {"Running": running}
    return {"Name": f"/{name}", "Config": {"Labels": service}, "State": state, "HasBeenManuallyStopped": noted}


def test_what_runs_with_a_note_that_it_was_stopped_is_given_up() -> None:
    found = given_up.given_up([container("warmline-prometheus"), container("warmline-nginx", noted=False)])
    assert found == [("prometheus", "warmline-prometheus")]


def test_what_was_stopped_and_stays_so_is_as_somebody_wanted_it() -> None:
    assert given_up.given_up([container("warmline-agent-1-blue", running=False)]) == []


def test_other_peoples_containers_are_none_of_ours() -> None:
    assert given_up.given_up([container("theirs", labels={}), container("bare", labels=None) | {"Config": {}}]) == []


def test_prometheus_is_told_their_names_and_none_where_there_are_none() -> None:
    def told(found: list[tuple[str, str]]) -> list[tuple[dict[str, str], float]]:
        families = text_string_to_metric_families("\n".join(given_up.lines(found)) + "\n")
        return [(sample.labels, sample.value) for family in families for sample in family.samples]

    assert told([]) == [({}, 0)]
    assert told([("nginx", "warmline-nginx")]) == [({}, 1), ({"service": "nginx", "name": "warmline-nginx"}, 1)]

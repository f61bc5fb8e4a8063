"""Callers through the edge: what is answered, from which layer, for whom, and at what cost to the providers."""

import io
import secrets
import wave

import httpx

from tests.support import fleet
from tests.support.fleet import Edge
from tests.support.processes.stack import spoken
from tests.support.time.wait import until

CALLERS = fleet.callers(240)


def marked(text: str) -> str:
    """The text with a mark that nobody used before, so that nothing is cached."""
    return f"{text} ({secrets.randbelow(10**9)})"


def source(response: httpx.Response, cache: str) -> str:
    """Which layer answered, from the Cache-Status header."""
    assert response.status_code == 200, response.text
    members = dict(member.split("; ", 1) for member in response.headers["cache-status"].split(", "))
    return members[f"warmline-{cache}"].rpartition("detail=")[2]


def test_many_callers_reach_every_slot(edge: Edge) -> None:
    slots = {edge.slot_of(caller) for caller in CALLERS}
    assert slots == {f"{name}/{number}" for name, number in fleet.workers()}


def test_a_caller_stays_with_its_slot(edge: Edge) -> None:
    for caller in CALLERS[:20]:
        assert len({edge.slot_of(caller) for _ in range(3)}) == 1


def test_a_question_is_answered_cold_from_the_origin_and_warm_from_memory(edge: Edge) -> None:
    question = marked("What is knee pain?")
    cold, warm = edge.get("answer", question), edge.get("answer", question)
    assert "Knee pain is an ache" in cold.json()["answer"]
    assert (source(cold, "rag"), source(warm, "rag")) == ("origin", "l1")


def test_a_phrase_is_spoken_through_the_edge(edge: Edge) -> None:
    phrase = marked("Your appointment is on Monday")
    cold, warm = edge.get("speech", phrase), edge.get("speech", phrase)
    assert (source(cold, "tts"), source(warm, "tts")) == ("origin", "l1")
    assert cold.content == warm.content
    with wave.open(io.BytesIO(warm.content)) as reader:
        assert reader.getnframes() / reader.getframerate() > 1


def test_the_same_question_asked_of_workers_on_both_hosts_costs_one_search() -> None:
    question = marked("Is walking good for knee arthritis?")
    before = fleet.calls("convex")["knowledge:search"]
    answers = [fleet.ask_worker(name, number, "answer", question) for name, number in fleet.workers()]
    assert [source(answer, "rag") for answer in answers] == ["origin", "l2", "l2", "l2"]
    assert fleet.calls("convex")["knowledge:search"] == before + 1


def test_the_same_phrase_spoken_by_workers_on_both_hosts_is_paid_once() -> None:
    phrase = marked("Please hold the line")
    before = spoken(fleet.calls("sarvam"))
    for name, number in fleet.workers():
        fleet.ask_worker(name, number, "speech", phrase)
    assert spoken(fleet.calls("sarvam")) == before + 1


def test_a_worker_that_lost_its_memory_finds_the_answer_in_redis(edge: Edge) -> None:
    question = marked("Should I use ice or heat on my knee?")
    assert source(fleet.ask_worker("agent-1", 1, "answer", question), "rag") == "origin"
    worker = fleet.slot("agent-1", 1)
    fleet.host("agent-1").check_output("docker restart %s", worker["container"])
    ready = f"curl --silent --fail http://{worker['address']}:{worker['admin_port']}/readyz"
    until(lambda: fleet.host("agent-1").run(ready).rc == 0, seconds=20, what="the restarted worker")
    assert source(fleet.ask_worker("agent-1", 1, "answer", question), "rag") == "l2"


def test_another_organisations_key_never_gets_that_answer(edge: Edge) -> None:
    question = marked("What does a visit cost, what are your prices?")
    answers = {name: edge.get("answer", question, organisation=name) for name in fleet.ORGANISATIONS}
    assert [source(answer, "rag") for answer in answers.values()] == ["origin"] * 3
    assert len({answer.json()["answer"] for answer in answers.values()}) == 3


def test_another_organisations_agent_is_as_unknown_as_one_that_does_not_exist(edge: Edge) -> None:
    foreign = edge.get("answer", "hello", organisation="kaveri", agent="care")
    unknown = edge.get("answer", "hello", organisation="kaveri", agent="nobody")
    assert (foreign.status_code, foreign.json()) == (404, unknown.json())


def test_without_a_key_nobody_is_answered(edge: Edge) -> None:
    response = edge.ask("GET", "/v1/agents/reception/answer", params={"text": "hello"})
    assert response.status_code == 401


def test_post_is_answered_through_the_edge(edge: Edge) -> None:
    headers = {"Authorization": f"Bearer {fleet.key('sahyadri')}"}
    response = edge.ask("POST", "/v1/agents/reception/answer", json={"text": "What is gout?"}, headers=headers)
    assert response.json()["answer"].startswith("Gout is a sudden")


def test_an_address_forged_from_inside_the_fleet_is_not_believed() -> None:
    """Only this machine is a listed proxy; a host of the fleet is a client like any other."""
    url = f"https://{fleet.addresses()['edge-1']}/v1/agents/reception/answer?text=hello"
    mark = secrets.token_hex(4)
    command = f"curl --silent --insecure --output /dev/null --header 'X-Forwarded-For: 203.0.113.77' '{url}&{mark}=1'"
    fleet.host("redis-1").check_output(command)
    entry = fleet.edge_log("edge-1", 5)
    assert f'"client":"{fleet.addresses()["redis-1"]}"' in entry
    assert "203.0.113.77" not in entry


def test_the_edges_log_names_slot_and_cache_and_holds_nothing_that_was_said(edge: Edge) -> None:
    edge.get("answer", marked("my secret ailment"), caller="157.9.7.9")
    log = fleet.edge_log("edge-1", 50)
    entry = next(line for line in reversed(log.splitlines()) if '"client":"157.9.7.9"' in line)
    assert f'"slot":"{edge.slot_of("157.9.7.9")}"' in entry
    assert "warmline-rag; fwd=miss; detail=origin" in entry
    assert "ailment" not in log

"""Simulated Convex speaks the provider's protocol, in both formats and with both kinds of error."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline_simulators.convex import ConvexOptions, ConvexSimulator
from warmline_simulators.convex.values import NotAValue, clean, decoded, encoded

ADMIN = {"Authorization": "Convex dev:sahyadri|a-deploy-key"}
RECEPTION = {"organisation": "sahyadri", "agent": "reception"}


def client_of(simulator: ConvexSimulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app()), base_url="http://convex")


@pytest.fixture
def convex() -> httpx.AsyncClient:
    return client_of(ConvexSimulator(ConvexOptions(query=0, mutation=0, action=0)))


async def value(convex: httpx.AsyncClient, kind: str, path: str, args: object, *, written: str = "json") -> Any:
    """What a function returns to an administrator."""
    call = {"path": path, "args": args, "format": written}
    answer = (await convex.post(f"/api/{kind}", json=call, headers=ADMIN)).json()
    assert answer["status"] == "success", answer
    return answer["value"]


async def test_a_query_returns_a_value_and_null_for_nothing(convex: httpx.AsyncClient) -> None:
    async def config(agent: str) -> Any:
        call = {"path": "agents:config", "args": {"organisation": "sahyadri", "agent": agent}, "format": "json"}
        return (await convex.post("/api/query", json=call)).json()

    assert (await config("reception"))["value"]["name"] == "Asha"
    assert await config("nobody") == {"status": "success", "value": None}


async def test_an_organisations_agents_are_listed_by_name(convex: httpx.AsyncClient) -> None:
    assert await value(convex, "query", "agents:list", {"organisation": "kaveri"}) == ["reception", "physio"]
    assert await value(convex, "query", "agents:list", {"organisation": "nobody"}) == []


async def test_arguments_may_come_in_a_list_of_one_and_in_the_encoded_format(convex: httpx.AsyncClient) -> None:
    args = [{"organisation": "kaveri", "query": "sciatica", "topK": 2.0}]
    call = {"path": "knowledge:search", "args": args, "format": "convex_encoded_json"}
    value = (await convex.post("/api/action", json=call)).json()["value"]
    assert len(value) == 2
    assert set(value[0]) == {"_id", "_score", "question", "answer"}


@pytest.mark.parametrize(
    ("kind", "path"), [("query", "no:such"), ("action", "agents:config"), ("query", "knowledge:search")]
)
async def test_a_function_that_is_not_there_fails_with_status_200(
    convex: httpx.AsyncClient, kind: str, path: str
) -> None:
    response = await convex.post(f"/api/{kind}", json={"path": path, "args": {}})
    assert response.status_code == 200
    assert response.json()["status"] == "error"
    assert f"Could not find public function for '{path}'." in response.json()["errorMessage"]


async def test_wrong_arguments_are_the_functions_error(convex: httpx.AsyncClient) -> None:
    response = await convex.post("/api/query", json={"path": "agents:config", "args": {"organisation": 7}})
    assert (response.status_code, response.json()["status"]) == (200, "error")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "BadRequest"),
        (b'{"path": "agents:config\xff", "args": {}}', "BadRequest"),
        (b'{"path": "agents:config", "args": ' + b"[" * 100_000, "BadRequest"),
        (b'{"path": "agents:config", "args": {"topK": 1%b}}' % (b"0" * 400), "BadRequest"),
        (b'{"path": "agents:config", "args": []}', "BadRequest"),
        (b'{"path": "agents:config", "args": {}, "format": "xml"}', "BadFormat"),
    ],
)
async def test_calls_that_cannot_be_read_are_the_infrastructures_error(
    convex: httpx.AsyncClient, body: bytes, code: str
) -> None:
    response = await convex.post("/api/query", content=body)
    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize("status", [200, 560])
async def test_the_status_of_a_function_that_threw_can_be_todays_or_the_historic_one(status: int) -> None:
    convex = client_of(ConvexSimulator(ConvexOptions(query=0, error_status=status)))
    response = await convex.post("/api/query", json={"path": "simulator:fail", "args": {}})
    assert (response.status_code, response.json()["status"]) == (status, "error")


async def test_only_a_convex_error_carries_data(convex: httpx.AsyncClient) -> None:
    async def failure(args: object) -> dict[str, Any]:
        answer: dict[str, Any] = (
            await convex.post("/api/action", json={"path": "simulator:fail", "args": args})
        ).json()
        return answer

    assert (await failure({"data": {"code": 7}}))["errorData"] == {"code": 7.0}
    plain = await failure({"message": "boom"})
    assert "errorData" not in plain
    assert plain["errorMessage"].endswith("Uncaught Error: boom")


async def test_a_function_of_any_kind_runs_by_its_name_alone(convex: httpx.AsyncClient) -> None:
    assert (await value(convex, "function", "agents:config", RECEPTION))["name"] == "Asha"
    assert len(await value(convex, "function", "knowledge:search", {"organisation": "kaveri", "query": "x"})) == 10


async def test_the_two_formats_write_what_json_does_not_have_in_two_ways(convex: httpx.AsyncClient) -> None:
    args = {"big": {"$integer": "AQAAAAAAAAA="}, "raw": {"$bytes": "AP8="}, "whole": 3}
    assert await value(convex, "query", "simulator:echo", args, written="convex_encoded_json") == {**args, "whole": 3.0}
    assert await value(convex, "query", "simulator:echo", args) == {"big": "1", "raw": "AP8=", "whole": 3.0}


@pytest.mark.parametrize(
    "args", [{"$secret": 1}, {"a": {"$integer": "AQ=="}}, {"a": {"$float": 1}}, {"a": {"$bytes": "?"}}]
)
async def test_what_stands_for_no_value_is_the_infrastructures_error(convex: httpx.AsyncClient, args: object) -> None:
    response = await convex.post("/api/query", json={"path": "simulator:echo", "args": args})
    assert (response.status_code, response.json()["code"]) == (400, "BadRequest")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: not key.startswith("$")), inner),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_survives_the_encoded_format(sent: object) -> None:
    back = decoded(json.loads(json.dumps(encoded(sent), allow_nan=False)))
    assert (back, repr(back)) == (sent, repr(sent))


def test_nan_has_an_encoding_and_a_word() -> None:
    assert math.isnan(decoded(encoded(math.nan)))
    assert [clean(odd) for odd in (math.nan, math.inf, -math.inf)] == ["NaN", "Infinity", "-Infinity"]
    with pytest.raises(NotAValue):
        decoded({"$number": 1})


@pytest.mark.virtual_time
async def test_more_calls_at_once_than_the_deployment_runs_are_refused_at_once() -> None:
    convex = client_of(ConvexSimulator(ConvexOptions(query=1, most_queries=2)))
    call = {"path": "agents:config", "args": RECEPTION}
    answers = await asyncio.gather(*(convex.post("/api/query", json=call) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json() == {
        "code": "TooManyConcurrentRequests",
        "message": "Your backend is limited to 2 concurrent queries.",
    }
    assert (await convex.post("/api/query", json=call)).status_code == 200


async def test_a_test_can_turn_calls_down(convex: httpx.AsyncClient) -> None:
    await convex.post("/_faults", json={"kind": "refuse", "at": "query", "status": 503, "code": "Overloaded"})
    answers = [await convex.post("/api/query", json={"path": "agents:config", "args": RECEPTION}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].json()["code"] == "Overloaded"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a-users-token"}])
async def test_an_administrators_function_does_not_exist_for_others(
    convex: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    call = {"path": "admin:updateAgent", "args": {**RECEPTION, "config": {"greeting": "Ha!"}}}
    answer = (await convex.post("/api/mutation", json=call, headers=headers)).json()
    assert "Could not find public function" in answer["errorMessage"]
    assert (await value(convex, "query", "agents:config", RECEPTION))["greeting"].startswith("Namaste")


@pytest.mark.parametrize("header", ["Basic abc", "Convex", "Convex "])
async def test_a_header_that_nobody_understands_is_an_error(convex: httpx.AsyncClient, header: str) -> None:
    call = {"path": "agents:config", "args": RECEPTION}
    response = await convex.post("/api/query", json=call, headers={"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (400, "InvalidHeaderFailure")


async def test_an_administrator_changes_an_agent(convex: httpx.AsyncClient) -> None:
    before = await value(convex, "query", "agents:config", RECEPTION)
    changes = {"greeting": "Welcome back.", "voice": {"speaker": "neha"}, "phrases": ["One moment."]}
    await value(convex, "mutation", "admin:updateAgent", {**RECEPTION, "config": changes})
    after = await value(convex, "query", "agents:config", RECEPTION)
    assert after == {**before, **changes, "voice": {**before["voice"], "speaker": "neha"}}


async def test_an_administrator_changes_a_prompt_and_its_timestamp_moves_on() -> None:
    convex = client_of(ConvexSimulator(ConvexOptions(query=0, mutation=0), now=lambda: 1_800_000_000.0))
    change = {**RECEPTION, "prompt": {"unknown": "No idea."}}
    stamps = [(await value(convex, "mutation", "admin:updatePrompt", change))["promptUpdatedAt"] for _ in range(2)]
    assert stamps == [1_800_000_000_000.0, 1_800_000_000_001.0]
    assert (await value(convex, "query", "agents:config", RECEPTION))["promptUpdatedAt"] == stamps[1]
    assert (await value(convex, "query", "agents:prompt", RECEPTION))["unknown"] == "No idea."


async def test_knowledge_is_found_as_soon_as_it_is_added_changed_or_removed(convex: httpx.AsyncClient) -> None:
    async def best() -> Any:
        args = {"organisation": "sahyadri", "query": "Do you validate parking tickets?", "topK": 1}
        (found,) = await value(convex, "action", "knowledge:search", args)
        return found

    question = {"organisation": "sahyadri", "question": "Do you validate parking tickets?"}
    for answer in ("Yes, at the desk.", "Not any more."):
        await value(convex, "mutation", "admin:updateKnowledge", {**question, "answer": answer})
        assert (await best())["answer"] == answer
    await value(convex, "mutation", "admin:updateKnowledge", {**question, "answer": None})
    assert (await best())["question"] != question["question"]


@pytest.mark.parametrize(
    ("path", "args"),
    [
        ("admin:updateAgent", {**RECEPTION, "config": {}}),
        ("admin:updateAgent", {**RECEPTION, "config": {"topK": "three"}}),
        ("admin:updateAgent", {**RECEPTION, "config": {"promptUpdatedAt": 1}}),
        ("admin:updatePrompt", {**RECEPTION, "prompt": "be nice"}),
        ("admin:updateAgent", {"organisation": "sahyadri", "agent": "nobody", "config": {"name": "X"}}),
        ("admin:updateKnowledge", {"organisation": "nobody", "question": "a", "answer": "b"}),
        ("admin:updateKnowledge", {"organisation": "sahyadri", "question": "a", "answer": 7}),
    ],
)
async def test_a_change_that_cannot_be_made_is_the_functions_error(
    convex: httpx.AsyncClient, path: str, args: object
) -> None:
    answer = (await convex.post("/api/mutation", json={"path": path, "args": args}, headers=ADMIN)).json()
    assert answer["status"] == "error"


async def test_organisations_may_come_from_a_folder_of_ones_own(tmp_path: Path) -> None:
    agent = {"config": {"promptUpdatedAt": 1}, "prompt": {"unknown": "?"}}
    data = {"organisation": "mine", "agents": {"desk": agent}, "knowledge": [{"question": "q", "answer": "a"}]}
    (tmp_path / "mine.json").write_text(json.dumps(data), encoding="utf-8")
    convex = client_of(ConvexSimulator(ConvexOptions(query=0, action=0, data=tmp_path)))
    assert await value(convex, "query", "agents:list", {"organisation": "mine"}) == ["desk"]
    assert await value(convex, "query", "agents:list", {"organisation": "sahyadri"}) == []
    [found] = await value(convex, "action", "knowledge:search", {"organisation": "mine", "query": "q"})
    assert found["answer"] == "a"

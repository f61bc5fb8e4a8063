"""The official `convex` clients against simulated Convex: the one over HTTP, and the one that speaks the sync protocol.

Both are synchronous here: the one that syncs blocks the whole process while it waits, which is why the worker has a
client of its own.
"""

import asyncio
import math
from typing import Any

import httpx
import pytest
from convex import ConvexClient, ConvexError, ConvexInt64
from convex.http_client import ConvexExecutionError, ConvexHttpClient

from tests.support.processes.stack import Simulator

RECEPTION = {"organisation": "sahyadri", "agent": "reception"}


@pytest.fixture(params=[ConvexHttpClient, ConvexClient])
def client(request: pytest.FixtureRequest, convex: Simulator) -> Any:
    return request.param(convex.url)


@pytest.fixture
def administrator(client: Any) -> Any:
    client.set_admin_auth("dev:sahyadri|a-deploy-key")
    return client


def test_a_query_returns_its_value_and_null_for_nothing(client: Any) -> None:
    config = client.query("agents:config", RECEPTION)
    assert config["name"] == "Asha"
    assert config["topK"] == 3.0
    assert client.query("agents:config", {**RECEPTION, "agent": "nobody"}) is None


def test_an_action_searches(client: Any) -> None:
    found = client.action("knowledge:search", {"organisation": "kaveri", "query": "sciatica", "topK": 2})
    assert len(found) == 2
    assert found[0]["question"] == "What is sciatica?"


@pytest.mark.parametrize("kind", ["query", "mutation", "action"])
def test_values_of_every_type_come_back_as_they_went(client: Any, kind: str) -> None:
    sent = {
        "null": None,
        "yes": True,
        "text": "दर्द",
        "float": 1.5,
        "infinity": math.inf,
        "big": ConvexInt64(2**53 + 1),
        "bytes": b"\x00\xff",
        "list": [1.0, {"deep": "er"}],
    }
    assert getattr(client, kind)("simulator:echo", sent) == sent


@pytest.mark.parametrize("kind", ["query", "mutation", "action"])
def test_a_convex_error_carries_its_data(client: Any, kind: str) -> None:
    with pytest.raises(ConvexError) as raised:
        getattr(client, kind)("simulator:fail", {"data": {"code": "NotFound"}})
    assert raised.value.data == {"code": "NotFound"}


@pytest.mark.parametrize("kind", ["query", "mutation", "action"])
def test_another_error_is_told_apart_from_it(client: Any, kind: str) -> None:
    with pytest.raises(Exception, match="the roof is on fire") as raised:
        getattr(client, kind)("simulator:fail", {"message": "the roof is on fire"})
    assert not isinstance(raised.value, ConvexError)


def test_an_internal_function_does_not_exist_for_others(client: Any) -> None:
    with pytest.raises(Exception, match="Could not find public function for 'admin:updateAgent'"):
        client.mutation("admin:updateAgent", {**RECEPTION, "config": {"greeting": "Ha!"}})


def test_what_an_administrator_changes_is_in_force_at_once(administrator: Any) -> None:
    before = administrator.query("agents:config", RECEPTION)["promptUpdatedAt"]
    answer = administrator.mutation("admin:updatePrompt", {**RECEPTION, "prompt": {"unknown": "I have no idea."}})
    assert answer["promptUpdatedAt"] > before
    assert administrator.query("agents:config", RECEPTION)["promptUpdatedAt"] == answer["promptUpdatedAt"]
    assert administrator.query("agents:prompt", RECEPTION)["unknown"] == "I have no idea."


def test_the_infrastructures_errors_have_a_code(convex: Simulator) -> None:
    convex.fault(kind="refuse", at="query", status=429, code="TooManyConcurrentRequests", message="limited to 16")
    with pytest.raises(Exception, match="429 TooManyConcurrentRequests: limited to 16") as raised:
        ConvexHttpClient(convex.url).query("agents:config", RECEPTION)
    assert not isinstance(raised.value, ConvexError | ConvexExecutionError)


async def test_a_subscription_hears_of_a_change_that_another_client_made(convex: Simulator) -> None:
    greetings = ConvexClient(convex.url).subscribe("agents:config", {"organisation": "kaveri", "agent": "physio"})
    first = await asyncio.wait_for(anext(greetings), 10)
    call = {
        "path": "admin:updateAgent",
        "args": {"organisation": "kaveri", "agent": "physio", "config": {"greeting": "Back again?"}},
    }
    async with httpx.AsyncClient() as http:
        await http.post(f"{convex.url}/api/mutation", json=call, headers={"Authorization": "Convex k"})
    second = await asyncio.wait_for(anext(greetings), 10)
    assert (first["name"], second["greeting"]) == ("Arjun", "Back again?")

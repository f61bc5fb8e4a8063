"""Simulated Convex's sync protocol: versions follow one another, and whoever subscribed hears of every change."""

import base64
import struct
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.support.clients.asgi_socket import AsgiSocket
from warmline_simulators.convex import ConvexOptions, ConvexSimulator

pytestmark = pytest.mark.virtual_time

RECEPTION = {"organisation": "sahyadri", "agent": "reception"}


@pytest.fixture
def convex() -> Starlette:
    return ConvexSimulator(ConvexOptions()).app()


def connected(convex: Starlette) -> AsgiSocket:
    return AsgiSocket(convex, "/api/1.48.0/sync", {})


async def subscribe(client: AsgiSocket, path: str, args: object = RECEPTION) -> dict[str, Any]:
    """The transition with the first result."""
    added = {"type": "Add", "queryId": 7, "udfPath": path, "args": [args]}
    await client.say({"type": "ModifyQuerySet", "baseVersion": 0, "newVersion": 1, "modifications": [added]})
    return await client.heard()


async def change_greeting(client: AsgiSocket, greeting: str) -> dict[str, Any]:
    """What the mutation was answered with."""
    args = [{**RECEPTION, "config": {"greeting": greeting}}]
    await client.say({"type": "Mutation", "requestId": 1, "udfPath": "admin:updateAgent", "args": args})
    return await client.heard()


async def become_administrator(client: AsgiSocket) -> dict[str, Any]:
    await client.say({"type": "Authenticate", "tokenType": "Admin", "value": "a-deploy-key", "baseVersion": 0})
    return await client.heard()


def number(timestamp: str) -> int:
    found: int = struct.unpack("<Q", base64.b64decode(timestamp))[0]
    return found


async def test_a_subscription_gets_its_value_and_the_version_moves_on(convex: Starlette) -> None:
    async with connected(convex) as client:
        await client.say({"type": "Connect", "sessionId": "s", "connectionCount": 0})
        transition = await subscribe(client, "agents:config")
    assert transition["startVersion"]["querySet"] == 0
    assert transition["endVersion"]["querySet"] == 1
    (change,) = transition["modifications"]
    assert (change["type"], change["queryId"], change["value"]["name"]) == ("QueryUpdated", 7, "Asha")


async def test_a_query_that_throws_fails_with_its_message_and_data(convex: Starlette) -> None:
    async with connected(convex) as client:
        (change,) = (await subscribe(client, "simulator:fail", {"data": 3}))["modifications"]
    assert (change["type"], change["errorData"]) == ("QueryFailed", 3.0)


async def test_another_clients_mutation_is_pushed_in_a_transition_that_follows_the_last(convex: Starlette) -> None:
    async with connected(convex) as reader, connected(convex) as administrator:
        first = await subscribe(reader, "agents:config")
        await become_administrator(administrator)
        assert (await change_greeting(administrator, "Hello again."))["success"]
        pushed = await reader.heard()
    assert pushed["startVersion"] == first["endVersion"]
    assert number(pushed["endVersion"]["ts"]) > number(pushed["startVersion"]["ts"])
    assert pushed["modifications"][0]["value"]["greeting"] == "Hello again."


async def test_a_mutation_is_answered_before_a_transition_that_reaches_it(convex: Starlette) -> None:
    async with connected(convex) as client:
        await become_administrator(client)
        response = await change_greeting(client, "Hello again.")
        transition = await client.heard()
    assert response["type"] == "MutationResponse"
    assert number(transition["endVersion"]["ts"]) >= number(response["ts"])


async def test_whoever_holds_no_key_cannot_mutate(convex: Starlette) -> None:
    async with connected(convex) as client:
        response = await change_greeting(client, "Ha!")
    assert (response["success"], "ts" in response) == (False, False)
    assert "Could not find public function" in response["result"]


async def test_a_query_that_was_removed_is_not_told_of_again(convex: Starlette) -> None:
    async with connected(convex) as client:
        await subscribe(client, "agents:config")
        removed = {"type": "Remove", "queryId": 7}
        await client.say({"type": "ModifyQuerySet", "baseVersion": 1, "newVersion": 2, "modifications": [removed]})
        assert (await client.heard())["endVersion"]["querySet"] == 2
        await become_administrator(client)
        await change_greeting(client, "Hello again.")
        assert (await client.heard())["modifications"] == []

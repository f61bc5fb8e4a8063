"""The sync protocol, as much of it as the official clients need to query, subscribe, mutate and act.

WebSocket at `/api/sync` or `/api/<client version>/sync`, JSON text frames. A client's queries are a set of numbered
versions; every change of it, of its identity or of the data is answered by a `Transition` from the version the client
has to the next, with the results that differ. A mutation's result comes first, then the transition that reaches its
timestamp.
"""

import asyncio
import base64
import contextlib
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from warmline_simulators.convex.backend import Backend
from warmline_simulators.convex.errors import CallRefused, Thrown
from warmline_simulators.convex.http import failure, single
from warmline_simulators.convex.values import encoded


@dataclass(frozen=True, slots=True)
class Version:
    """Of what a client knows."""

    query_set: int = 0
    identity: int = 0
    timestamp: int = 0

    def on_the_wire(self) -> dict[str, Any]:
        """As clients read it."""
        return {"querySet": self.query_set, "identity": self.identity, "ts": _timestamp(self.timestamp)}


@dataclass(slots=True)
class Subscription:
    """One query of a client and its last result."""

    path: str
    args: dict[str, Any]
    said: dict[str, Any] | None = field(default=None)


class SyncClient:
    """One connection. `clock` numbers the transitions of the whole deployment."""

    def __init__(self, websocket: WebSocket, backend: Backend, clock: Iterator[int]) -> None:
        self._websocket = websocket
        self._backend = backend
        self._clock = clock
        self._version = Version()
        self._admin = False
        self._subscriptions: dict[int, Subscription] = {}
        self._turn = asyncio.Lock()

    async def refresh(self) -> None:
        """Tell the client what has changed."""
        async with self._turn:
            await self._move_on(self._version)

    async def hear(self, message: dict[str, Any]) -> None:
        """Do what a message asks for."""
        async with self._turn:
            await self._answer(message)

    async def _answer(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "Authenticate":
            self._admin = message.get("tokenType") == "Admin"
            await self._move_on(replace(self._version, identity=message["baseVersion"] + 1))
        elif kind == "ModifyQuerySet":
            for modification in message["modifications"]:
                self._modify(modification)
            await self._move_on(replace(self._version, query_set=message["newVersion"]))
        elif kind == "Mutation":
            await self._run(message, "mutation")
            await self._move_on(self._version)
        elif kind == "Action":
            await self._run(message, "action")

    def _modify(self, modification: dict[str, Any]) -> None:
        if modification["type"] == "Add":
            args = single(modification["args"])
            self._subscriptions[modification["queryId"]] = Subscription(modification["udfPath"], args)
        else:
            self._subscriptions.pop(modification["queryId"], None)

    async def _move_on(self, version: Version) -> None:
        """From what the client knows to this query set and identity, and what the data are now."""
        changes = []
        for number, query in self._subscriptions.items():
            said = await self._result("query", query.path, query.args)
            if said != query.said:
                query.said = said
                changes.append({"queryId": number, "logLines": [], "journal": None, **_updated(said)})
        start, self._version = self._version, replace(version, timestamp=next(self._clock))
        await self._websocket.send_json(
            {
                "type": "Transition",
                "startVersion": start.on_the_wire(),
                "endVersion": self._version.on_the_wire(),
                "modifications": changes,
            }
        )

    async def _run(self, message: dict[str, Any], kind: str) -> None:
        said = await self._result(kind, message["udfPath"], single(message["args"]))
        response = {"type": f"{kind.title()}Response", "requestId": message["requestId"], "logLines": [], **_done(said)}
        if kind == "mutation" and response["success"]:
            response["ts"] = _timestamp(next(self._clock))
        await self._websocket.send_json(response)

    async def _result(self, kind: str, path: str, args: dict[str, Any]) -> dict[str, Any]:
        """Its value, or its `errorMessage` and `errorData`."""
        try:
            return {"value": encoded(await self._backend.run(kind, path, args, admin=self._admin))}
        except Thrown as thrown:
            return failure(thrown, encoded)
        except CallRefused as refused:
            return failure(Thrown(f"{refused.code}: {refused.message}"), encoded)


class Sync:
    """All clients of the sync protocol."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._clock = itertools.count(1)
        self._clients: set[SyncClient] = set()
        self._refreshing: set[asyncio.Task[None]] = set()

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, until the client leaves."""
        await websocket.accept()
        client = SyncClient(websocket, self._backend, self._clock)
        self._clients.add(client)
        try:
            async for text in websocket.iter_text():
                await client.hear(msgspec.json.decode(text))
        except WebSocketDisconnect:
            pass  # it left while it was spoken to
        finally:
            self._clients.discard(client)

    def changed(self) -> None:
        """The data have changed: every client hears of it, each in its own time."""
        for client in self._clients:
            task = asyncio.create_task(_refreshed(client), name="refresh")
            self._refreshing.add(task)
            task.add_done_callback(self._refreshing.discard)


async def _refreshed(client: SyncClient) -> None:
    with contextlib.suppress(WebSocketDisconnect):  # its own task hears of that as well
        await client.refresh()


def _updated(said: dict[str, Any]) -> dict[str, Any]:
    if "value" in said:
        return {"type": "QueryUpdated", "value": said["value"]}
    return {"type": "QueryFailed", **_error(said)}


def _done(said: dict[str, Any]) -> dict[str, Any]:
    if "value" in said:
        return {"success": True, "result": said["value"]}
    error = _error(said)
    return {"success": False, "result": error.pop("errorMessage"), **error}


def _error(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name in {"errorMessage", "errorData"}}


def _timestamp(number: int) -> str:
    return base64.b64encode(struct.pack("<Q", number)).decode("ascii")

"""Convex's HTTP functions API, with the functions that the reference agent calls.

`POST /api/query` and `/api/action` with `{"path", "args", "format"}`; `args` is an object or, as the npm client sends
it, a list of one. Functions: `agents:list` (names), `agents:config`, `agents:prompt` (null where there is none), all
queries, and `knowledge:search` (an action). A function that fails answers 200 with `"status": "error"`, as the
open-source backend does.
"""

import asyncio
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warmline.simulators.calls import Calls
from warmline.simulators.search import Index, Passage

_FORMATS = {"json", "convex_encoded_json"}


class _Call(msgspec.Struct):
    path: str
    args: dict[str, Any] | list[dict[str, Any]]
    format: str = "json"


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class _FunctionError(Exception):
    """What the deployment's own function threw."""


class ConvexSimulator:
    """One deployment with three organisations' data. The seconds are what every query and every action takes."""

    def __init__(self, *, query_seconds: float, action_seconds: float) -> None:
        self._seconds = {"query": query_seconds, "action": action_seconds}
        self._data = _read_data()
        self._indexes = {organisation: _index(data) for organisation, data in self._data.items()}
        self._calls = Calls()
        self._functions: dict[tuple[str, str], Callable[[dict[str, Any]], object]] = {
            ("query", "agents:config"): lambda args: self._agent(args, "config"),
            ("query", "agents:list"): lambda args: list(
                self._data.get(_text(args, "organisation"), {}).get("agents", {})
            ),
            ("query", "agents:prompt"): lambda args: self._agent(args, "prompt"),
            ("action", "knowledge:search"): self._search,
        }

    def app(self) -> Starlette:
        """The provider's paths."""
        return Starlette(
            routes=[Route("/api/{kind}", self.call, methods=["POST"]), self._calls.route()],
            exception_handlers={_Refused: _refusal},
        )

    async def call(self, request: Request) -> JSONResponse:
        """Run one function."""
        kind = str(request.path_params["kind"])
        if kind not in self._seconds:
            return JSONResponse({"code": "NotFound", "message": "no such endpoint"}, status_code=404)
        call = _parsed(await request.body())
        args = call.args if isinstance(call.args, dict) else call.args[0]
        self._calls.add(call.path)
        await asyncio.sleep(self._seconds[kind])
        function = self._functions.get((kind, call.path))
        if function is None:
            return _failure(f"Could not find public function for '{call.path}'.")
        try:
            return JSONResponse({"status": "success", "value": function(args)})
        except _FunctionError as error:
            return _failure(f"Server Error\nUncaught Error: {error}")

    def _agent(self, args: dict[str, Any], part: str) -> object:
        organisation, agent = _text(args, "organisation"), _text(args, "agent")
        return self._data.get(organisation, {}).get("agents", {}).get(agent, {}).get(part)

    def _search(self, args: dict[str, Any]) -> object:
        index = self._indexes.get(_text(args, "organisation"))
        limit = int(args.get("topK", 10))
        if not 1 <= limit <= 256:
            raise _FunctionError("topK must be between 1 and 256")
        found = [] if index is None else index.search(_text(args, "query"), limit)
        return [
            {"_id": passage.id, "_score": score, "question": passage.question, "answer": passage.answer}
            for passage, score in found
        ]


def _read_data() -> dict[str, dict[str, Any]]:
    folder = files("warmline.simulators") / "data"
    read = [json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir() if file.name.endswith(".json")]
    return {data["organisation"]: data for data in read}


def _index(data: dict[str, Any]) -> Index:
    return Index(
        Passage(id=f"{data['organisation']}-{number:03}", question=pair["question"], answer=pair["answer"])
        for number, pair in enumerate(data["knowledge"], start=1)
    )


def _parsed(body: bytes) -> _Call:
    try:
        call = msgspec.json.decode(body, type=_Call)
    except msgspec.DecodeError as error:
        raise _Refused("BadRequest", str(error)) from error
    if call.format not in _FORMATS:
        raise _Refused("BadFormat", f"unknown format {call.format!r}")
    if isinstance(call.args, list) and len(call.args) != 1:
        raise _Refused("BadRequest", "args must be one object")
    return call


def _text(args: dict[str, Any], name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str):
        raise _FunctionError(f"ArgumentValidationError: {name} must be a string")
    return value


def _failure(message: str) -> JSONResponse:
    return JSONResponse({"status": "error", "errorMessage": f"[Request ID: simulated] {message}"})


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, _Refused)
    return JSONResponse({"code": error.code, "message": error.message}, status_code=400)

"""The organisations' data and the functions of the reference agent.

| function | kind | arguments |
|---|---|---|
| `agents:list` | query | organisation; the agents' names |
| `agents:config`, `agents:prompt` | query | organisation, agent; null where there is none |
| `knowledge:search` | action | organisation, query, topK from 1 to 256 |
| `admin:updateAgent` | mutation, internal | organisation, agent, config: the fields that change |
| `admin:updatePrompt` | mutation, internal | organisation, agent, prompt: the fields that change |
| `admin:updateKnowledge` | mutation, internal | organisation, question, answer or null to remove it |
| `simulator:echo`, `simulator:fail` | any | for tests: returns its arguments; throws, with `data` a ConvexError |

Internal functions exist only for whoever holds a deploy key. What a mutation changed is in force when it returns;
`changed` is told of it then.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from warmline_simulators.convex.errors import Thrown
from warmline_simulators.convex.values import decoded
from warmline_simulators.search import Index, IndexedPassage

Args = dict[str, Any]

_CONFIG: dict[str, type] = {
    "name": str,
    "voice": dict,
    "greeting": str,
    "phrases": list,
    "topK": float,
    "minimumScore": float,
}
_PROMPT: dict[str, type] = {"instructions": str, "answer": str, "unknown": str}


@dataclass(frozen=True, slots=True)
class DataChange:
    """What an administrator has changed; `event` as the worker's webhook calls it."""

    event: str
    organisation: str
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """`kind` is query, mutation or action, None for any of them."""

    kind: str | None
    run: Callable[[Args], Any]
    internal: bool = False


class Deployment:
    """`now` gives wall-clock seconds, for prompts' timestamps. `folder` holds the data, ours if None."""

    def __init__(
        self, folder: Path | None = None, *, changed: Callable[[DataChange], None], now: Callable[[], float]
    ) -> None:
        self._changed = changed
        self._now = now
        self._data = _read_data(folder)
        self._indexes = {organisation: _index(data) for organisation, data in self._data.items()}
        self._functions = {
            "agents:list": Function("query", self._list),
            "agents:config": Function("query", lambda args: self._part(args, "config")),
            "agents:prompt": Function("query", lambda args: self._part(args, "prompt")),
            "knowledge:search": Function("action", self._search),
            "admin:updateAgent": Function("mutation", self._update_agent, internal=True),
            "admin:updatePrompt": Function("mutation", self._update_prompt, internal=True),
            "admin:updateKnowledge": Function("mutation", self._update_knowledge, internal=True),
            "simulator:echo": Function(None, lambda args: args),
            "simulator:fail": Function(None, _fail),
        }

    def function(self, kind: str | None, path: str, *, admin: bool) -> Function:
        """The function that this caller means. Raises Thrown, as the backend does for one that is not there."""
        found = self._functions.get(path)
        if found is None or (found.internal and not admin) or (kind and found.kind and found.kind != kind):
            raise Thrown(f"Could not find public function for '{path}'.")
        return found

    def _list(self, args: Args) -> Any:
        return list(self._data.get(_text(args, "organisation"), {}).get("agents", {}))

    def _part(self, args: Args, part: str) -> Any:
        organisation, agent = _text(args, "organisation"), _text(args, "agent")
        return self._data.get(organisation, {}).get("agents", {}).get(agent, {}).get(part)

    def _search(self, args: Args) -> Any:
        index = self._indexes.get(_text(args, "organisation"))
        limit = args.get("topK", 10.0)
        if not isinstance(limit, float) or not limit.is_integer() or not 1 <= limit <= 256:
            raise Thrown("Uncaught Error: topK must be a whole number from 1 to 256")
        found = [] if index is None else index.search(_text(args, "query"), int(limit))
        return [
            {"_id": passage.id, "_score": score, "question": passage.question, "answer": passage.answer}
            for passage, score in found
        ]

    def _update_agent(self, args: Args) -> Any:
        organisation, agent, data = self._agent(args)
        changes = _fields(args, "config", _CONFIG)
        changes["voice"] = {**data["config"]["voice"], **changes.get("voice", {})}
        data["config"] = {**data["config"], **changes}
        self._changed(DataChange("agent-updated", organisation, agent))
        return data["config"]

    def _update_prompt(self, args: Args) -> Any:
        organisation, agent, data = self._agent(args)
        data["prompt"] = {**data["prompt"], **_fields(args, "prompt", _PROMPT)}
        updated_at = max(float(round(self._now() * 1000)), data["config"]["promptUpdatedAt"] + 1)
        data["config"] = {**data["config"], "promptUpdatedAt": updated_at}
        self._changed(DataChange("prompt-updated", organisation, agent))
        return {"promptUpdatedAt": updated_at}

    def _update_knowledge(self, args: Args) -> Any:
        organisation, question, answer = _text(args, "organisation"), _text(args, "question"), args.get("answer")
        data = self._organisation(organisation)
        pairs = {pair["question"]: pair["answer"] for pair in data["knowledge"]}
        if answer is None:
            pairs.pop(question, None)
        else:
            pairs[question] = _text(args, "answer")
        data["knowledge"] = [{"question": question, "answer": answer} for question, answer in pairs.items()]
        self._indexes[organisation] = _index(data)
        self._changed(DataChange("knowledge-updated", organisation))
        return {"passages": float(len(pairs))}

    def _organisation(self, organisation: str) -> dict[str, Any]:
        if organisation not in self._data:
            raise Thrown("Uncaught ConvexError", data={"code": "NotFound", "message": "there is no such organisation"})
        return self._data[organisation]

    def _agent(self, args: Args) -> tuple[str, str, dict[str, Any]]:
        organisation, agent = _text(args, "organisation"), _text(args, "agent")
        agents = self._organisation(organisation)["agents"]
        if agent not in agents:
            raise Thrown("Uncaught ConvexError", data={"code": "NotFound", "message": "there is no such agent"})
        return organisation, agent, agents[agent]


def _read_data(chosen: Path | None) -> dict[str, dict[str, Any]]:
    folder = chosen or files("warmline_simulators") / "data"
    data = (_read_organisation(file) for file in folder.iterdir() if file.name.endswith(".json"))
    return {str(one["organisation"]): one for one in data}


def _read_organisation(file: Traversable) -> dict[str, Any]:
    """What a file says of an organisation. Raises ValueError, which names the file, if it says something else."""
    try:
        found = decoded(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    if not (isinstance(found, dict) and {"organisation", "knowledge"} <= found.keys()):
        raise ValueError(f"{file}: an organisation is an object with organisation and knowledge")
    return found


def _index(data: dict[str, Any]) -> Index:
    return Index(
        IndexedPassage(id=f"{data['organisation']}-{number:03}", question=pair["question"], answer=pair["answer"])
        for number, pair in enumerate(data["knowledge"], start=1)
    )


def _text(args: Args, name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str):
        raise Thrown(f"ArgumentValidationError: {name} must be a string")
    return value


def _fields(args: Args, name: str, types: dict[str, type]) -> dict[str, Any]:
    """The changes in one argument, every one of a field that there is and of its type."""
    changes = args.get(name)
    if not isinstance(changes, dict) or not changes:
        raise Thrown(f"ArgumentValidationError: {name} must be an object with the fields that change")
    for field, value in changes.items():
        if field not in types or not isinstance(value, types[field]):
            raise Thrown(f"ArgumentValidationError: {name}.{field} is not a field, or not of its type")
    return dict(changes)


def _fail(args: Args) -> Any:
    if "data" in args:
        raise Thrown("Uncaught ConvexError", data=args["data"])
    raise Thrown(f"Uncaught Error: {args.get('message', 'as the test wished')}")

"""docs/integrate/data-provider.md shows every function with what it is sent and returns, and every field."""

import json
import re
from typing import Any, TypeVar

import msgspec
import pytest

from tests.support.processes import ROOT
from tests.support.worker.warm import Application, Fleet
from warmline.services.agents import AgentConfig, Prompt
from warmline.services.knowledge import Passage
from warmline.upstream.convex.returned import read_answer
from warmline.upstream.ports import Voice

TEXT = (ROOT / "docs" / "integrate" / "data-provider.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+:\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
RETURNS: dict[str, Any] = {
    "agents:list": list[str],
    "agents:config": AgentConfig,
    "agents:prompt": Prompt,
    "knowledge:search": list[Passage],
}
T = TypeVar("T")


def examples(function: str) -> tuple[dict[str, Any], Any]:
    """The arguments and the value that the page shows."""
    sent, value = (json.loads(one) for one in re.findall(r"```json\n(.*?)\n```", SECTIONS[function], re.DOTALL))
    return sent, value


def fields(type_: type[msgspec.Struct]) -> dict[str, bool]:
    """Each field, and whether it may be left out."""
    return {field.encode_name: not field.required for field in msgspec.structs.fields(type_)}


def tables(function: str) -> list[dict[str, bool]]:
    """The tables of a function: each field, and whether the page calls it optional."""
    found = re.split(r"^\| field.*\n\|.*\n", SECTIONS[function], flags=re.MULTILINE)[1:]
    return [
        {name: what.startswith("optional") for name, what in re.findall(r"^\| `(\w+)` \| ([^|]*)\|", one, re.MULTILINE)}
        for one in found
    ]


@pytest.mark.parametrize("function", RETURNS)
def test_the_value_of_the_page_is_read_and_nothing_is_left_out(function: str) -> None:
    _, value = examples(function)
    found = read_answer(function, 200, json.dumps({"status": "success", "value": value}).encode(), RETURNS[function])
    assert (json.loads(msgspec.json.encode(found.value)), found.left_out) == (value, ())


@pytest.mark.parametrize(
    ("function", "types"),
    [("agents:config", [AgentConfig, Voice]), ("agents:prompt", [Prompt]), ("knowledge:search", [Passage])],
)
def test_every_field_is_named_with_whether_it_may_be_left_out(function: str, types: list[type[msgspec.Struct]]) -> None:
    assert tables(function) == [fields(type_) for type_ in types]


class Listening(Application):
    """Remembers the arguments of its functions, and returns what the page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, dict[str, str | int]] = {}

    async def _call(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        self.sent[path] = args
        answer = json.dumps({"status": "success", "value": examples(path)[1]}).encode()
        return read_answer(path, 200, answer, returns).value


@pytest.mark.virtual_time
async def test_the_arguments_of_the_page_are_those_that_are_sent() -> None:
    fleet = Fleet()
    fleet.app = app = Listening()
    services = fleet.member(limit=0).services
    await services.roster.names("sahyadri")
    config = (await services.agents.config("sahyadri", "reception")).value
    await services.agents.prompt("sahyadri", "reception", config.prompt_updated_at)
    await services.knowledge.search("sahyadri", "What is gout?", top_k=config.top_k, language=config.voice.language)
    await fleet.aclose()
    assert app.sent == {function: examples(function)[0] for function in RETURNS}

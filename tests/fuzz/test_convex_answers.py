"""Whatever the data provider answers is a value that the worker can use, or an error that names its function."""

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmline.errors import UpstreamRejected
from warmline.services.agents import AgentConfig, Prompt
from warmline.services.codecs import MessageCodec
from warmline.services.knowledge import Passage
from warmline.upstream.convex.returned import read_answer
from warmline_cache.errors import UpstreamUnavailable

VOICE = {
    "model": "bulbul:v3",
    "speaker": "priya",
    "language": "en-IN",
    "sampleRate": 22050.0,
    "pace": 1.0,
    "dictionaryVersion": 3.0,
}
PASSAGE = {"_id": "k1", "_score": 0.9, "question": "What is gout?", "answer": "A kind of arthritis."}
GOOD: dict[str, tuple[type[Any], Any]] = {
    "agents:config": (
        AgentConfig,
        {
            "name": "Asha",
            "voice": VOICE,
            "greeting": "Namaste.",
            "phrases": ["One moment.", "Goodbye."],
            "promptUpdatedAt": 1700000000123.4567,
            "topK": 3.0,
            "minimumScore": 0.3,
        },
    ),
    "agents:prompt": (Prompt, {"instructions": "Be brief.", "answer": "{answer}", "unknown": "I do not know."}),
    "agents:list": (list[str], ["reception", "care"]),
    "knowledge:search": (list[Passage], [PASSAGE, {**PASSAGE, "_id": 7.0}]),
}

functions = st.sampled_from(sorted(GOOD))
statuses = st.sampled_from([200, 204, 400, 401, 404, 429, 500, 502, 503, 560, 599])
words = st.sampled_from(["NaN", "Infinity", "-Infinity", "null", "true", "3", "1e999", "1" * 5000, "\u0661", "1_0"])
numerals = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
beyond = st.sampled_from([math.nan, math.inf, 10**400])  # what Python writes into JSON and others cannot read
scalars = st.one_of(st.none(), st.booleans(), numerals, st.text(), words)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["_id", "answer"]), inner)
)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1", "utf-8-sig", "utf-7"])


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container within a value with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@st.composite
def nearly_good(draw: st.DrawFn) -> tuple[str, Any]:
    """A function and an answer of it with something in it replaced, or taken out."""
    path = draw(functions)
    answer = {"status": "success", "value": copy.deepcopy(GOOD[path][1])}
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from(list(places(answer)) or [(answer, "value")]))
        if isinstance(holder, dict) and draw(st.booleans()):
            holder.pop(key, None)
        else:
            holder[key] = draw(values | beyond)
    return path, answer


def read(path: str, status: int, raw: bytes) -> Any:
    """What the worker makes of it: a usable value, or its error's class."""
    type_ = GOOD[path][0]
    try:
        found = read_answer(path, status, raw, type_).value
    except (UpstreamRejected, UpstreamUnavailable) as error:
        refused = error
    else:
        return usable(type_, found)
    assert refused.detail.startswith(f"{path}: ")
    return type(refused)


def usable(type_: type[Any], found: Any) -> Any:
    """The value, which can be kept, told and compared."""
    if found is not None:  # of a good type, or it could not be kept
        codec = MessageCodec(type_)
        assert codec.decode(codec.encode(found)) == found
        json.dumps(codec.decode(codec.encode(found)), default=str, allow_nan=False)
        for number in numbers(found):
            assert math.isfinite(number)
    return found


def numbers(found: Any) -> Iterator[float]:
    """The numbers that callers are told of, or that are compared."""
    if isinstance(found, AgentConfig):
        yield from (found.minimum_score, found.top_k, found.prompt_updated_at, found.voice.pace or 0)
    elif isinstance(found, list):
        yield from (one.score for one in found if isinstance(one, Passage))


@given(functions, statuses, st.binary())
@example("agents:list", 200, b'"\xff"')
@example("agents:list", 200, b"[" * 100_000)
@example("agents:list", 200, b'{"status":"success","value":' + b"[" * 100_000)
@example("agents:list", 502, b'{"a":' * 100_000)
@example("agents:list", 200, b"1" * 10_000)
def test_bytes_of_any_kind(path: str, status: int, raw: bytes) -> None:
    read(path, status, raw)


@given(functions, statuses, values | beyond, encodings)
def test_json_of_any_kind_in_any_encoding(path: str, status: int, value: Any, encoding: str) -> None:
    text = json.dumps(value, ensure_ascii=encoding == "latin-1")
    read(path, status, text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict"))


@given(nearly_good(), statuses)
def test_a_good_answer_with_something_else_in_it(told: tuple[str, Any], status: int) -> None:
    path, answer = told
    read(path, status, json.dumps(answer).encode())


@given(functions, st.data())
def test_a_good_answer_with_some_bytes_changed(path: str, data: st.DataObject) -> None:
    raw = bytearray(json.dumps({"status": "success", "value": GOOD[path][1]}, ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read(path, 200, bytes(raw))


@given(st.lists(st.none() | values, max_size=4), st.data())
def test_no_bad_passage_costs_a_good_one(bad: list[Any], data: st.DataObject) -> None:
    sent: list[Any] = [{**PASSAGE, "_id": str(number)} for number in range(3)]
    for one in bad:
        sent.insert(data.draw(st.integers(0, len(sent))), one)
    found = read("knowledge:search", 200, json.dumps({"status": "success", "value": sent}).encode())
    assert [one.id for one in found if one.answer == PASSAGE["answer"]] == ["0", "1", "2"]


@given(functions, st.data())
def test_null_is_as_absent(path: str, data: st.DataObject) -> None:
    null = {"status": "success", "value": copy.deepcopy(GOOD[path][1]), "errorMessage": None, "code": None}
    absent = copy.deepcopy(null)
    inside = [(holder, key) for holder, key in places(null["value"]) if isinstance(holder, dict)]
    alike = [(holder, key) for holder, key in places(absent["value"]) if isinstance(holder, dict)]
    if inside:
        number = data.draw(st.integers(0, len(inside) - 1))
        inside[number][0][inside[number][1]] = None
        del alike[number][0][alike[number][1]]
    assert read(path, 200, json.dumps(null).encode()) == read(path, 200, json.dumps(absent).encode())


@pytest.mark.parametrize("path", sorted(GOOD))
def test_a_good_answer_is_read(path: str) -> None:
    assert isinstance(read(path, 200, json.dumps({"status": "success", "value": GOOD[path][1]}).encode()), object)
    assert read(path, 200, b'{"status": "success", "value": null}') is None

"""Whatever a provider's bytes hold, they become values or one error that names what is wrong."""

import time
import weakref
from typing import Any

import msgspec
import pytest

from warmline.errors import UpstreamRejected
from warmline.upstream.decoding import convert, decode, forget_values


class Wish(msgspec.Struct):
    """What a test expects of a provider."""

    many: int
    names: list[str] = []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b'"\xff"',
        b'{"\xff": 1}',
        b"[" * 100_000,
        b'{"many":' * 100_000,
        b"1" * 5_000,
        b"1e999",
        b"NaN",
        b'"\\ud800"',
        '"\ud800"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"\x1f\x8b\x08\x00",
        b"{}{}",
    ],
    ids=ascii,
)
def test_bytes_that_are_no_json_are_the_providers_fault(raw: bytes | str) -> None:
    with pytest.raises(UpstreamRejected, match="sarvam: a frame: cannot be read"):
        decode(raw, Any, upstream="sarvam", what="a frame")


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"many": "x"}', r"\$\.many"),
        (b'{"many": 1, "names": ["a", null]}', r"\$\.names\[1\]"),
        (b"{}", "many"),
    ],
)
def test_the_error_names_the_field(raw: bytes, field: str) -> None:
    with pytest.raises(UpstreamRejected, match=field):
        decode(raw, Wish, upstream="convex", what="agents:config")
    with pytest.raises(UpstreamRejected, match=field):
        convert(msgspec.json.decode(raw), Wish, upstream="convex", what="agents:config")


def test_a_whole_float_is_a_whole_number_where_that_is_allowed() -> None:
    value = {"many": 3.0}
    assert convert(value, Wish, upstream="convex", what="x", strict=False) == Wish(3)
    with pytest.raises(UpstreamRejected):
        convert(value, Wish, upstream="convex", what="x")


@pytest.mark.parametrize("unit", ["[]", "{}", '{"a":[]}'])
def test_more_lists_and_objects_than_any_answer_has_are_refused_unread(unit: str) -> None:
    """A collector that walks a million of them holds everybody up for seconds."""
    decode("[" + ",".join([unit] * 40_000) + "]", Any, upstream="convex", what="agents:config")
    with pytest.raises(UpstreamRejected, match="more than 100000 lists and objects"):
        decode(f"[{','.join([unit] * 100_000)}]".encode(), Any, upstream="convex", what="agents:config")


def test_brackets_within_a_text_are_no_lists() -> None:
    rows = {"instructions": '{"item":1,"tags":["a"]},' * 60_000}
    assert decode(msgspec.json.encode(rows), dict[str, str], upstream="convex", what="agents:prompt") == rows
    with pytest.raises(UpstreamRejected, match="more than 100000 lists and objects"):
        decode(r'["\\",' + ",".join(["[]"] * 100_000) + "]", Any, upstream="convex", what="x")


def test_texts_of_an_answer_that_only_audio_is_as_long_as_are_not_taken_apart() -> None:
    """Sixty megabytes of quotes took six seconds."""
    texts = '["' + "[" * 100_001 + '"' + ',""' * 1_400_000
    with pytest.raises(UpstreamRejected, match="more than 100000 lists and objects"):
        decode(texts + "]", Any, upstream="sarvam", what="text-to-speech")


def test_brackets_between_texts_without_any_are_counted() -> None:
    for text in ('""', '"a"', r'"\""', r'"]"', '"[","["'):
        with pytest.raises(UpstreamRejected, match="more than 100000 lists and objects"):
            decode("[" + f"{text},[]," * 100_001 + "1]", Any, upstream="convex", what="x")


def test_a_number_costs_as_much_wherever_it_lies() -> None:
    """One parser needed twenty times as long for those near the ends of what a double holds."""

    def cost(number: str) -> float:
        raw = f"[{','.join([number] * 60_000)}]"
        began = time.process_time()
        assert decode(raw, list, upstream="convex", what="x")[0] == float(number)
        return time.process_time() - began

    usual = min(cost("1.25e-30") for _ in range(3))
    assert min(cost("1e-310") for _ in range(3)) < 5 * usual


def test_a_number_that_no_double_holds_is_refused() -> None:
    with pytest.raises(UpstreamRejected, match="cannot be read"):
        decode("[1e400]", Any, upstream="convex", what="x")


def test_an_error_that_is_kept_keeps_nothing_of_the_answer() -> None:
    class Answer:
        """What a frame holds."""

    def fail() -> None:
        answer = Answer()
        left.append(weakref.ref(answer))
        raise ValueError(type(answer).__name__)

    left: list[weakref.ref[Answer]] = []
    kept = None
    try:
        try:
            fail()
        except ValueError as error:
            raise UpstreamRejected("convex", str(error)) from error
    except UpstreamRejected as error:
        kept = error
    assert left[0]() is not None
    forget_values(kept)
    assert left[0]() is None

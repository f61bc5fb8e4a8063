"""Whatever a provider's bytes hold, they become values or one error that names what is wrong."""

import gc
from typing import Any

import msgspec
import pytest

from warmline.errors import UpstreamRejected
from warmline.upstream.decoding import convert, decode


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


@pytest.mark.parametrize("end", [b"[]]", b"?]"], ids=["good", "bad"])
def test_many_small_lists_are_not_gone_through_again_and_again_while_they_are_read(end: bytes) -> None:
    """A second of the event loop's for four megabytes."""
    before = [generation["collections"] for generation in gc.get_stats()]
    try:
        found = decode(b"[" + b"[]," * 100_000 + end, Any, upstream="convex", what="agents:config")
    except UpstreamRejected:
        found = None
    after = [generation["collections"] for generation in gc.get_stats()]
    del found
    assert gc.isenabled()
    assert sum(after) - sum(before) <= 2  # one decoding makes 140 of them

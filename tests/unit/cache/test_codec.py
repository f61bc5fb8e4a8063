"""Entries as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.cache import codec
from warmline.cache.entry import Entry

tokens = st.binary(min_size=8, max_size=8)
entries = st.builds(
    Entry,
    payload=st.binary(max_size=200),
    born=st.floats(allow_nan=False),
    identity=tokens,
    generations=st.lists(tokens, max_size=4).map(tuple),
    negative=st.booleans(),
)


@given(entries)
def test_what_is_packed_is_unpacked(entry: Entry) -> None:
    assert codec.unpack(codec.pack(entry), len(entry.generations)) == entry


@given(tokens, st.integers(0, 4))
def test_a_vacancy_holds_no_entry(identity: bytes, groups: int) -> None:
    assert codec.unpack(codec.vacancy(identity), groups) is None
    assert len(codec.vacancy(identity)) == codec.STAMP_BYTES


@given(st.binary(max_size=60), st.integers(0, 4))
def test_anything_else_is_refused_by_an_error_and_nothing_worse(data: bytes, groups: int) -> None:
    try:
        found = codec.unpack(data, groups)
    except ValueError:
        return
    assert found is None or data[0] == 2


@pytest.mark.parametrize("version", [0, 1, 3, 255])
def test_an_entry_of_another_version_is_refused(version: int) -> None:
    data = codec.pack(Entry(b"payload", born=1.0, identity=b"12345678"))
    with pytest.raises(ValueError, match="version 2"):
        codec.unpack(bytes([version]) + data[1:], 0)


def test_two_entries_never_share_a_stamp() -> None:
    first, second = (codec.pack(Entry(b"same", born=1.0, identity=name)) for name in (b"12345678", b"87654321"))
    assert first[: codec.STAMP_BYTES] != second[: codec.STAMP_BYTES]

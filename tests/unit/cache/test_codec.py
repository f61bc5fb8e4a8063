"""Entries as bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmline_cache.entry import CacheEntry
from warmline_cache.store import codec
from warmline_cache.store.codec import SCHEMA, STAMP_BYTES, OtherSchema

HEAD_BYTES = 27
"""What stands before the first token."""

tokens = st.binary(min_size=8, max_size=8)


def made(*, payload: int, groups: int) -> st.SearchStrategy[CacheEntry]:
    """Entries of at most so many bytes and groups, some of which say that there is no such thing."""
    positive = st.builds(
        CacheEntry,
        payload=st.binary(max_size=payload),
        born=st.floats(allow_nan=False),
        identity=tokens,
        generations=st.lists(tokens, max_size=groups).map(tuple),
        negative=st.just(False),
        checked=st.just(True),
    )
    return positive | positive.map(lambda entry: entry._replace(payload=b"", negative=True))


entries = made(payload=200, groups=4)

small = made(payload=16, groups=2)
"""For tests that go through all of an entry, bit by bit or byte by byte."""

unhurried = settings(deadline=None)

OF_VERSION_2 = b"\x02\x00" + bytes(8) + b"identity" + b"token--1" + b"the value"
"""As the versions before stored it: stamp, tokens, payload, and nothing that says how many or how long."""


@given(entries, st.booleans())
def test_what_is_packed_is_unpacked(entry: CacheEntry, checked: bool) -> None:
    entry = entry._replace(checked=checked)
    assert codec.unpack(codec.pack(entry), len(entry.generations)) == entry


@given(tokens, st.integers(0, 4))
def test_a_vacancy_holds_no_entry(identity: bytes, groups: int) -> None:
    assert codec.unpack(codec.vacancy(identity), groups) is None
    assert len(codec.vacancy(identity)) == STAMP_BYTES


def test_a_vacancy_is_what_workers_of_every_version_take_for_one() -> None:
    assert codec.vacancy(b"identity") == b"\x02\x02" + bytes(8) + b"identity"


@given(st.binary(max_size=60), st.integers(0, 4))
def test_anything_else_is_refused_by_an_error_and_nothing_worse(data: bytes, groups: int) -> None:
    try:
        found = codec.unpack(data, groups)
    except ValueError:
        return
    assert found is None or data[0] == SCHEMA


@unhurried
@given(small)
def test_an_entry_with_any_one_bit_flipped_is_refused(entry: CacheEntry) -> None:
    data = codec.pack(entry)
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):  # noqa: PT011  # whatever it says
            codec.unpack(bytes(damaged), len(entry.generations))


@unhurried
@given(small)
def test_of_an_entry_whose_payload_is_not_checked_everything_else_is(entry: CacheEntry) -> None:
    data = codec.pack(entry._replace(checked=False))
    for bit in range(8 * (len(data) - len(entry.payload))):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):  # noqa: PT011  # whatever it says
            codec.unpack(bytes(damaged), len(entry.generations))


@unhurried
@given(small, st.booleans(), st.binary(min_size=1, max_size=20))
def test_an_entry_that_was_cut_anywhere_or_goes_on_is_refused(entry: CacheEntry, checked: bool, more: bytes) -> None:
    data = codec.pack(entry._replace(checked=checked))
    for wrong in [*(data[:length] for length in range(len(data))), data + more]:
        with pytest.raises(ValueError):  # noqa: PT011  # whatever it says
            codec.unpack(wrong, len(entry.generations))


@given(entries, st.integers(0, 5))
def test_an_entry_stored_under_other_groups_never_gives_a_token_as_data(entry: CacheEntry, groups: int) -> None:
    if groups != len(entry.generations):
        with pytest.raises(ValueError, match="groups"):
            codec.unpack(codec.pack(entry) + b"long enough for tokens" * 3, groups)


def test_that_there_is_no_such_thing_is_not_believed_of_an_entry_with_a_payload() -> None:
    with pytest.raises(ValueError, match="says what no entry says"):
        codec.unpack(codec.pack(CacheEntry(b"value", 1.0, b"identity", negative=True)), 0)


@pytest.mark.parametrize("schema", [0, 1, 3, 5, 255])
def test_an_entry_of_another_schema_is_refused(schema: int) -> None:
    with pytest.raises(ValueError, match=f"schema {SCHEMA}"):
        codec.unpack(codec.pack(CacheEntry(b"payload", 1.0, b"identity"), schema=schema), 0)


@pytest.mark.parametrize("groups", [0, 1, 2])
def test_an_entry_of_a_version_before_is_told_from_damage(groups: int) -> None:
    with pytest.raises(OtherSchema):
        codec.unpack(OF_VERSION_2, groups)


def test_what_is_stored_here_is_refused_by_the_version_before() -> None:
    """Its rule: the first byte must be 2."""
    assert codec.pack(CacheEntry(b"value", 1.0, b"identity"))[0] != 2


def test_two_entries_never_share_a_stamp() -> None:
    first, second = (codec.pack(CacheEntry(b"same", born=1.0, identity=name)) for name in (b"12345678", b"87654321"))
    assert first[:STAMP_BYTES] != second[:STAMP_BYTES]

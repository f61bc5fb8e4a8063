"""What was packed is unpacked; everything else is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.cache.codec import pack, unpack
from warmline.cache.entry import Entry

entries = st.builds(Entry, st.binary(), st.floats(allow_nan=False), st.booleans())


@given(entries)
def test_an_entry_survives_the_journey(entry: Entry) -> None:
    assert unpack(pack(entry)) == entry


@given(st.binary())
def test_any_bytes_are_an_entry_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert pack(unpack(data)) == data


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + bytes(9), b"\x01\x02" + bytes(8)], ids=repr)
def test_bytes_of_another_version_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|version"):
        unpack(data)


def test_audio_is_stored_as_it_is() -> None:
    audio = bytes(range(256)) * 10
    packed = pack(Entry(audio, born=0.0))
    assert packed.endswith(audio)
    assert len(packed) == len(audio) + 10

"""What came as audio is what was asked for, or is refused: it would be played, and kept for days."""

import io
import random
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.errors import UpstreamRejected
from warmline.upstream.audio import Samples

RATE = 22050
PCM = random.Random(1).randbytes(2000)
LIST = b"LIST" + struct.pack("<I", 11) + b"INFOISFTabc" + b"\0"


def taken(*parts: bytes, rate: int = RATE) -> bytes:
    samples = Samples("sarvam", rate)
    return b"".join(samples.feed(part) for part in parts) + samples.end()


def wave_file(pcm: bytes = PCM, *, channels: int = 1, width: int = 2, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", ""))
        writer.writeframes(pcm)
    return file.getvalue()


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def fmt(*, kind: int = 1, rest: bytes = b"") -> bytes:
    form = struct.pack("<HHIIHH", kind, 1, RATE, RATE * 2, 2, 16) + rest
    return b"fmt " + struct.pack("<I", len(form)) + form


def data(pcm: bytes = PCM, *, size: int | None = None) -> bytes:
    return b"data" + struct.pack("<I", len(pcm) if size is None else size) + pcm


EXTENSIBLE = fmt(kind=0xFFFE, rest=struct.pack("<HHI", 22, 16, 4) + bytes.fromhex("0100000000001000800000aa00389b71"))
FILES = {
    "plain": wave_file(),
    "with a list before its data": riff(fmt(), LIST, data()),
    "with a list behind its data": riff(fmt(), data(), LIST),
    "of unknown length": riff(fmt(), data(size=0xFFFFFFFF), size=0xFFFFFFFF),
    "whose header was written before its data": riff(fmt(), data(size=0), size=36),
    "extensible": riff(EXTENSIBLE, data()),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_wave_file_is_its_samples(file: bytes) -> None:
    assert taken(file) == PCM


@given(st.data())
def test_it_may_be_cut_anywhere(choices: st.DataObject) -> None:
    file = choices.draw(st.sampled_from([*FILES.values(), PCM]))
    cuts = sorted(choices.draw(st.lists(st.integers(0, len(file)), max_size=8)))
    parts = [file[a:b] for a, b in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    assert taken(*parts) == PCM


@pytest.mark.parametrize("parts", [(PCM,), (PCM[:1], PCM[1:2], PCM[2:999], PCM[999:])])
def test_samples_without_a_header_are_samples(parts: tuple[bytes, ...]) -> None:
    assert taken(*parts) == PCM


def test_each_part_may_be_a_file_of_its_own_or_the_first_alone() -> None:
    assert taken(wave_file(PCM[:500]), wave_file(PCM[500:])) == PCM
    assert taken(wave_file(PCM[:500]), PCM[500:]) == PCM
    assert taken(riff(fmt(), data(PCM[:500], size=0xFFFFFFFF)), PCM[500:]) == PCM


@given(st.lists(st.integers(0, 2 * len(FILES["with a list behind its data"])), max_size=4), st.booleans())
def test_files_one_behind_the_other_may_be_cut_anywhere(cuts: list[int], listed: bool) -> None:
    file = FILES["with a list behind its data"] if listed else wave_file()
    both, cuts = file + file, sorted(cuts)
    assert taken(*(both[a:b] for a, b in zip([0, *cuts], [*cuts, len(both)], strict=True))) == PCM + PCM


@pytest.mark.parametrize(
    "parts",
    [
        (wave_file(rate=24000),),
        (wave_file(channels=2),),
        (wave_file(width=1),),
        (riff(fmt(kind=7), data()),),
        (riff(data()),),
        (riff(fmt(), data(size=44100)),),
        (wave_file()[:30],),
        (riff(fmt(), data(size=44100)), wave_file()),
        (b"RIFF\x10\0\0\0AVI LIST" + PCM,),
        (b"RIFX" + PCM,),
        (b"OggS\0\2" + PCM,),
        (b"fLaC\0\0\0\x22" + PCM,),
        (b"ID3\4\0\0" + PCM,),
        (b"ID3",),
        (b"\0\0\0\x20ftypM4A " + PCM,),
        (b"\x1aE\xdf\xa3" + PCM,),
        ((b"\xff\xfb\x90\x64" + bytes(413)) * 3,),
        ((b"\xff\xf3\x84\xc4" + bytes(188)) * 3,),
        ((b"\xff\xf3\x84\xc4" + bytes(188))[:50], (b"\xff\xf3\x84\xc4" + bytes(188))[50:] + b"\xff\xf3\x84\xc4" * 9),
        ((b"\xff\xf1\x50\x80\x02\x1f\xfc\0" + bytes(8)) * 3,),
        (PCM[:-1],),
        (wave_file(PCM[:501]), wave_file()),
    ],
)
def test_what_was_not_asked_for_is_refused(parts: tuple[bytes, ...]) -> None:
    with pytest.raises(UpstreamRejected):
        taken(*parts)


@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from([b"", b"RIFF", b"\xff\xfb\x90", wave_file()[:44]]))
def test_any_bytes_are_whole_samples_or_refused(parts: list[bytes], prefix: bytes) -> None:
    try:
        found = taken(prefix, *parts)
    except UpstreamRejected:
        return
    assert len(found) % 2 == 0
    assert len(found) <= len(prefix) + sum(map(len, parts))


def test_what_could_begin_a_file_is_held_back_no_longer_than_it_takes_to_tell() -> None:
    samples = Samples("sarvam", RATE)
    assert samples.feed(b"\1\2") == b"\1\2"
    held = Samples("sarvam", RATE)
    assert held.feed(b"RI") == b""
    assert held.feed(b"\1\2") == b"RI\1\2"


def test_a_part_of_a_hundred_files_is_read_and_one_of_more_is_refused() -> None:
    """Each file used to be cut off the rest of its part, which was copied: three megabytes of them took a minute."""
    file = wave_file(PCM[:2])
    assert taken(file * 100) == PCM[:2] * 100
    with pytest.raises(UpstreamRejected, match="more than 200 chunks in one part"):
        taken(file * 101)
    assert taken(*[file] * 300) == PCM[:2] * 300


def test_files_with_long_headers_are_no_way_around_it() -> None:
    """A thousand files of a thousand empty chunks each were walked to their end: seven seconds for eight megabytes."""
    file = riff(*[b"JUNK" + struct.pack("<I", 0)] * 90, fmt(), data())
    assert taken(file * 2) == PCM * 2
    with pytest.raises(UpstreamRejected, match="more than 200 chunks in one part"):
        taken(file * 3)


def test_a_header_of_more_chunks_than_anybody_writes_is_refused_before_all_have_come() -> None:
    """The whole header used to be walked again for each part: a megabyte of chunks, then single bytes."""
    chunk = b"JUNK" + struct.pack("<I", 0)
    assert taken(riff(*[chunk] * 150, fmt(), data())) == PCM
    samples = Samples("sarvam", RATE)
    with pytest.raises(UpstreamRejected, match="does not begin"):
        samples.feed(riff(*[chunk] * 250))


def test_a_header_longer_than_anybody_s_is_refused() -> None:
    samples = Samples("sarvam", RATE)
    with pytest.raises(UpstreamRejected, match="does not begin"):
        samples.feed(riff(b"LIST" + struct.pack("<I", 2 * 1024 * 1024)))

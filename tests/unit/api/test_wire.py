"""Which audio a caller gets for which Accept header."""

import pytest

from warmline.api.wire import audio_type_of
from warmline.errors import InvalidInput, NotAcceptable


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "audio/wav"),
        ("", "audio/wav"),
        ("*/*", "audio/wav"),
        ("audio/*", "audio/wav"),
        ("audio/x-wav", "audio/wav"),
        ("AUDIO/PCM", "audio/pcm"),
        ("audio/pcm;rate=22050", "audio/pcm"),
        ("text/html, audio/pcm;q=0.2, audio/wav;q=0.1", "audio/pcm"),
        ("audio/pcm;q=0.1, audio/wav", "audio/wav"),
        ("audio/pcm;q=0, */*", "audio/wav"),
    ],
)
def test_the_type_ranked_highest_that_we_have_is_chosen(accept: str | None, expected: str) -> None:
    assert audio_type_of(accept) == expected


@pytest.mark.parametrize("accept", ["text/html", "audio/mpeg", "audio/wav;q=0", ","])
def test_a_caller_who_wants_something_else_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        audio_type_of(accept)


@pytest.mark.parametrize("accept", ["audio/wav;q=x", "audio/wav;q="])
def test_a_quality_must_be_a_number(accept: str) -> None:
    with pytest.raises(InvalidInput):
        audio_type_of(accept)

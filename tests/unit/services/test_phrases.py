"""A phrase is one phrase however its letters are composed, and no other that is merely alike."""

import asyncio
import unicodedata

import pytest

from tests.support.worker.sessions import VOICE, Switchboard

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize(
    "text",
    [
        "\u0958लम",
        "क\u093cलम",
        "caf\u00e9",
        "cafe\u0301",
        "\u0b95\u0bca",
        "\u0b95\u0bc6\u0bbe",
        "\u0995\u09cb",
        "\u0995\u09c7\u09be",
    ],
)
async def test_a_text_composed_otherwise_is_the_same_phrase_and_the_provider_is_given_one_form(
    text: str,
) -> None:
    board = Switchboard()
    speech = board.worker().speech
    for form in ("NFC", "NFD"):
        await speech.speak("sahyadri", "reception", VOICE, f"  {unicodedata.normalize(form, text)}\n")
        await asyncio.sleep(1)  # it is heard a moment before it is kept
        found = await speech.peek("sahyadri", "reception", VOICE, text)
        assert found is not None
    assert board.provider.spoken == [unicodedata.normalize("NFC", text)]
    assert await speech.peek("sahyadri", "reception", VOICE, f"{text}!") is None


@pytest.mark.parametrize(("one", "other"), [("5²", "52"), ("ﬁt", "fit"), ("\uff21", "A"), ("Hi", "hi"), ("Hi.", "Hi")])
async def test_what_may_sound_different_is_a_phrase_of_its_own(one: str, other: str) -> None:
    board = Switchboard()
    speech = board.worker().speech
    await speech.speak("sahyadri", "reception", VOICE, one)
    await speech.speak("sahyadri", "reception", VOICE, other)
    assert board.provider.spoken == [one, other]

"""Audio made from the text, so that a test can tell which text was spoken.

A tone of its own for each character, `SECONDS_PER_CHARACTER` each: the audio of two texts is the audio of both written
together.
"""

import array
import io
import math
import wave
from collections.abc import Iterator
from functools import lru_cache

SECONDS_PER_CHARACTER = 0.06


def tone(text: str, rate: int) -> bytes:
    """The audio of `text`: s16le mono, a sine for each character, of 200 Hz plus its code point modulo 997."""
    return b"".join(_sine(200 + ord(character) % 997, rate) for character in text)


def wave_file(pcm: bytes, rate: int) -> bytes:
    """The same with a RIFF header."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def chunks(audio: bytes, rate: int, seconds: float) -> Iterator[bytes]:
    """`audio` in pieces of that many seconds, each of whole samples."""
    size = max(1, int(rate * seconds)) * 2
    return (audio[start : start + size] for start in range(0, len(audio), size))


@lru_cache(maxsize=512)
def _sine(pitch: int, rate: int) -> bytes:
    step = 2 * math.pi * pitch / rate
    return array.array(
        "h", (int(8000 * math.sin(step * i)) for i in range(int(rate * SECONDS_PER_CHARACTER)))
    ).tobytes()

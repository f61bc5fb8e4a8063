"""What a provider sent → values. Nothing of a provider's is decoded anywhere but through here.

Whatever is wrong with it, the fault is the provider's: every way in which decoding fails ends in UpstreamRejected. Its
detail says what was read and, where it is known, which field of it is bad (`... - at `$.voice.sampleRate``).
"""

import binascii
import contextlib
import gc
from collections.abc import Iterator
from typing import TypeVar

import aiohttp
import msgspec

from warmline.errors import UpstreamRejected

T = TypeVar("T")

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""All that msgspec raises for a bad input: UnicodeError for strings that are not UTF-8, RecursionError for values that
are nested too deep; neither of them is a DecodeError."""

_PART = 64 * 1024
_URL_ALPHABET = str.maketrans("-_", "+/")


def decode(raw: bytes | str, type_: type[T], *, upstream: str, what: str) -> T:
    """The JSON text as `type_`. Raises UpstreamRejected, which says what `what` lacks."""
    try:
        with _uncollected():
            return msgspec.json.decode(raw, type=type_)
    except UNREADABLE as error:
        raise _unreadable(upstream, what, error) from error


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic collector, which walks all that has been made each time a quarter has been added to it. Four
    megabytes of small lists, of which none is garbage yet, held everybody up for a second instead of a sixth of one."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def convert(value: object, type_: type[T], *, upstream: str, what: str, strict: bool = True) -> T:
    """A decoded JSON value as `type_`. Raises UpstreamRejected.

    Not strict: 3.0 is the whole number 3, but "3" is too, and the string "null" is None where None may be.
    """
    try:
        return msgspec.convert(value, type=type_, strict=strict)
    except UNREADABLE as error:
        raise _unreadable(upstream, what, error) from error


def decode_base64(text: str, *, upstream: str, what: str) -> bytes:
    """The bytes, read as decoders commonly do: line breaks, missing padding and the alphabet for URLs (RFC 4648,
    section 5) are taken. Raises UpstreamRejected."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        text = "".join(text.split()).translate(_URL_ALPHABET).rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError as error:
        raise UpstreamRejected(upstream, f"{what}: is not base64: {error}") from error


async def body(response: aiohttp.ClientResponse, *, upstream: str, most: int) -> bytes:
    """The whole body, unpacked. Raises UpstreamRejected when it has more than `most` bytes; aiohttp's errors pass."""
    read = bytearray()
    async for part in response.content.iter_chunked(_PART):
        read += part
        if len(read) > most:
            raise UpstreamRejected(upstream, f"an answer of more than {most} bytes")
    return bytes(read)


def _unreadable(upstream: str, what: str, error: Exception) -> UpstreamRejected:
    return UpstreamRejected(upstream, f"{what}: cannot be read: {error}")

"""What a provider sent → values. Nothing of a provider's is decoded anywhere but through here.

Whatever is wrong with it, the fault is the provider's: every way in which decoding fails ends in UpstreamRejected. Its
detail says what was read and, where it is known, which field of it is bad (`... - at `$.voice.sampleRate``).
"""

import binascii
import contextlib
import inspect
import math
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import TypeVar

import aiohttp
import msgspec

from warmline.errors import UpstreamRejected

T = TypeVar("T")

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""All that msgspec raises for a bad input: UnicodeError for strings that are not UTF-8, RecursionError for values that
are nested too deep; neither of them is a DecodeError."""

_MOST_CONTAINERS = 100_000
"""Lists and objects in one answer, ten for each element that a list may have. Each is the cyclic collector's to walk:
four megabytes of small or nested ones held everybody up for seconds."""

_LONGEST_UNQUOTED = 4 * 1024 * 1024
"""Bytes of an answer in which brackets within texts are told from others. What is longer is audio, whose letters are no
brackets: to take sixty megabytes of quotes apart took six seconds."""

_NEITHER_BRACKET_NOR_QUOTE = bytes(set(range(256)) - set(b'[{"'))

_LONGEST_CHAIN = 16
_SUSPENDED = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

_PART = 64 * 1024
_URL_ALPHABET = str.maketrans("-_", "+/")


def decode(raw: bytes | str, type_: type[T], *, upstream: str, what: str) -> T:
    """The JSON text as `type_`. Raises UpstreamRejected, which says what `what` lacks."""
    if _containers(raw) > _MOST_CONTAINERS:
        raise UpstreamRejected(upstream, f"{what}: more than {_MOST_CONTAINERS} lists and objects")
    try:
        return msgspec.json.Decoder(type_, float_hook=_number).decode(raw)
    except UNREADABLE as error:
        raise _unreadable(upstream, what, error) from error


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


def forget_values(error: BaseException | None) -> None:
    """Clear the plain functions' frames through which an error came. An error that is told to many stays in a cycle
    with those who were told until the cyclic collector comes by, and with it whatever its frames hold: an answer of
    megabytes. Frames of coroutines are left alone: to clear one that is suspended ends it."""
    for frame in _frames(error):
        if not frame.f_code.co_flags & _SUSPENDED:
            with contextlib.suppress(RuntimeError):  # it is still running
                frame.clear()


def _frames(error: BaseException | None) -> Iterator[FrameType]:
    """Those of an error, and of the errors that it came from."""
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            return
        yield from (frame for frame, _ in traceback.walk_tb(error.__traceback__))
        error = error.__cause__ or error.__context__


async def body(response: aiohttp.ClientResponse, *, upstream: str, most: int) -> bytes:
    """The whole body, unpacked. Raises UpstreamRejected when it has more than `most` bytes; aiohttp's errors pass."""
    read = bytearray()
    try:
        async for part in response.content.iter_chunked(_PART):
            read += part
            if len(read) > most:
                raise UpstreamRejected(upstream, f"an answer of more than {most} bytes")
        return bytes(read)
    finally:
        read.clear()  # an error keeps this frame for as long as it lives


def _number(text: str) -> float:
    """Read a number by Python's parser: msgspec's takes up to 20 microseconds for one near the ends of what a double
    holds, and four megabytes of such held everybody up for five seconds."""
    number = float(text)
    if math.isinf(number):
        raise msgspec.DecodeError("Number out of range")
    return number


def _containers(raw: bytes | str) -> int:
    """How many there are; where they are few, brackets within texts count too, for that is quicker."""
    read = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else bytes(raw)
    count = read.count(b"[") + read.count(b"{")
    if count <= _MOST_CONTAINERS or len(read) > _LONGEST_UNQUOTED:
        return count
    without_escapes = read.replace(b"\\\\", b"").replace(b'\\"', b"")
    bare = without_escapes.translate(None, _NEITHER_BRACKET_NOR_QUOTE).replace(b'""', b"")  # texts without brackets
    read = b"".join(bare.split(b'"')[::2])
    return read.count(b"[") + read.count(b"{")


def _unreadable(upstream: str, what: str, error: Exception) -> UpstreamRejected:
    return UpstreamRejected(upstream, f"{what}: cannot be read: {error}")

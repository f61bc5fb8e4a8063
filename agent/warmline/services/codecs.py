"""How the domain's values are stored: msgspec messages as MessagePack, audio as it is."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class MessageCodec(Generic[T]):
    """MessagePack of one msgspec type."""

    def __init__(self, type_: type[T]) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(type_)

    def encode(self, value: T) -> bytes:
        """The value as MessagePack."""
        return self._encoder.encode(value)

    def decode(self, payload: bytes) -> T:
        """The value; ValueError if the bytes are not one (msgspec's errors are ValueErrors)."""
        return self._decoder.decode(payload)


class AudioCodec:
    """Audio is bytes already."""

    def encode(self, value: bytes) -> bytes:
        """The same bytes."""
        return value

    def decode(self, payload: bytes) -> bytes:
        """The same bytes; ValueError if there are none, for silence is never a phrase."""
        if not payload:
            raise ValueError("no audio")
        return payload

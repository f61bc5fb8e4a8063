"""A server that greets as Redis does and then says what a test wants, byte for byte."""

import asyncio
from collections.abc import Callable

Words = list[bytes]
Answer = Callable[[Words], bytes | None]
"""What to write in answer to a command, any number of replies and pushes; None closes the connection."""

OK = b"+OK\r\n"
NIL = b"_\r\n"
HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"


def bulk(data: bytes) -> bytes:
    """A string, as replies carry it."""
    return b"$%d\r\n%b\r\n" % (len(data), data)


def push(*words: bytes) -> bytes:
    """A message that nobody asked for."""
    return b">%d\r\n" % len(words) + b"".join(bulk(word) for word in words)


class Impostor:
    """Listens on a port of its own; `commands` are all it was ever sent but greetings."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.hello = HELLO
        self.farewell = b""
        """Written before a connection is closed."""
        self.commands: list[Words] = []
        self.dialled = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients find it."""
        assert self._server
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def start(self) -> "Impostor":
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def aclose(self) -> None:
        """Close every connection."""
        assert self._server
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dialled += 1
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (words := await _command(reader)) is not None:
                said = self._reply(words)
                if said is None:
                    writer.write(self.farewell)
                    break
                writer.write(said)
                await writer.drain()
        except OSError:
            pass  # the other side is gone
        finally:
            writer.close()

    def _reply(self, words: Words) -> bytes | None:
        if words[0] == b"HELLO":
            return self.hello
        if words[0] == b"CLIENT":
            return OK
        self.commands.append(words)
        return self.answer(words)


async def _command(reader: asyncio.StreamReader) -> Words | None:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        return None
    words = []
    for _ in range(int(line[1:])):
        length = int((await reader.readline())[1:])
        words.append((await reader.readexactly(length + 2))[:-2])
    return words

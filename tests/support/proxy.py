"""A TCP proxy that can fall silent: connections stay open and nothing passes, as on a network that drops packets."""

import asyncio
import contextlib


class Proxy:
    """Forwards to a port of this machine."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Redis, through this proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> "Proxy":
        """Listen on a port of its own."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def silence(self) -> None:
        """Nothing passes any more, in either direction."""
        self._passing.clear()

    def speak(self) -> None:
        """What was held up passes, and all that follows."""
        self._passing.set()

    async def aclose(self) -> None:
        """Close every connection."""
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._copy(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            try:
                while data := await source.read(65536):
                    await self._passing.wait()
                    sink.write(data)
                    await sink.drain()
            finally:
                sink.close()
                await sink.wait_closed()

"""A TCP proxy that can fall silent: connections stay open and nothing passes, as on a network that drops packets. It
can be a network away, and close who says nothing, as load balancers do."""

import asyncio
import contextlib


class Proxy:
    """Forwards to a port of this machine. `delay` is what each direction takes, `idle` after how long without a word
    from the client a connection is closed, both in seconds."""

    def __init__(self, target: int, *, delay: float = 0.0, idle: float | None = None) -> None:
        self.port = 0
        self.delay = delay
        self.idle = idle
        self.accepted = 0
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
        self.accepted += 1
        accepting = asyncio.current_task()
        assert accepting
        self._track(accepting)
        try:
            await asyncio.sleep(2 * self.delay)  # what connecting takes
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except BaseException:
            writer.close()
            raise
        for source, sink, idle in ((reader, far_writer, self.idle), (far_reader, writer, None)):
            self._track(asyncio.create_task(self._copy(source, sink, idle)))

    def _track(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, idle: float | None) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, TimeoutError):
            try:
                while data := await asyncio.wait_for(source.read(65536), idle):
                    await self._passing.wait()
                    if self.delay:
                        loop.call_later(self.delay, sink.write, data)
                    else:
                        sink.write(data)
                    await sink.drain()
                await asyncio.sleep(self.delay)
            finally:
                sink.close()
                await sink.wait_closed()

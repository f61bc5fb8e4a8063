"""One worker process of the benchmark: reads requests from its standard input, and ends with it."""

import asyncio
import contextlib
import random
import sys
import time

import msgspec
import uvloop

from tests.measure.bench.messages import Cold, Disturb, Invalidate, Listen, Open, Read, Reply, Request, Work
from tests.measure.bench.on_redis import SHARED, Ports, Shared
from tests.measure.bench.origin import Origin
from warmline_cache.invalidation.invalidation import InvalidationReport


class Worker:
    """The caches of one process."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._origin = Origin(ports.origin)
        self._stack = contextlib.AsyncExitStack()
        self._caches: dict[str, Shared] = {}
        self._readers: set[asyncio.Task[None]] = set()
        self._reads = 0
        self._failed = 0

    async def do(self, work: Work) -> object:
        """The result of one piece of work."""
        match work:
            case Open():
                await self._open(work)
                return None
            case Cold():
                return await self._cold(work)
            case Listen():
                return await self._listen(work)
            case Invalidate():
                return await self._invalidate(work)
            case Read():
                return int(await self._caches[work.name].get(work.key))
            case Disturb():
                return await self._disturb(work)

    async def aclose(self) -> None:
        """Close every cache."""
        await self._quiet()
        await self._stack.aclose()
        await self._origin.aclose()

    async def _open(self, work: Open) -> None:
        await self._stack.aclose()
        self._stack = contextlib.AsyncExitStack()
        load = self._origin.slow if work.origin == "slow" else self._origin.current
        self._caches = {
            name: await self._stack.enter_async_context(SHARED[name](load, self._ports)) for name in work.names
        }

    async def _cold(self, work: Cold) -> float:
        get = self._caches[work.name].get
        await asyncio.sleep(work.at - time.monotonic())
        await asyncio.gather(*(get(work.key) for _ in range(work.callers)))
        return time.monotonic()

    async def _listen(self, work: Listen) -> tuple[float, bool]:
        listen = self._caches[work.name].listen
        assert listen is not None
        await asyncio.sleep(work.at - time.monotonic())
        return await listen(work.key)

    async def _invalidate(self, work: Invalidate) -> tuple[float, int, int]:
        began = time.perf_counter()
        done = await self._caches[work.name].invalidate(work.key)
        milliseconds = (time.perf_counter() - began) * 1000
        if isinstance(done, InvalidationReport):
            return milliseconds, len(done.acknowledged), len(done.waited_out)
        return milliseconds, 0, 0

    async def _disturb(self, work: Disturb) -> tuple[int, int]:
        await self._quiet()
        done, self._reads, self._failed = (self._reads, self._failed), 0, 0
        for _ in range(work.tasks):
            self._readers.add(asyncio.create_task(self._read_on(work)))
        return done

    async def _read_on(self, work: Disturb) -> None:
        get = self._caches[work.name].get
        while True:
            self._reads += 1
            try:
                await get(random.choice(work.keys))
            except Exception:  # noqa: BLE001  # a peer's own errors are part of what is measured
                self._failed += 1
            await asyncio.sleep(random.uniform(0, 0.02))

    async def _quiet(self) -> None:
        readers, self._readers = self._readers, set()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def serve(ports: Ports) -> None:
    """Until standard input ends."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    decoder, encoder = msgspec.json.Decoder(Request), msgspec.json.Encoder()
    worker, tasks = Worker(ports), set[asyncio.Task[None]]()

    async def answer(request: Request) -> None:
        try:
            reply = Reply(request.number, await worker.do(request.work))
        except Exception as error:  # noqa: BLE001  # whatever it is, the benchmark must hear of it
            reply = Reply(request.number, error=f"{type(error).__name__}: {error}")
        sys.stdout.buffer.write(encoder.encode(reply) + b"\n")
        sys.stdout.buffer.flush()

    while line := await lines.readline():
        task = asyncio.create_task(answer(decoder.decode(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    for task in tasks:
        task.cancel()
    await worker.aclose()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Ports(*map(int, sys.argv[1:4]))))

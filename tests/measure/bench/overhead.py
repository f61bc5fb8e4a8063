"""`make bench-overhead`: what the worker adds to a bare Starlette endpoint on uvicorn, both warm, in the same run.

The worker's answer passes authentication, the organisation's rate limit, three lookups in L1 and the metrics. Processor
time is the kernel's count for the serving process, so that neither the client nor a busy machine is in it.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import uvloop

from tests.measure.bench.environment import load, processor
from tests.measure.bench.measure import Spread, in_turns, percentile, quotient
from tests.measure.bench.report import Cell, Part, Table, text
from tests.support.processes import Process, free_port, python_path
from tests.support.processes.stack import Stack, await_redis, key_of

BARE, WORKER = "bare Starlette on uvicorn", "worker, three hits in L1"
QUESTION = "What is knee pain?"
CONNECTIONS = 8
_TICKS = os.sysconf("SC_CLK_TCK")


class Endpoint:
    """One GET, asked over kept connections of a client that does next to nothing."""

    def __init__(self, port: int, path: str, process: int) -> None:
        self._port = port
        self._process = process
        self._request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key_of('sahyadri')}\r\n\r\n".encode()
        self._connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.times: list[float] = []

    async def open(self, stack: AsyncExitStack) -> "Endpoint":
        """Connect; closed with the stack."""
        for _ in range(CONNECTIONS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            stack.callback(writer.close)
            self._connections.append((reader, writer))
        return self

    async def ask(self, connection: int = 0) -> bytes:
        """The body. Raises RuntimeError unless the answer is 200."""
        reader, writer = self._connections[connection]
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        return await reader.readexactly(int(length.partition(b":")[2]))

    def alone(self, requests: int) -> Callable[[], Awaitable[float]]:
        """Microseconds of each request, one after the other, as the client sees them: the median."""

        async def burst() -> float:
            times = [await self._timed() for _ in range(requests)]
            return percentile(times, 0.5) * 1e6

        return burst

    def together(self, requests: int) -> Callable[[], Awaitable[float]]:
        """Microseconds of the server's processor for each request, on all connections at once."""

        async def burst() -> float:
            before = used(self._process)
            await asyncio.gather(*(self._many(one, requests // CONNECTIONS) for one in range(CONNECTIONS)))
            return (used(self._process) - before) / requests * 1e6

        return burst

    async def _timed(self) -> float:
        began = time.perf_counter()
        await self.ask()
        return time.perf_counter() - began

    async def _many(self, connection: int, requests: int) -> None:
        for _ in range(requests):
            await self.ask(connection)


def used(process: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _measured(bare: Endpoint, worker: Endpoint, *, rounds: int, requests: int) -> Part:
    async with AsyncExitStack() as stack:
        contenders = {BARE: await bare.open(stack), WORKER: await worker.open(stack)}
        alone = await in_turns({name: one.alone(requests // 4) for name, one in contenders.items()}, rounds)
        together = await in_turns({name: one.together(requests) for name, one in contenders.items()}, rounds)
    columns = {
        "alone, us": ",.0f",
        "of the bare": ".2f",
        f"processor, {CONNECTIONS} at a time, us": ",.0f",
        "of it": ".2f",
    }
    rows: dict[str, list[Cell]] = {
        name: [
            *(Spread.of(alone[name]), quotient(alone[name], alone[BARE])),
            *(Spread.of(together[name]), quotient(together[name], together[BARE])),
        ]
        for name in contenders
    }
    note = "Medians of the rounds, and between what they lie. Alone: from request to answer, without nginx."
    return Part([Table("overhead", "A request whose answer is in memory", columns, rows, note)])


def main() -> None:
    """Start both, measure, print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    rounds, requests = (2, 400) if parser.parse_args().quick else (7, 4000)
    with tempfile.TemporaryDirectory(prefix="warmline-overhead-") as folder, Stack(Path(folder)) as stack:
        served = stack.worker(requests_per_second="1000000", burst="1000000")
        await_redis(served, "up")
        length = len(served.answer(QUESTION).content)
        port = free_port()
        command = [sys.executable, "-m", "tests.measure.bench.bare", "--port", str(port)]
        bare = Process(command, log=Path(folder) / "bare.log", environment=python_path()).listening(port)
        path = "/v1/agents/reception/answer"
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                part = runner.run(
                    _measured(
                        Endpoint(port, f"{path}?length={length}", bare.id),
                        Endpoint(served.port, f"{path}?text={quote(QUESTION)}", served.process.id),
                        rounds=rounds,
                        requests=requests,
                    )
                )
        finally:
            bare.stop()
    sys.stdout.write(text({"machine": f"{os.cpu_count()} cores, {processor()}, load {load()} after it"}, [part]))


if __name__ == "__main__":
    main()

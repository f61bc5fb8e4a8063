"""The worker processes of the benchmark, from the outside."""

import asyncio
import contextlib
import itertools
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tests.measure.bench.messages import Reply, Request, Work
from tests.measure.bench.servers import Servers
from tests.support.processes import ROOT, python_path

WORKERS = 10
ANSWER_SECONDS = 60.0
END_SECONDS = 5.0


class Member:
    """One worker process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._awaited: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def ask(self, work: Work, *, seconds: float = ANSWER_SECONDS) -> Any:
        """What comes of the work. Raises RuntimeError if it failed, TimeoutError if it takes too long."""
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._awaited[number] = answer
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(Request(number, work)) + b"\n")
        async with asyncio.timeout(seconds):
            return await answer

    async def end(self) -> None:
        """End the process: by closing its input, else by its id."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            reply = msgspec.json.decode(line, type=Reply)
            answer = self._awaited.pop(reply.number)
            if answer.done():
                continue
            if reply.error:
                answer.set_exception(RuntimeError(f"in a worker process: {reply.error}"))
            else:
                answer.set_result(reply.result)
        for answer in self._awaited.values():
            if not answer.done():
                answer.set_exception(RuntimeError("a worker process has ended"))


class Fleet:
    """Ten of them."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    async def all(self, work: Work, *, seconds: float = ANSWER_SECONDS) -> list[Any]:
        """The same of everyone, at the same time."""
        return await asyncio.gather(*(member.ask(work, seconds=seconds) for member in self.members))


@contextlib.asynccontextmanager
async def fleet(servers: Servers) -> AsyncIterator[Fleet]:
    """Ten processes, ended with the block."""
    members: list[Member] = []
    try:
        for _ in range(WORKERS):
            process = await _start(servers)
            members.append(Member(process))
        yield Fleet(members)
    finally:
        await asyncio.gather(*(member.end() for member in members))


async def _start(servers: Servers) -> Process:
    ports = [str(server.port) for server in (servers.cache, servers.state, servers.origin)]
    # In a session of its own: Ctrl-C reaches the benchmark alone.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.measure.bench.worker", *ports),
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, **python_path()},
        start_new_session=True,
    )

"""Everybody asks the same at once."""

import asyncio
import itertools
import json
from urllib.parse import urlencode

from tests.support.processes.stack import Stack, Worker, key_of

CALLERS = 1000
SPELLINGS = ("What is {} pain?", "what is {} pain", "  WHAT is  {} pain ??", "Um, what is {} pain, please?")
JOINTS = ("knee", "hip", "elbow", "ankle", "wrist")


class Caller:
    """One connection on which one question after the other is asked. A client of a library would take longer for a
    thousand than the workers do, and so there would be no crowd."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def dial(cls, worker: Worker) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", worker.port))

    async def ask(self, question: str) -> str:
        """The answer to it; fails if there is none."""
        target = f"/v1/agents/reception/answer?{urlencode({'text': question})}"
        self._writer.write(
            f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key_of('lakeside')}\r\n\r\n".encode()
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await self._reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
        assert head.startswith("http/1.1 200 "), (head, body)
        answer: str = json.loads(body)["answer"]
        return answer

    def hang_up(self) -> None:
        self._writer.close()


async def test_a_thousand_callers_on_all_workers_cost_one_search_however_they_spell_it(stack: Stack) -> None:
    # How many searches there are is not to depend on how busy the machine is: here all share two cores with Redis.
    workers = [stack.worker(redis_deadline="1") for _ in range(3)]
    callers = [await Caller.dial(workers[number % len(workers)]) for number in range(CALLERS)]
    searches = [stack.convex.calls().get("knowledge:search", 0)]
    for joint in JOINTS:
        asked = (SPELLINGS[number % len(SPELLINGS)].format(joint) for number in range(CALLERS))
        answers = await asyncio.gather(*map(Caller.ask, callers, asked))
        assert len(set(answers)) == 1
        searches.append(stack.convex.calls()["knowledge:search"])
    for caller in callers:
        caller.hang_up()
    assert [after - before for before, after in itertools.pairwise(searches)] == [1] * len(JOINTS)

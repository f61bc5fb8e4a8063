"""Everybody asks the same at once."""

import asyncio

import httpx

from tests.support.processes.stack import Stack, key_of

CALLERS = 1000
SPELLINGS = ("What is knee pain?", "what is knee pain", "  WHAT is  knee pain ??", "Um, what is knee pain, please?")


async def test_a_thousand_callers_on_all_workers_cost_one_search_however_they_spell_it(stack: Stack) -> None:
    workers = [stack.worker() for _ in range(3)]
    before = stack.convex.calls().get("knowledge:search", 0)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60, headers=_key()) as http:
        answers = await asyncio.gather(
            *(
                http.get(
                    f"{workers[number % len(workers)].url}/v1/agents/reception/answer",
                    params={"text": SPELLINGS[number % len(SPELLINGS)]},
                )
                for number in range(CALLERS)
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["answer"] for answer in answers}) == 1
    assert stack.convex.calls()["knowledge:search"] - before == 1


def _key() -> dict[str, str]:
    return {"Authorization": f"Bearer {key_of('lakeside')}"}

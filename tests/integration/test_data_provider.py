"""What the data provider's functions may return, and what callers and operators notice of it."""

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from tests.support.processes.functions import CONFIG, PASSAGE, PROMPT, VOICE, Functions
from tests.support.processes.stack import Stack, Worker, await_redis
from tests.support.time.wait import until

KNOWN = PASSAGE["answer"]
UNKNOWN = PROMPT["unknown"]

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    with Functions() as functions:
        yield functions


@pytest.fixture(scope="module")
def worker(stack: Stack, functions: Functions) -> Worker:
    """One whose configuration is soon past its time, and what is not there soon asked for again."""
    worker = stack.worker(
        data_convex_url=functions.url,
        cache_config_ttl="0.5",
        cache_config_stale_while_revalidate="0",
        cache_rag_negative_ttl="2",
    )
    await_redis(worker, "up")
    return worker


@pytest.fixture
def agent(functions: Functions) -> Iterator[str]:
    """An agent that nobody has asked yet; the functions return good values."""
    good = dict(functions.values)
    yield f"agent-{next(_numbers)}"
    functions.values, functions.weary = good, None


def answer(worker: Worker, agent: str, question: str = "What is gout?") -> tuple[int, Any]:
    response = worker.answer(question, agent=agent)
    return response.status_code, response.json()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"status": "success", "value": {"name": "\xff"}}', id="a byte that is not UTF-8"),
        pytest.param(b'{"status": "success", "value": ' + b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"status": "success", "value": {"voice": {"model": 1}}}', id="of another shape"),
        pytest.param(b"not JSON", id="not JSON"),
    ],
)
def test_for_an_answer_that_cannot_be_read_the_value_past_its_time_stands_in(
    worker: Worker, functions: Functions, agent: str, body: bytes
) -> None:
    assert answer(worker, agent)[0] == 200
    functions.values["agents:config"] = body
    stale = until(
        lambda: [
            said for status, said in [answer(worker, agent)] if status == 200 and said["from"]["config"] == "stale"
        ],
        seconds=10,
        what="a configuration past its time",
    )
    assert stale[0]["answer"] == KNOWN
    status, said = answer(worker, f"{agent}-new")
    assert (status, said["error"]["code"], said["error"]["upstream"]) == (502, "upstream_rejected", "convex")


def test_what_cannot_be_read_is_named_in_the_log(worker: Worker, functions: Functions, agent: str) -> None:
    functions.values["agents:config"] = {**CONFIG, "voice": {**VOICE, "pace": "slow"}}
    assert answer(worker, agent)[0] == 502
    assert "`$.voice.pace`" in worker.process.says('"function": "agents:config"')


def test_an_agent_whose_optional_fields_are_null_answers(worker: Worker, functions: Functions, agent: str) -> None:
    optional = dict.fromkeys(["name", "greeting", "phrases", "promptUpdatedAt", "topK", "minimumScore"])
    functions.values["agents:config"] = {"voice": {**VOICE, "sampleRate": None}, **optional}
    functions.values["agents:prompt"] = {"unknown": UNKNOWN, "instructions": None, "answer": None}
    assert answer(worker, agent)[1]["answer"] == KNOWN


def test_a_prompt_without_a_time_is_as_new_as_its_configuration(
    worker: Worker, functions: Functions, agent: str
) -> None:
    functions.values["agents:config"] = {**CONFIG, "promptUpdatedAt": None}
    assert answer(worker, agent)[1]["answer"] == KNOWN
    functions.values["agents:prompt"] = {**PROMPT, "answer": "Well: {answer}"}
    until(lambda: answer(worker, agent)[1]["answer"] == f"Well: {KNOWN}", seconds=10, what="the new prompt")


def test_a_bad_passage_costs_no_good_one_and_is_counted(worker: Worker, functions: Functions, agent: str) -> None:
    left_out = 'warmline_upstream_elements_left_out_total{function="knowledge:search",upstream="convex"}'
    before = worker.metric(left_out)
    functions.values["knowledge:search"] = [None, {**PASSAGE, "answer": None}, {**PASSAGE, "_score": "NaN"}, PASSAGE]
    status, said = answer(worker, agent, "Which passages are good?")
    assert (status, said["answer"], len(said["passages"])) == (200, KNOWN, 1)
    assert worker.metric(left_out) == before + 3


@pytest.mark.parametrize("nothing", [[], None, [None]], ids=str)
def test_that_nothing_was_found_is_soon_asked_again(
    stack: Stack, worker: Worker, functions: Functions, agent: str, nothing: object
) -> None:
    question = f"What is new ({agent})?"
    functions.values["knowledge:search"] = nothing
    assert answer(worker, agent, question)[1]["answer"] == UNKNOWN
    assert answer(worker, agent, question)[1]["from"]["rag"] == "l1"
    functions.values["knowledge:search"] = [PASSAGE]
    until(lambda: answer(worker, agent, question)[1]["answer"] == KNOWN, seconds=10, what="what is new")


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_connection_that_died_under_a_request_costs_the_caller_nothing(
    worker: Worker, functions: Functions, agent: str, how: Literal["fin", "rst"]
) -> None:
    functions.weary = how
    before = functions.died
    told = [answer(worker, f"{agent}-{number}", f"What is {agent} {number}?") for number in range(8)]
    assert [(status, said.get("answer")) for status, said in told] == [(200, KNOWN)] * 8
    assert functions.died > before

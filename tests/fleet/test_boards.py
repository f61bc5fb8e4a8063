"""Every board shows data once callers have called: each of its questions is asked of the fleet's Prometheus."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from dashboards import check
from tests.support import fleet
from tests.support.fleet import Edge
from tests.support.voice import Call
from tests.support.wait import until

SECONDS = 900
CALLERS = fleet.callers(24)


def ask(path: str, parameters: Mapping[str, str]) -> Any:
    """Ask Prometheus, which answers inside the fleet alone, from its own host."""
    url = f"http://{fleet.addresses()['monitor-1']}:{fleet.PORTS['prometheus']}/api/v1/{path}"
    fields = [word for name, value in parameters.items() for word in ("--data-urlencode", f"{name}={value}")]
    command = " ".join(["curl --silent --get", *["%s"] * len(fields), "%s"])
    return json.loads(fleet.host("monitor-1").check_output(command, *fields, url))


@pytest.fixture(scope="module")
def used(edge: Edge) -> None:
    """Callers have asked, talked, cut in and come back; more of them at once than there are warm sockets; and something
    was changed."""
    for number, caller in enumerate(CALLERS):
        edge.get("answer", f"What is gout, for the {number % 4}th time?", caller=caller).raise_for_status()
    asyncio.run(_conversation(edge))
    asyncio.run(_burst(edge))
    worker = ask("query", {"query": 'up{job="workers"} == 1'})["data"]["result"][0]["metric"]["instance"]
    body, url = json.dumps({"organisation": "sahyadri", "knowledge": True}), f"http://{worker}/v1/admin/invalidate"
    fleet.host("monitor-1").check_output(
        "curl --silent --fail --header 'content-type: application/json' --data %s %s", body, url
    )


async def _conversation(edge: Edge) -> None:
    key = fleet.key("sahyadri")
    async with await Call.dial(edge.url, organisation=None, agent="reception", key=key) as call:
        token = (await call.next("opened"))["token"]
        await call.listen(0.2)
        await call.send("say", text="What is knee pain?")
        await call.next("answer")
        await call.listen(0.2, turn=1)
        await call.send("interrupt")
        await call.next("interrupted")
    async with await Call.dial(edge.url, organisation=None, resume=token, key=key) as call:
        await call.next("resumed")


async def _burst(edge: Edge) -> None:
    """As many new phrases at once as no pool keeps warm sockets for."""
    said = [f"Nobody has said this before, at {time.time()}, number {number}." for number in range(12)]
    answers = await asyncio.gather(*(asyncio.to_thread(edge.get, "speech", text, caller=CALLERS[0]) for text in said))
    for answer in answers:
        answer.raise_for_status()


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("used")
def test_every_panel_of_every_board_has_data_and_every_rule_can_be_evaluated() -> None:
    missing = list(check.questions())
    found: list[check.Finding] = []

    def answered() -> bool:
        nonlocal missing, found
        found = check.findings(ask, missing, end=time.time(), seconds=SECONDS)
        missing = [one.question for one in found]
        return not missing

    try:
        until(answered, seconds=120, what="data on every panel")
    except AssertionError as error:
        raise AssertionError("\n".join(map(str, found))) from error


def test_no_alert_says_that_something_is_down_while_all_is_well() -> None:
    firing = ask("query", {"query": 'ALERTS{alertstate="firing"}'})["data"]["result"]
    names = {one["metric"]["alertname"] for one in firing}
    assert "Watchdog" in names
    assert not names & {"WorkerDown", "RedisDown", "EdgeDoesNotAnswer", "TargetDown", "RulesFail", "ChannelLeaseLost"}

"""Boards show what happens: incidents are made to happen, then every question of every board is asked of Prometheus."""

import asyncio
import time
from typing import Any

import pytest

from dashboards import check
from tests.support import fleet
from tests.support.clients.voice import Call
from tests.support.fleet import Edge, incidents, operations, panels
from tests.support.time.wait import until_nothing

SECONDS = 1800
CALLERS = incidents.CALLERS
OTHERS = [incident for incident in incidents.INCIDENTS if incident is not incidents.DEPLOY]
"""A deploy and its rollback are looked for where they are made under load: test_rollouts.py."""


@pytest.fixture(scope="module")
def used(edge: Edge) -> None:
    """Callers have asked, talked, cut in and come back; more of them at once than there are warm sockets; and something
    was changed."""
    for number, caller in enumerate(CALLERS):
        edge.get("answer", f"What is gout, for the {number % 4}th time?", caller=caller).raise_for_status()
    asyncio.run(_conversation(edge))
    asyncio.run(_burst(edge))
    operations.done(operations.make("forget", ORGANISATION="sahyadri", KNOWLEDGE="1"))


async def dial(edge: Edge, **opening: Any) -> Call:
    """A conversation through the edge, over TLS."""
    return await Call.dial(edge.url, organisation=None, trust=fleet.trust(), **opening)


async def _conversation(edge: Edge) -> None:
    key = fleet.key("sahyadri")
    async with await dial(edge, agent="reception", key=key) as call:
        token = (await call.next("opened"))["token"]
        await call.listen(0.2)
        await call.send("say", text="What is knee pain?")
        await call.next("answer")
        await call.listen(0.2, turn=1)
        await call.send("interrupt")
        await call.next("interrupted")
    async with await dial(edge, resume=token, key=key) as call:
        await call.next("resumed")


async def _burst(edge: Edge) -> None:
    """As many new phrases at once as no pool keeps warm sockets for."""
    said = [f"Nobody has said this before, at {time.time()}, number {number}." for number in range(12)]
    answers = await asyncio.gather(*(asyncio.to_thread(edge.get, "speech", text, caller=CALLERS[0]) for text in said))
    for answer in answers:
        answer.raise_for_status()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "incident", [one for one in incidents.INCIDENTS if one != incidents.DEPLOY], ids=lambda incident: incident.what
)
def test_panels_show_an_incident_while_it_lasts(incident: incidents.Incident, edge: Edge) -> None:
    began = time.time()
    with incident.happens(edge):
        panels.show(incident.shown, began)


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("used")
def test_every_panel_of_every_board_has_data_and_every_rule_can_be_evaluated() -> None:
    missing = list(check.questions())

    def findings() -> list[check.Finding]:
        nonlocal missing
        found = check.findings(panels.ask, missing, end=time.time(), seconds=SECONDS)
        missing = [one.question for one in found]
        return found

    until_nothing(findings, seconds=120)


def test_no_alert_says_that_something_is_down_while_all_is_well() -> None:
    firing = panels.ask("query", {"query": 'ALERTS{alertstate="firing"}'})["data"]["result"]
    names = {one["metric"]["alertname"] for one in firing}
    assert "Watchdog" in names
    assert not names & {"WorkerDown", "RedisDown", "EdgeDoesNotAnswer", "TargetDown", "RulesFail", "ChannelLeaseLost"}

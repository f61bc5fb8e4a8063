"""What an agent's configuration and its organisation's knowledge come to when the provider leaves things out."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.worker.warm import VOICE, Application, Fleet, Member
from warmline.services.agents import AgentConfig, complete
from warmline.services.knowledge import Passage

pytestmark = pytest.mark.virtual_time

CONFIG = AgentConfig(voice=VOICE)
QUESTION = "What is gout?"


class Changing(Application):
    """Finds what a test sets, and lists the agents it sets."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Passage] | None = []
        self.names: list[str] | None = []

    def _value(self, path: str, args: dict[str, str | int]) -> object:
        return self.found if path == "knowledge:search" else self.names


@pytest.fixture
def app() -> Changing:
    return Changing()


@pytest.fixture
async def fleet(app: Changing) -> AsyncIterator[Fleet]:
    made = Fleet()
    made.app = app
    yield made
    await made.aclose()


def test_what_a_configuration_leaves_out_is_the_agents_own_name_and_the_moment() -> None:
    assert complete(CONFIG, "reception", now=1.5) == AgentConfig(name="reception", voice=VOICE, prompt_updated_at=1500)
    full = AgentConfig(name="Asha", voice=VOICE, prompt_updated_at=1.25)
    assert complete(full, "reception", now=1.5) == full


async def search(member: Member) -> list[Passage]:
    return (await member.services.knowledge.search("sahyadri", QUESTION, top_k=3, language="en-IN")).value


async def names(member: Member) -> list[str]:
    return (await member.services.roster.names("sahyadri")).value


@pytest.mark.parametrize("nothing", [[], None])
async def test_that_nothing_was_found_is_forgotten_by_every_worker_with_what_is_not_there(
    fleet: Fleet, app: Changing, nothing: list[Passage] | None
) -> None:
    one, other = fleet.member(limit=0), fleet.member(limit=0)
    app.found = nothing
    assert (await search(one), await search(other), app.calls["knowledge:search"]) == ([], [], 1)
    app.found = [Passage("1", 0.9, QUESTION, "A kind of arthritis.")]
    assert (await search(one), await search(other)) == ([], [])
    await asyncio.sleep(5)
    assert (await search(other), await search(one)) == (app.found, app.found)
    await asyncio.sleep(60)
    assert await search(one) == app.found
    assert app.calls["knowledge:search"] == 2


async def test_of_more_passages_than_were_asked_for_the_first_are_taken(fleet: Fleet, app: Changing) -> None:
    app.found = [Passage(str(number), 0.9, QUESTION, "A kind of arthritis.") for number in range(10_000)]
    assert await search(fleet.member(limit=0)) == app.found[:3]


@pytest.mark.parametrize("nothing", [[], None])
async def test_the_first_agent_of_an_organisation_is_soon_heard_of(
    fleet: Fleet, app: Changing, nothing: list[str] | None
) -> None:
    member = fleet.member(limit=0)
    app.names = nothing
    assert await names(member) == []
    app.names = ["reception"]
    await asyncio.sleep(5)
    assert await names(member) == ["reception"]

"""What a worker has in memory before its first caller, at what cost, and when it says that it is ready."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worker.warm import LIMITS, VOICE, Fleet, Member
from warmline.warming.allowance import LEAST_CALLS, Allowance, Room
from warmline.warming.popular import Question
from warmline.warming.warming import in_turns
from warmline_cache import Source

pytestmark = pytest.mark.virtual_time

HOT = {"config": "l1", "prompt": "l1", "rag": "l1", "tts": "l1"}
KNEE = "what is knee pain"
SHARED = "There is more about this at the desk."


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    made = Fleet()
    made.app.add("sahyadri", "reception", greeting="Namaste", phrases=("One moment please", "Goodbye"))
    made.app.add("sahyadri", "care", greeting="Hello")
    yield made
    await made.aclose()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks were left behind: {left}"


def asked_before(fleet: Fleet, *texts: str, organisation: str = "sahyadri", agent: str = "reception") -> None:
    """So far these were asked, the first most."""
    day = int(fleet.world.wall() // 86_400)
    for rank, text in enumerate(texts):
        fleet.popular.days[organisation][day][Question(agent, text)] = 100 - rank


async def spoken_from(member: Member, text: str, agent: str = "reception") -> str | None:
    config = await member.services.agents.config("sahyadri", agent)
    found = await member.services.speech.peek("sahyadri", agent, config.value.voice, text)
    return None if found is None else found.source.value


async def test_the_first_caller_of_a_new_worker_is_answered_from_its_memory(fleet: Fleet) -> None:
    first = fleet.member(limit=0)
    await first.heard("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    cold = fleet.member()
    await fleet.ready(cold)
    assert await cold.heard("sahyadri", "reception", "Um, what is knee pain?") == HOT
    for text in ("Namaste", "One moment please", "Goodbye"):
        assert await spoken_from(cold, text) == "l1"
    assert await spoken_from(cold, "Hello", "care") == "l1"
    assert cold.warming.state == "complete"
    assert {what for _, what in cold.report.entries} == {"l2", "origin"}


async def test_what_the_fleet_has_is_not_asked_for_again(fleet: Fleet) -> None:
    asked_before(fleet, KNEE)
    await fleet.ready(fleet.member())
    calls, spoken = fleet.app.calls.copy(), fleet.voices.spoken.copy()
    second = fleet.member()
    began = fleet.world.clock()
    await fleet.ready(second)
    assert (fleet.app.calls, fleet.voices.spoken) == (calls, spoken)
    assert fleet.world.clock() - began < 0.1
    assert {what for _, what in second.report.entries} == {"l2"}


async def test_workers_that_start_together_ask_the_origin_once(fleet: Fleet) -> None:
    asked_before(fleet, KNEE)
    workers = [fleet.member() for _ in range(5)]
    for worker in workers:
        await fleet.ready(worker)
    assert set(fleet.app.calls.values()) <= {1, 2}  # of two agents each has a configuration and a prompt
    assert len(fleet.voices.spoken) == len(set(fleet.voices.spoken))


async def test_what_another_worker_loaded_costs_this_one_nothing_of_its_allowance(fleet: Fleet) -> None:
    asked_before(fleet, *(f"question {number}" for number in range(20)))
    half = dataclasses.replace(LIMITS, calls=35)
    workers = [fleet.member(limits=half, limit=1000) for _ in range(2)]
    for worker in workers:
        await fleet.ready(worker)
    assert fleet.app.calls.total() + len(fleet.voices.spoken) == 49
    assert not any(what == "refused" for _, what in workers[1].report.entries)


async def test_no_more_loads_run_at_a_time_than_allowed(fleet: Fleet) -> None:
    asked_before(fleet, *(f"question {number}" for number in range(40)))
    await fleet.ready(fleet.member(limit=1000))
    assert fleet.app.most_running == 4


async def test_what_the_allowance_of_calls_refuses_is_counted_and_left_cold(fleet: Fleet) -> None:
    asked_before(fleet, *(f"question {number}" for number in range(40)))
    member = fleet.member(limits=dataclasses.replace(LIMITS, calls=20), limit=1000)
    await fleet.ready(member)
    assert sum(fleet.app.calls.values()) + len(fleet.voices.spoken) == 20
    refused = sum(count for (_, what), count in member.report.entries.items() if what == "refused")
    assert refused > 0
    assert member.events.entries == member.report.entries
    assert member.warming.state == "complete"


async def test_no_more_characters_are_spoken_than_allowed(fleet: Fleet) -> None:
    asked_before(fleet, *(f"question {number:03}" for number in range(40)))
    await fleet.ready(fleet.member(limits=dataclasses.replace(LIMITS, characters=200), limit=1000))
    assert 150 < sum(map(len, fleet.voices.spoken)) <= 200
    assert fleet.app.calls["knowledge:search"] == 40


async def test_no_more_is_spoken_than_memory_holds_and_the_greeting_is_not_pushed_out(fleet: Fleet) -> None:
    asked_before(fleet, *(f"question {number:03}" for number in range(40)))
    member = fleet.member(phrases=10, limit=1000)
    await fleet.ready(member)
    assert len(fleet.voices.spoken) == 10
    assert await spoken_from(member, "Namaste") == "l1"


async def test_the_most_asked_come_first_where_not_all_can_be_warmed(fleet: Fleet) -> None:
    asked_before(fleet, *(f"question {number}" for number in range(40)))
    member = fleet.member(questions=10, limit=1000)
    await fleet.ready(member)
    for number in range(40):
        found = await member.services.knowledge.peek("sahyadri", f"question {number}", top_k=3, language="en-IN")
        assert (found is not None) == (number < 10)


async def test_readiness_waits_no_longer_than_its_limit_and_the_warming_goes_on(fleet: Fleet) -> None:
    fleet.app.seconds = 7
    member = fleet.member(limit=10)
    began = fleet.world.clock()
    await fleet.ready(member)
    assert fleet.world.clock() - began == pytest.approx(10, abs=0.1)
    assert member.warming.state == "timed out after 10 s"
    await asyncio.sleep(60)
    assert await spoken_from(member, "Goodbye") == "l1"
    assert member.warming.state == "timed out after 10 s"


async def test_an_origin_that_is_down_is_asked_a_few_times_only(fleet: Fleet) -> None:
    for number in range(100):
        fleet.app.add(f"organisation-{number:02}", "reception")
    fleet.app.down = True
    member = fleet.member()
    await fleet.ready(member)
    assert member.warming.state == "complete"
    assert sum(fleet.app.calls.values()) <= 3 + LIMITS.concurrency
    assert member.report.entries["roster", "failed"] >= 3
    assert member.report.entries["roster", "refused"] > 90


async def test_with_the_origin_down_the_agents_who_are_asked_are_warm_from_redis(fleet: Fleet) -> None:
    first = fleet.member()
    await first.heard("sahyadri", "reception", KNEE)
    await asyncio.sleep(55)
    await first.heard("sahyadri", "reception", KNEE)
    await asyncio.sleep(6)
    await first.heard("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    fleet.app.down = True
    second = fleet.member()
    await fleet.ready(second)
    assert second.report.entries["roster", "failed"] == 1
    assert await second.heard("sahyadri", "reception", KNEE) == HOT


async def test_a_voice_that_is_down_leaves_the_rest_warm(fleet: Fleet) -> None:
    asked_before(fleet, KNEE)
    fleet.voices.down = True
    member = fleet.member()
    await fleet.ready(member)
    assert member.warming.state == "complete"
    answer = await member.answers.answer("sahyadri", "reception", KNEE)
    assert answer.sources == {"config": "l1", "prompt": "l1", "rag": "l1"}


async def test_a_phrase_that_nobody_can_speak_is_left_out(fleet: Fleet) -> None:
    fleet.app.add("kaveri", "physio", greeting="x" * 301)
    member = fleet.member()
    await fleet.ready(member)
    assert (member.warming.state, max(map(len, fleet.voices.spoken))) == ("complete", len("One moment please"))
    assert member.report.entries["tts", "refused"] == 1


async def test_a_phrase_that_cannot_be_spoken_takes_no_room_from_another(fleet: Fleet) -> None:
    fleet.app.add("sahyadri", "reception", greeting="x" * 301, phrases=("Goodbye",))
    fleet.app.agents["sahyadri"].pop("care")
    member = fleet.member(phrases=1)
    await fleet.ready(member)
    assert await spoken_from(member, "Goodbye") == "l1"


@pytest.mark.parametrize("first", ["a-clinic", "z-clinic"])
async def test_phrases_that_the_provider_refuses_cost_no_other_organisation_its_own(fleet: Fleet, first: str) -> None:
    refused = [f"refused {number}" for number in range(12)]
    fleet.voices.refused.update(refused)
    for number in range(4):
        fleet.app.add(first, f"agent-{number}", greeting=refused[number * 3], phrases=tuple(refused[number * 3 :]))
        fleet.app.add(first, f"well-{number}", greeting=f"Good phrase {number}")
    member = fleet.member(limit=1000)
    await fleet.ready(member)
    assert member.warming.state == "complete"
    for text in ("Namaste", "One moment please", "Goodbye"):
        assert await spoken_from(member, text) == "l1"
    assert {f"Good phrase {number}" for number in range(4)} <= set(fleet.voices.spoken)
    assert member.report.entries["tts", "refused"] == 0


@pytest.mark.parametrize("other", ["a-clinic", "z-clinic"])
async def test_an_organisation_that_has_very_much_takes_nothing_of_anothers_part(fleet: Fleet, other: str) -> None:
    for number in range(40):
        fleet.app.add(other, f"agent-{number}", greeting=f"I am number {number}", phrases=("One", "Two", "Three"))
    member = fleet.member(limits=dataclasses.replace(LIMITS, calls=40), phrases=10, limit=1000)
    await fleet.ready(member)
    for text in ("Namaste", "One moment please", "Goodbye"):
        assert await spoken_from(member, text) == "l1"
    assert fleet.app.calls.total() + len(fleet.voices.spoken) == 40, "what was left was not left over"


async def test_of_many_organisations_as_many_are_warmed_as_can_be(fleet: Fleet) -> None:
    """A part that is too small for the first thing an agent says would warm nobody."""
    fleet.app.agents.clear()
    for number in range(150):
        fleet.app.add(f"org-{number:03}", "reception", greeting=f"Namaste from number {number}")
    member = fleet.member(limits=dataclasses.replace(LIMITS, calls=40), limit=1000)
    await fleet.ready(member)
    assert fleet.app.calls.total() + len(fleet.voices.spoken) <= 40
    assert len(fleet.voices.spoken) >= 8


async def test_a_phrase_longer_than_an_equal_part_is_spoken_from_what_is_left(fleet: Fleet) -> None:
    fleet.app.agents.clear()
    for number in range(5):
        fleet.app.add(f"org-{number}", "reception", greeting=f"I am number {number}, and this is a long greeting")
    member = fleet.member(limits=dataclasses.replace(LIMITS, characters=100), limit=1000)
    await fleet.ready(member)
    assert len(fleet.voices.spoken) == 2
    assert member.report.entries["tts", "refused"] == 3


async def test_a_text_without_a_letter_is_neither_spoken_nor_counted(fleet: Fleet) -> None:
    fleet.app.add("kaveri", "physio", greeting="", phrases=(" ", "…", "👍", "\u200b"))
    member = fleet.member()
    await fleet.ready(member)
    assert set(fleet.voices.spoken) == {"Namaste", "One moment please", "Goodbye", "Hello"}
    assert {what for cache, what in member.report.entries if cache == "tts"} == {"origin"}


async def test_without_redis_what_needs_no_invalidation_is_warm(fleet: Fleet) -> None:
    for gate in ("read", "claim", "commit"):
        fleet.world.store.gates.broken.add(gate)
    fleet.popular.broken = True
    member = fleet.member()
    await fleet.ready(member)
    assert member.warming.state == "complete"
    assert await spoken_from(member, "Namaste") == "l1"


async def test_a_warming_that_is_switched_off_does_nothing_at_start_and_all_on_demand(fleet: Fleet) -> None:
    member = fleet.member(limit=0)
    await asyncio.sleep(20)
    assert (member.warming.ready, member.warming.state, fleet.app.calls.total()) == (True, "off", 0)
    report = await member.warming.again()
    assert report.by_cache()["tts"] == {"origin": 4}
    assert await spoken_from(member, "Namaste") == "l1"
    assert (await member.warming.again()).by_cache()["tts"] == {"l1": 4}
    assert member.events.durations[1] < member.events.durations[0]


async def test_on_demand_joins_a_warming_that_is_under_way(fleet: Fleet) -> None:
    member = fleet.member()
    await asyncio.gather(member.warming.again(), member.warming.again())
    assert len(member.events.durations) == 1
    await asyncio.sleep(0.1)
    assert member.warming.state == "complete"


async def test_an_organisation_that_came_since_the_start_is_warmed_on_demand_and_one_that_left_is_not(
    fleet: Fleet,
) -> None:
    member = fleet.member()
    await fleet.ready(member)
    fleet.app.add("kaveri", "desk", greeting="Good day")
    del fleet.app.agents["sahyadri"]
    before = fleet.app.calls["agents:list"]
    await member.warming.again()
    found = await member.services.speech.peek("kaveri", "desk", VOICE, "Good day")
    assert found is not None
    assert found.source is Source.L1
    assert fleet.app.calls["agents:list"] == before + 1


async def test_who_leaves_while_it_waits_for_a_warming_does_not_end_it(fleet: Fleet) -> None:
    member = fleet.member(limit=0)
    impatient, patient = (asyncio.create_task(member.warming.again()) for _ in range(2))
    await asyncio.sleep(0.1)
    impatient.cancel()
    assert (await patient).by_cache()["tts"] == {"origin": 4}


async def test_a_caller_who_is_quicker_than_the_warming_shares_its_load(fleet: Fleet) -> None:
    member = fleet.member()
    await asyncio.sleep(0.3)
    await member.heard("sahyadri", "reception", KNEE)
    await fleet.ready(member)
    assert fleet.app.calls["agents:config"] == 2


async def test_stopping_leaves_nothing_behind(fleet: Fleet) -> None:
    fleet.app.seconds = 1000
    fleet.member()
    await asyncio.sleep(1)


async def test_an_organisation_that_opted_out_is_greeted_warmly_and_its_questions_stay_cold() -> None:
    fleet = Fleet(opted_out=("sahyadri",))
    fleet.app.add("sahyadri", "reception", greeting="Namaste")
    asked_before(fleet, KNEE)
    member = fleet.member()
    await fleet.ready(member)
    assert await spoken_from(member, "Namaste") == "l1"
    assert await member.services.knowledge.peek("sahyadri", KNEE, top_k=3, language="en-IN") is None
    await fleet.aclose()


async def test_a_fault_of_our_own_leaves_the_worker_cold_and_ready(fleet: Fleet) -> None:
    fleet.voices.faulty = True
    member = fleet.member()
    await fleet.ready(member)
    assert member.warming.state == "failed"
    with pytest.raises(BaseExceptionGroup):
        await member.warming.again()


async def test_a_fault_of_our_own_in_one_organisation_leaves_the_others_warm(fleet: Fleet) -> None:
    fleet.app.add("kaveri", "reception", greeting="Vanakkam")
    fleet.app.add("tapti", "reception", greeting="Namaskar")
    fleet.voices.faults.add("Namaste")
    member = fleet.member()
    await fleet.ready(member)
    assert member.warming.state == "failed"
    for organisation, greeting in (("kaveri", "Vanakkam"), ("tapti", "Namaskar")):
        config = await member.services.agents.config(organisation, "reception")
        found = await member.services.speech.peek(organisation, "reception", config.value.voice, greeting)
        assert found is not None
        assert found.source is Source.L1


@pytest.mark.parametrize("other", ["a-clinic", "z-clinic"])
async def test_an_organisation_that_is_slow_to_load_keeps_no_other_cold(fleet: Fleet, other: str) -> None:
    """It had every turn, and the others were warmed when it was: a minute after their callers had come."""
    for number in range(20):
        fleet.app.add(other, f"agent-{number}", greeting=f"I am number {number}")
    fleet.app.slow[other] = 5.0
    asked_before(fleet, KNEE)
    member = fleet.member(limit=15)
    await fleet.ready(member)
    assert member.warming.state == "timed out after 15 s"
    assert await member.heard("sahyadri", "reception", KNEE) == HOT
    for text in ("Namaste", "One moment please", "Goodbye"):
        assert await spoken_from(member, text) == "l1"


async def zeta_is_warm_beside(fleet: Fleet) -> Member:
    """Two questions at sahyadri have one answer; zeta has an agent, and twenty questions that are asked."""
    fleet.app.add("zeta", "desk", greeting="Good day")
    fleet.app.answers.update(dict.fromkeys(("first", "second"), SHARED))
    asked_before(fleet, "first", "second")
    questions = [f"question {number}" for number in range(20)]
    asked_before(fleet, *questions, organisation="zeta", agent="desk")
    member = fleet.member(limit=1000)
    await fleet.ready(member)
    for text in ("Good day", *(f"Answer to: {question}" for question in questions)):
        found = await member.services.speech.peek("zeta", "desk", VOICE, text)
        assert found is not None, f"{text} is cold"
    return member


async def test_an_answer_to_two_questions_that_cannot_be_spoken_costs_no_other_organisation_its_own(
    fleet: Fleet,
) -> None:
    fleet.voices.refused.add(SHARED)
    member = await zeta_is_warm_beside(fleet)
    assert member.warming.state == "complete"
    assert member.report.entries["tts", "failed"] == 2


async def test_what_breaks_at_one_answer_leaves_all_others_warm_and_the_warming_failed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(text: str) -> bool:
        if text == SHARED:
            raise ZeroDivisionError("a fault of ours")
        return True

    monkeypatch.setattr("warmline.warming.sweep.speakable", breaks)
    member = await zeta_is_warm_beside(fleet)
    assert member.warming.state == "failed"
    assert member.report.entries["tts", "failed"] == 2
    assert await spoken_from(member, "Namaste") == "l1"


async def test_what_redis_lacks_is_loaded_though_the_look_into_redis_broke(fleet: Fleet) -> None:
    asked_before(fleet, KNEE)
    await fleet.ready(fleet.member(limits=dataclasses.replace(LIMITS, calls=8)))
    member = fleet.member(limit=0)
    member.events.breaks = 3  # at an entry, where that is noted, and where that is
    with pytest.raises(ExceptionGroup, match="left cold by faults of ours"):
        await member.warming.again()
    assert await member.heard("sahyadri", "reception", KNEE) == HOT


@pytest.mark.parametrize("calls", range(8, 14))
async def test_an_answer_to_two_questions_is_warmed_once_whatever_may_be_spent(fleet: Fleet, calls: int) -> None:
    fleet.app.agents["sahyadri"].pop("care")
    fleet.app.answers.update(dict.fromkeys(("first", "second"), SHARED))
    asked_before(fleet, "first", "second")
    member = fleet.member(limits=dataclasses.replace(LIMITS, calls=calls), limit=1000)
    await fleet.ready(member)
    assert member.warming.state == "complete"
    assert fleet.voices.spoken.count(SHARED) == (calls > 8)


def test_organisations_take_turns() -> None:
    assert in_turns([["a1", "a2", "a3"], [], ["b1"], ["c1", "c2"]], 5) == ["a1", "b1", "c1", "a2", "c2"]


@given(st.lists(st.lists(st.integers())), st.integers(0, 20))
def test_taking_turns_loses_nothing_below_the_limit(rankings: list[list[int]], limit: int) -> None:
    taken = in_turns(rankings, limit)
    everything = [one for ranking in rankings for one in ranking]
    assert len(taken) == min(limit, len(everything))
    if limit >= len(everything):
        assert sorted(taken) == sorted(everything)


def test_an_allowance_is_never_overdrawn_and_ends_for_an_origin_that_keeps_failing() -> None:
    allowance = Allowance(calls=10, characters=100, organisations=["a"], failures=2)
    taken = [allowance.take("tts", "a", 60), allowance.take("tts", "a", 60), allowance.take("tts", "a", 40)]
    assert taken == [True, False, True]
    allowance.give_back("a", 40)
    assert allowance.left() == (9, 40)
    for _ in range(2):
        allowance.record_failure("rag", "a")
    assert [allowance.take("rag", "a", 0), allowance.take("tts", "a", 0)] == [False, True]


def test_an_organisations_failures_are_its_own_until_others_fail_too() -> None:
    allowance = Allowance(calls=100, characters=100, organisations=["a", "b", "c"])
    for _ in range(5):
        allowance.record_failure("tts", "a")
    assert [allowance.take("tts", name, 0) for name in "abc"] == [False, True, True]
    allowance.record_failure("tts", "b")
    assert [allowance.take("tts", name, 0) for name in "abc"] == [False, False, False]
    allowance.record_answer("tts")
    assert [allowance.take("tts", name, 0) for name in "abc"] == [False, True, True]


@given(st.integers(0, 50), st.integers(1, 7))
def test_an_allowance_is_shared_out_to_the_last_call(calls: int, organisations: int) -> None:
    names = [str(number) for number in range(organisations)]
    allowance = Allowance(calls=calls, characters=calls, organisations=names)
    assert allowance.left() == (calls, calls)
    takes = [sum(allowance.take("tts", name, 1) for _ in range(calls)) for name in names]
    some = takes[: max(1, calls // LEAST_CALLS)]
    assert max(some) - min(some) <= 1
    assert allowance.left() == (0, 0)


def test_what_others_have_left_is_for_those_who_lack_it() -> None:
    allowance = Allowance(calls=10, characters=10, organisations=["a", "b"])
    assert sum(allowance.take("tts", "a", 1) for _ in range(10)) == 5
    allowance.take("tts", "b", 1)
    allowance.share_again(["a"])
    assert sum(allowance.take("tts", "a", 1) for _ in range(10)) == 4
    assert not allowance.take("tts", "b", 1)


def test_room_ends_with_entries_or_bytes_and_counts_nothing_twice() -> None:
    room = Room(entries=2, size=100)
    assert [room.take("o", name) for name in "aabc"] == [True, True, True, False]
    room.leave("o", "b")
    assert room.take("o", "c")
    for _ in range(2):
        room.fill("o", "a", 50)
    assert [room.take("o", "a"), room.take("o", "b")] == [True, False]
    small = Room(entries=9, size=10)
    assert small.take("o", "a")
    small.fill("o", "a", 10)
    assert not small.take("o", "b")


def test_a_place_that_two_have_taken_is_free_when_both_have_left_it_and_kept_when_either_has_filled_it() -> None:
    room = Room(entries=1, size=100)
    for _ in range(2):
        assert room.take("o", "a")
    room.leave("o", "a")
    assert not room.take("o", "b")
    room.leave("o", "a")
    assert [room.take("o", "b"), room.take("o", "b")] == [True, True]
    room.leave("o", "b")
    room.fill("o", "b", 50)
    assert not room.take("o", "a")


def test_an_organisation_has_room_for_its_part_whatever_another_holds() -> None:
    room = Room(entries=4, size=100, organisations=2)
    assert [room.take("a", name) for name in "abcde"] == [True, True, True, True, False]
    assert [room.take("b", name) for name in "abc"] == [True, True, False]
    room.leave("b", "a")
    assert room.take("b", "c")

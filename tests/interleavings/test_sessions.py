"""Voice sessions in virtual time: real services over shared stores, and what one caller hears when things happen."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

import pytest
from msgspec.structs import replace

from tests.support.caches.world import settle
from tests.support.worker.sessions import GREETING, RATE, VOICE, Line, Provider, Switchboard, audio_of, samples_of
from warmline.errors import AgentNotFound, SessionNotFound, SessionsFull
from warmline.services import groups
from warmline.services.agents import AgentConfig
from warmline.session import End, SessionLimits
from warmline.session.messages import (
    Answer,
    AudioBegin,
    AudioEnd,
    Close,
    ErrorMessage,
    GoingAway,
    Greeting,
    Interrupt,
    Interrupted,
    Open,
    Opened,
    Resumed,
    Say,
)
from warmline.upstream.ports import Voice
from warmline_cache.errors import StoreUnavailable

T = TypeVar("T")
pytestmark = pytest.mark.virtual_time

ANSWER = "About why."


@pytest.fixture
async def board() -> AsyncIterator[Switchboard]:
    made = Switchboard()
    yield made
    await asyncio.sleep(60)  # loads that nobody waits for any more come to their end
    for worker in made.workers:
        assert worker.events.open == 0
        await worker.sessions.aclose()
    await settle()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks were left behind: {left}"


async def listening(line: Line) -> str:
    """Return when the greeting has been heard; the session's token."""
    opened = await line.caller.next(Opened)
    await line.caller.next(AudioEnd)
    return opened.token


async def close(line: Line) -> None:
    line.caller.say(Close())
    assert await line.end is End.CLOSED


async def test_the_greeting_is_heard_whole_and_no_more_than_the_lead_ahead_of_time(board: Switchboard) -> None:
    line = board.dial(board.worker())
    greeting = await line.caller.next(Greeting)
    assert (greeting.turn, greeting.text) == (0, GREETING)
    assert (await line.caller.next(AudioEnd)).samples == samples_of(GREETING)
    assert line.caller.heard(0) == audio_of(GREETING)
    began = line.caller.frames[0][0]
    for at, _, first, _ in line.caller.frames:
        assert first / RATE - (at - began) <= 0.4 + 1e-9
    await close(line)


@pytest.mark.parametrize("nothing", ["", " ", "…", "👍", "—", "\u200b", "\u0301"], ids=ascii)
async def test_what_holds_nothing_to_speak_is_an_utterance_of_no_samples(board: Switchboard, nothing: str) -> None:
    board.provider.greeting = board.provider.answer = nothing
    line = board.dial(board.worker())
    assert (await line.caller.next(Greeting)).text == nothing
    assert await line.caller.next(AudioBegin) == AudioBegin(0, 0, {})
    assert await line.caller.next(AudioEnd) == AudioEnd(0, 0)
    line.caller.say(Say("why"))
    assert (await line.caller.next(Answer)).text == nothing
    assert await line.caller.next(AudioBegin) == AudioBegin(1, 0, {})
    assert await line.caller.next(AudioEnd) == AudioEnd(1, 0)
    assert line.caller.frames == []
    assert board.provider.spoken == []
    await close(line)


async def test_a_session_that_was_greeted_with_silence_can_be_resumed(board: Switchboard) -> None:
    board.provider.greeting = ""
    worker = board.worker()
    line = board.dial(worker)
    token = await listening(line)
    await settle()
    line.caller.hang_up()
    await line.end
    again = board.dial(worker, Open(resume=token))
    await again.caller.next(Resumed)
    assert (await again.caller.next(AudioEnd)).samples == 0
    await close(again)


async def test_an_answer_that_is_too_long_to_be_spoken_is_the_knowledges_fault(board: Switchboard) -> None:
    board.provider.answer = "a very long story " * 200
    line = board.dial(board.worker())
    await listening(line)
    line.caller.say(Say("why"))
    assert (await line.caller.next(Answer)).text == board.provider.answer
    error = await line.caller.next(ErrorMessage)
    assert (error.code, error.field, error.turn) == ("upstream_rejected", None, 1)
    await close(line)


async def test_a_warm_greeting_takes_no_time_at_all(board: Switchboard) -> None:
    worker = board.worker()
    first = board.dial(worker)
    await listening(first)
    second = board.dial(worker)
    await second.caller.next(AudioBegin)
    await settle()
    assert worker.events.first[-1] == ("greeting", 0.0)
    assert board.provider.spoken == [GREETING]
    await close(first)
    await close(second)


async def test_a_question_is_answered_and_every_lookup_is_accounted_for(board: Switchboard) -> None:
    line = board.dial(board.worker())
    await listening(line)
    line.caller.say(Say("Why?"))
    answer = await line.caller.next(Answer)
    assert (answer.turn, answer.text, answer.passages) == (1, ANSWER, ("p1",))
    assert {name: (str(lookup.layer), lookup.ms) for name, lookup in answer.lookups.items()} == {
        "config": ("l1", 0),
        "prompt": ("origin", 100),
        "rag": ("origin", 200),
    }
    begin = await line.caller.next(AudioBegin)
    assert (begin.turn, begin.lookups["tts"].ms) == (1, 550)
    await line.caller.next(AudioEnd)
    assert line.caller.heard(1) == audio_of(ANSWER)
    await close(line)


async def test_to_speak_up_silences_the_agent_at_once(board: Switchboard) -> None:
    worker = board.worker()
    line = board.dial(worker)
    await line.caller.next(AudioBegin)
    await asyncio.sleep(0.73)
    line.caller.say(Say("Why?"))
    interrupted = await line.caller.next(Interrupted)
    sent = len(line.caller.heard(0)) // 2
    assert (interrupted.turn, interrupted.samples) == (0, sent)
    await line.caller.next(AudioEnd)
    assert len(line.caller.heard(0)) // 2 == sent
    assert line.caller.heard(1) == audio_of(ANSWER)
    assert worker.events.interruptions == [0.0]
    await close(line)


async def test_an_interruption_takes_the_audio_from_nobody_else(board: Switchboard) -> None:
    worker = board.worker()
    impatient, patient = board.dial(worker), board.dial(worker)
    await impatient.caller.next(AudioBegin)
    impatient.caller.say(Interrupt())
    await impatient.caller.next(Interrupted)
    await patient.caller.next(AudioEnd)
    assert patient.caller.heard(0) == audio_of(GREETING)
    assert board.provider.spoken == [GREETING]
    await close(impatient)
    await close(patient)


async def test_a_session_goes_on_at_another_worker_from_the_sample_it_had_come_to(board: Switchboard) -> None:
    first = board.dial(board.worker())
    token = (await first.caller.next(Opened)).token
    await first.caller.next(AudioBegin)
    await asyncio.sleep(1)
    first.caller.hang_up()
    assert await first.end is End.GONE
    second = board.dial(board.worker(), Open(resume=token))
    resumed = await second.caller.next(Resumed)
    assert (resumed.turn, resumed.history[0].text, resumed.slot) == (0, GREETING, "test/2")
    assert (await second.caller.next(AudioBegin)).start == len(first.caller.heard(0)) // 2
    await second.caller.next(AudioEnd)
    assert first.caller.heard(0) + second.caller.heard(0) == audio_of(GREETING)
    await close(second)


async def test_a_session_that_another_slot_held_is_counted_as_moved(board: Switchboard) -> None:
    workers = [board.worker(), board.worker()]
    line = board.dial(workers[0])
    token = (await line.caller.next(Opened)).token
    for worker in (workers[0], workers[1], workers[1]):
        line.caller.hang_up()
        await line.end
        line = board.dial(worker, Open(resume=token))
        await line.caller.next(Resumed)
    assert [worker.events.resumed for worker in workers] == [[False], [True, False]]
    await close(line)


async def test_a_client_says_how_far_it_heard_when_the_worker_could_not(board: Switchboard) -> None:
    """A killed worker wrote last when the utterance began."""
    first = board.dial(board.worker())
    token = (await first.caller.next(Opened)).token
    await first.caller.next(AudioBegin)
    await asyncio.sleep(1)
    second = board.dial(board.worker(), Open(resume=token, turn=0, samples=4000))
    assert (await second.caller.next(AudioBegin)).start == 4000
    await second.caller.next(AudioEnd)
    assert second.caller.heard(0) == audio_of(GREETING)[8000:]
    assert await first.end is End.TAKEN_OVER
    await close(second)


class Revoiced(Provider):
    """Its agent's voice can be changed, and it remembers in which it spoke."""

    def __init__(self) -> None:
        super().__init__()
        self.voice = VOICE
        self.voices: set[Voice] = set()

    async def query(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        found = await super().query(path, args, returns)
        return replace(found, voice=self.voice) if isinstance(found, AgentConfig) else found

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        self.voices.add(voice)
        async for chunk in super().stream(text, voice):
            yield chunk


@pytest.mark.parametrize("samples", [None, 4000])
async def test_a_resumed_session_keeps_its_voice_and_its_place_when_the_agents_voice_has_changed(
    board: Switchboard, samples: int | None
) -> None:
    provider = board.provider = Revoiced()
    first = board.dial(board.worker())
    token = (await first.caller.next(Opened)).token
    await first.caller.next(AudioBegin)
    await asyncio.sleep(1)
    first.caller.hang_up()
    await first.end
    provider.voice = replace(VOICE, speaker="another", sample_rate=3 * RATE)
    await board.world.invalidate(groups.agent("sahyadri", "reception"))
    told = Open(resume=token) if samples is None else Open(resume=token, turn=0, samples=samples)
    second = board.dial(board.worker(), told)
    assert (await second.caller.next(Resumed)).sample_rate == RATE
    heard = len(first.caller.heard(0)) // 2 if samples is None else samples
    assert (await second.caller.next(AudioBegin)).start == heard
    await second.caller.next(AudioEnd)
    assert second.caller.heard(0) == audio_of(GREETING)[2 * heard :]
    second.caller.say(Say("Why?"))
    await second.caller.next(AudioEnd)
    assert provider.voices == {VOICE}
    fresh = board.dial(board.workers[1])
    assert (await fresh.caller.next(Opened)).sample_rate == 3 * RATE
    await close(second)
    await close(fresh)


async def test_who_takes_over_is_the_only_one_who_hears_on(board: Switchboard) -> None:
    board.store.deaf = True  # within one worker nobody need tell
    worker = board.worker()
    first = board.dial(worker)
    token = (await first.caller.next(Opened)).token
    await first.caller.next(AudioBegin)
    second = board.dial(worker, Open(resume=token))
    await second.caller.next(AudioBegin)
    assert await first.end is End.TAKEN_OVER
    heard = len(first.caller.frames)
    await second.caller.next(AudioEnd)
    assert len(first.caller.frames) == heard
    await close(second)


async def test_an_owner_that_was_not_told_learns_it_by_its_next_turn_and_spoils_nothing(board: Switchboard) -> None:
    board.store.deaf = True
    first = board.dial(board.worker())
    token = await listening(first)
    second = board.dial(board.worker(), Open(resume=token))
    await second.caller.next(Resumed)
    first.caller.say(Say("Am I alone?"))
    assert await first.end is End.TAKEN_OVER
    second.caller.hang_up()
    await second.end
    third = board.dial(board.worker(), Open(resume=token))
    assert len((await third.caller.next(Resumed)).history) == 1
    await close(third)


async def test_a_question_that_was_lost_with_its_worker_is_answered_elsewhere(board: Switchboard) -> None:
    first = board.dial(board.worker())
    token = await listening(first)
    first.caller.say(Say("Why?"))
    await settle()
    first.caller.hang_up()
    await first.end
    second = board.dial(board.worker(), Open(resume=token))
    assert (await second.caller.next(Answer)).text == ANSWER
    await close(second)


@pytest.mark.parametrize(
    ("organisation", "token"), [("kaveri", None), ("sahyadri", "guessed")], ids=["of another organisation", "guessed"]
)
async def test_a_token_opens_nothing_for_anybody_else(board: Switchboard, organisation: str, token: str | None) -> None:
    line = board.dial(board.worker())
    own = await listening(line)
    with pytest.raises(SessionNotFound):
        await board.dial(board.worker(), Open(resume=token or own), organisation=organisation).end
    line.caller.say(Say("Still me?"))
    assert (await line.caller.next(Answer)).turn == 1
    await close(line)


async def test_a_closed_session_is_over(board: Switchboard) -> None:
    worker = board.worker()
    line = board.dial(worker)
    token = await listening(line)
    await close(line)
    assert len(board.store) == 0
    with pytest.raises(SessionNotFound):
        await board.dial(worker, Open(resume=token)).end


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x81\xa5agent\xa1\xff", b"\x81\xa5agent\x01"], ids=ascii)
async def test_a_session_whose_state_cannot_be_read_is_nobodys(board: Switchboard, data: bytes) -> None:
    worker = board.worker()
    line = board.dial(worker)
    token = await listening(line)
    line.caller.hang_up()
    await line.end
    board.store.garble(data)
    with pytest.raises(SessionNotFound):
        await board.dial(worker, Open(resume=token)).end


async def test_without_redis_a_session_works_and_says_that_it_cannot_be_resumed(board: Switchboard) -> None:
    board.store.gates.broken |= {"save", "claim", "forget"}
    worker = board.worker()
    line = board.dial(worker)
    opened = await line.caller.next(Opened)
    assert not opened.resumable
    line.caller.say(Say("Why?"))
    await line.caller.next(AudioEnd)
    assert line.caller.heard(1) == audio_of(ANSWER)
    with pytest.raises(StoreUnavailable):
        await board.dial(worker, Open(resume=opened.token)).end
    await close(line)


async def test_when_redis_is_back_the_next_turn_makes_a_session_resumable(board: Switchboard) -> None:
    board.store.gates.broken.add("save")
    line = board.dial(board.worker())
    token = await listening(line)
    board.store.gates.broken.clear()
    line.caller.say(Say("Why?"))
    await line.caller.next(Answer)
    line.caller.hang_up()
    await line.end
    again = board.dial(board.worker(), Open(resume=token))
    assert (await again.caller.next(Resumed)).turn == 1
    await close(again)


async def test_a_slow_redis_does_not_keep_an_answer_waiting(board: Switchboard) -> None:
    line = board.dial(board.worker())
    await listening(line)
    board.store.gates.close("save")
    line.caller.say(Say("Why?"))
    await line.caller.next(AudioEnd)
    assert line.caller.heard(1) == audio_of(ANSWER)
    board.store.gates.open("save")
    await close(line)


async def test_a_client_that_says_nothing_is_closed_and_may_resume(board: Switchboard) -> None:
    worker = board.worker(SessionLimits(idle_seconds=30))
    line = board.dial(worker)
    token = await listening(line)
    assert await line.end is End.IDLE
    assert 30 <= board.clock() < 31
    again = board.dial(worker, Open(resume=token))
    await again.caller.next(Resumed)
    await close(again)


async def test_a_client_that_says_too_much_is_closed(board: Switchboard) -> None:
    line = board.dial(board.worker(SessionLimits(message_rate=1, message_burst=3)))
    await listening(line)
    for _ in range(4):
        line.caller.say(Interrupt())
    assert await line.end is End.TOO_FAST


async def test_a_second_open_is_refused_and_changes_nothing(board: Switchboard) -> None:
    line = board.dial(board.worker())
    await listening(line)
    line.caller.say(Open(agent="reception"))
    assert (await line.caller.next(ErrorMessage)).field == "type"
    await close(line)


async def test_a_failing_provider_costs_one_turn(board: Switchboard) -> None:
    line = board.dial(board.worker())
    await listening(line)
    board.provider.failing = True
    line.caller.say(Say("Why?"))
    error = await line.caller.next(ErrorMessage)
    assert (error.code, error.turn) == ("upstream_unavailable", 1)
    assert "away" not in error.message
    board.provider.failing = False
    await asyncio.sleep(2)
    line.caller.say(Say("Why?"))
    assert (await line.caller.next(Answer)).text == ANSWER
    await close(line)


async def test_an_agent_of_nobody_is_not_greeted_by(board: Switchboard) -> None:
    with pytest.raises(AgentNotFound):
        await board.dial(board.worker(), Open(agent="nobody")).end


async def test_a_full_worker_says_so_and_has_room_again_when_one_has_left(board: Switchboard) -> None:
    worker = board.worker(SessionLimits(maximum=1))
    first = board.dial(worker)
    await listening(first)
    with pytest.raises(SessionsFull):
        await board.dial(worker).end
    await close(first)
    second = board.dial(worker)
    await listening(second)
    await close(second)


async def test_an_organisation_that_opens_sessions_without_end_leaves_some_for_the_others(board: Switchboard) -> None:
    """A client that opened one after the other and closed none kept every other organisation's callers out."""
    worker = board.worker(SessionLimits(maximum=16))
    lines = [board.dial(worker) for _ in range(14)]
    for line in lines:
        await listening(line)
    with pytest.raises(SessionsFull):
        await board.dial(worker).end
    lines.append(board.dial(worker, organisation="kaveri"))
    await listening(lines[-1])
    for line in lines:
        await close(line)
    again = board.dial(worker)
    await listening(again)
    await close(again)


async def test_an_organisation_that_was_alone_leaves_some_for_those_who_have_come_since(board: Switchboard) -> None:
    """Whether there were several was looked at when the worker started; organisations come while it runs."""
    worker = board.worker(SessionLimits(maximum=16))
    worker.several = False
    lines = [board.dial(worker) for _ in range(14)]
    for line in lines:
        await listening(line)
    worker.several = True
    with pytest.raises(SessionsFull):
        await board.dial(worker).end
    worker.several = False
    lines.append(board.dial(worker))
    await listening(lines[-1])
    for line in lines:
        await close(line)


async def test_a_stopping_worker_lets_the_agent_finish_and_hands_the_session_on(board: Switchboard) -> None:
    worker = board.worker()
    speaking, silent = board.dial(worker), board.dial(worker)
    token = await listening(silent)
    speaking.caller.say(Say("Why?"))
    await speaking.caller.next(Answer)
    worker.sessions.leave()
    assert await silent.end is End.GOING_AWAY
    assert await silent.caller.next(GoingAway) == GoingAway(token, resumable=True)
    assert await speaking.end is End.GOING_AWAY
    assert speaking.caller.heard(1) == audio_of(ANSWER)
    again = board.dial(board.worker(), Open(resume=token))
    await again.caller.next(Resumed)
    await close(again)

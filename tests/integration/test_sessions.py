"""Voice sessions against real workers, Redis, simulators and nginx."""

import asyncio
import json
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.clients.voice import PATH, Call, ws
from tests.support.edge.nginx import Nginx, slots
from tests.support.processes.proxy import Proxy
from tests.support.processes.stack import Stack, Worker, await_redis, key_of
from tests.support.time.wait import until

QUESTION = "What is knee pain?"


def pcm(worker: Worker, text: str) -> bytes:
    """What a text sounds like, by the other endpoint."""
    return worker.speech(text, accept="audio/pcm").content


def ended(worker: Worker, reason: str) -> float:
    return worker.metric(f'warmline_sessions_ended_total{{reason="{reason}"}}')


@pytest.fixture(scope="module")
def brisk(stack: Stack) -> Worker:
    """A worker that lets a test say much at once, and hear it soon."""
    return stack.worker(session_message_rate="1000", session_message_burst="1000", session_audio_lead="5")


# -- a conversation


async def test_the_agent_greets_and_answers_and_says_who_knew_it(worker: Worker) -> None:
    async with await Call.dial(worker.url) as call:
        opened = await call.next("opened")
        assert (opened["agent"], opened["name"], opened["resumable"]) == ("reception", "Asha", True)
        assert opened["slot"].startswith("test/")
        greeting = await call.next("greeting")
        assert set(greeting["lookups"]) == {"config"}
        await call.send("say", text=QUESTION)
        answer = await call.next("answer")
        assert answer["text"].startswith("Knee pain is an ache")
        assert answer["passages"][0] == "sahyadri-001"
        assert {name: set(lookup) for name, lookup in answer["lookups"].items()} == {
            name: {"layer", "ms"} for name in ("config", "prompt", "rag")
        }
        begin = await call.next("audio-begin")
        assert (begin["turn"], begin["start"]) == (1, 0)
        assert set(begin["lookups"]) == {"tts"}


async def test_what_is_heard_is_what_the_agent_says(worker: Worker, brisk: Worker) -> None:
    async with await Call.dial(brisk.url) as call:
        text = (await call.next("greeting"))["text"]
        end = await call.next("audio-end")
        assert bytes(call.audio[0]) == pcm(worker, text)
        assert end["samples"] == len(call.audio[0]) // 2


async def test_a_warm_greeting_comes_from_memory(brisk: Worker) -> None:
    async with await Call.dial(brisk.url) as call:
        await call.next("audio-end")
    async with await Call.dial(brisk.url) as call:
        assert (await call.next("greeting"))["lookups"]["config"]["layer"] == "l1"
        assert (await call.next("audio-begin"))["lookups"]["tts"]["layer"] == "l1"


async def test_to_speak_up_stops_the_audio_within_twenty_milliseconds(worker: Worker) -> None:
    before = worker.metric("warmline_session_interruption_seconds_count")
    async with await Call.dial(worker.url) as call:
        await call.listen(0.3)
        await call.send("interrupt")
        interrupted = await call.next("interrupted")
        assert interrupted == {"type": "interrupted", "turn": 0, "samples": len(call.audio[0]) // 2}
        await call.send("say", text=QUESTION)
        await call.listen(0.3, turn=1)
        await call.send("say", text="Is walking good for knee arthritis?")
        assert (await call.next("interrupted"))["turn"] == 1
        heard = len(call.audio[1])
        assert (await call.next("answer"))["turn"] == 2
        await call.next("audio-begin")
        assert len(call.audio[1]) == heard
    assert worker.metric("warmline_session_interruption_seconds_count") == before + 2
    within = worker.metric('warmline_session_interruption_seconds_bucket{le="0.025"}')
    assert within == worker.metric("warmline_session_interruption_seconds_count")


async def test_the_key_may_come_in_the_first_message_as_browsers_must_send_it(worker: Worker) -> None:
    async with await Call.dial(worker.url, organisation=None, agent="reception", key=key_of("kaveri")) as call:
        assert (await call.next("opened"))["name"]


async def test_a_session_is_held_through_the_edge(worker: Worker, tmp_path: Path) -> None:
    edge = Nginx(tmp_path, slots(worker.port))
    try:
        async with await Call.dial(edge.url) as call:
            await call.next("opened")
            await call.listen(0.3)
            await call.send("close")
            assert await call.close_code() == 1000
    finally:
        edge.stop()


# -- going on elsewhere


async def test_a_session_whose_worker_was_killed_goes_on_at_another_where_the_caller_stopped_hearing(
    stack: Stack, worker: Worker
) -> None:
    doomed = stack.worker()
    async with await Call.dial(doomed.url) as call:
        token = (await call.next("opened"))["token"]
        text = (await call.next("greeting"))["text"]
        await call.listen(0.5)
        doomed.process.kill()
        assert await call.close_code() == 1006
    heard = bytes(call.audio[0])
    async with await Call.dial(worker.url, resume=token, turn=0, samples=len(heard) // 2) as again:
        resumed = await again.next("resumed")
        assert (resumed["agent"], resumed["turn"]) == ("reception", 0)
        assert resumed["history"] == [{"who": "agent", "text": text}]
        await again.next("audio-end")
    assert heard + bytes(again.audio[0]) == pcm(worker, text)


async def test_a_session_has_one_connection_and_the_other_is_told_so(stack: Stack, worker: Worker) -> None:
    async with await Call.dial(worker.url) as first:
        token = (await first.next("opened"))["token"]
        async with await Call.dial(stack.worker().url, resume=token) as elsewhere:
            await elsewhere.next("resumed")
            assert await first.close_code() == 4409
            async with await Call.dial(worker.url, resume=token) as back:
                await back.next("resumed")
                assert await elsewhere.close_code() == 4409


@pytest.mark.parametrize(
    ("organisation", "forged"), [("kaveri", None), ("sahyadri", "x" * 43)], ids=["another organisation", "a guess"]
)
async def test_a_token_is_worth_nothing_to_anybody_else(worker: Worker, organisation: str, forged: str | None) -> None:
    async with await Call.dial(worker.url) as call:
        token = (await call.next("opened"))["token"]
        async with await Call.dial(worker.url, organisation=organisation, resume=forged or token) as thief:
            error = await thief.next("error")
            assert (error["code"], error["field"]) == ("session_not_found", "resume")
            assert await thief.close_code() == 4404
        await call.send("interrupt")
        await call.next("interrupted")


async def test_redis_sees_the_tokens_digest_alone_and_only_for_a_while(stack: Stack, worker: Worker) -> None:
    async with await Call.dial(worker.url) as call:
        token = (await call.next("opened"))["token"]
        with stack.redis.client() as redis:
            names = list(redis.scan_iter("wl2:{sahyadri}:session:*"))
            assert names
            assert all(0 < redis.ttl(name) <= 900 for name in names)
            assert not [name for name in redis.scan_iter("*") if token.encode() in name]
        await call.send("close")
        assert await call.close_code() == 1000
    async with await Call.dial(worker.url, resume=token) as again:
        assert await again.close_code() == 4404


async def test_without_redis_a_session_works_and_says_that_it_cannot_be_resumed(stack: Stack) -> None:
    alone = stack.worker(redis_state_url="redis://127.0.0.1:1/0", redis_cache_url="redis://127.0.0.1:1/0")
    async with await Call.dial(alone.url) as call:
        opened = await call.next("opened")
        assert opened["resumable"] is False
        await call.send("say", text=QUESTION)
        await call.next("answer")
        await call.listen(0.1, turn=1)
        async with await Call.dial(alone.url, resume=opened["token"]) as again:
            assert (await again.next("error"))["code"] == "store_unavailable"
            assert await again.close_code() == 4503


async def test_the_first_session_of_a_new_worker_can_be_resumed_though_redis_is_a_network_away(stack: Stack) -> None:
    away = await Proxy(stack.redis.port, delay=0.005).start()
    try:
        new = await asyncio.to_thread(stack.worker, redis_cache_url=away.url, redis_state_url=away.url)
        await asyncio.to_thread(until, lambda: new.ready()["ready"], seconds=10, what="a worker that is ready")
        async with await Call.dial(new.url) as call:
            assert (await call.next("opened"))["resumable"] is True
    finally:
        await away.aclose()


async def test_a_redis_that_falls_silent_is_not_heard_in_a_conversation(stack: Stack) -> None:
    calm = stack.worker()
    async with await Call.dial(calm.url) as call:
        await call.send("say", text=QUESTION)
        await call.next("answer")
        await call.next("audio-begin")
        stack.redis.freeze()
        try:
            await call.send("say", text=QUESTION)
            assert (await call.next("answer"))["turn"] == 2
            await call.listen(0.5, turn=2)
            async with await Call.dial(calm.url) as newcomer:
                assert (await newcomer.next("opened"))["resumable"] is False
                await newcomer.listen(0.1)
        finally:
            stack.redis.thaw()
        await_redis(calm, "up")
        await call.send("interrupt")
        await call.next("interrupted")


async def test_a_stopping_worker_finishes_what_it_says_and_the_session_goes_on_elsewhere(
    stack: Stack, worker: Worker
) -> None:
    stopping = stack.worker(drain_seconds="30", session_leave_seconds="30", session_audio_lead="5")
    async with await Call.dial(stopping.url) as call:
        text = (await call.next("greeting"))["text"]
        await call.next("audio-begin")
        stopping.process.signal(signal.SIGTERM)
        assert (await call.next("audio-end"))["samples"] * 2 == len(pcm(worker, text)) == len(call.audio[0])
        away = await call.next("going-away")
        assert away["resumable"] is True
        assert await call.close_code() == 1012
    assert stopping.process.exit_code() == 0
    async with await Call.dial(worker.url, resume=away["token"]) as again:
        await again.next("resumed")
        await again.send("say", text=QUESTION)
        assert (await again.next("answer"))["turn"] == 1


async def test_a_conversation_that_ends_within_the_drain_time_never_hears_of_the_stop(stack: Stack) -> None:
    stopping = stack.worker(drain_seconds="60", session_leave_seconds="10")
    async with await Call.dial(stopping.url) as call:
        await call.next("audio-end")
        stopping.process.signal(signal.SIGTERM)
        until(lambda: "draining" in stopping.process.output, seconds=5, what="the drain")
        await call.send("say", text=QUESTION)
        assert [(await call.next())["type"] for _ in range(3)] == ["answer", "audio-begin", "audio-end"]
        await call.send("close")
        assert await call.close_code() == 1000
    assert stopping.process.exit_code() == 0


# -- what is refused


@pytest.mark.parametrize(
    ("first", "code", "field", "closed"),
    [
        pytest.param({"type": "say", "text": "hi"}, "invalid_input", "type", 4400, id="not open"),
        pytest.param({"type": "open"}, "invalid_input", "agent", 4400, id="neither agent nor token"),
        pytest.param({"type": "open", "agent": "a", "resume": "b"}, "invalid_input", "agent", 4400, id="both"),
        pytest.param({"type": "open", "agent": 7}, "invalid_input", "agent", 4400, id="an agent that is no text"),
        pytest.param({"type": "open", "agent": "reception", "samples": -1}, "invalid_input", "samples", 4400, id="-1"),
        pytest.param({"type": "open", "agent": "nobody"}, "agent_not_found", "agent", 4404, id="no such agent"),
        pytest.param({"type": "open", "agent": "../x"}, "agent_not_found", "agent", 4404, id="no name of an agent"),
    ],
)
async def test_a_session_that_cannot_be_opened_says_why(
    worker: Worker, first: dict[str, object], code: str, field: str, closed: int
) -> None:
    kind = str(first.pop("type"))
    async with connect(ws(worker.url), additional_headers={"Authorization": f"Bearer {key_of('sahyadri')}"}) as raw:
        call = Call(raw)
        await call.send(kind, **first)
        error = await call.next("error")
        assert (error["code"], error["field"]) == (code, field)
        assert await call.close_code() == closed


@pytest.mark.parametrize("key", [None, "", "wrong", key_of("sahyadri") + "x"])
async def test_a_caller_without_a_good_key_gets_nothing(worker: Worker, key: str | None) -> None:
    given: dict[str, Any] = {} if key is None else {"key": key}
    async with await Call.dial(worker.url, organisation=None, agent="reception", **given) as call:
        assert (await call.next())["code"] == "unauthenticated"
        assert await call.close_code() == 4401


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        pytest.param("{", "invalid_input", "message", id="not JSON"),
        pytest.param("[]", "invalid_input", "body", id="not an object"),
        pytest.param('{"text": "hi"}', "invalid_input", "type", id="no type"),
        pytest.param('{"x":' + "[" * 60_000, "invalid_input", "message", id="nested without end"),
        pytest.param('{"type": "shout", "text": "hi"}', "invalid_input", "type", id="an unknown type"),
        pytest.param('{"type": "say"}', "invalid_input", "text", id="no text"),
        pytest.param('{"type": "say", "text": " "}', "invalid_input", "text", id="empty text"),
        pytest.param('{"type": "say", "text": "a\\u0000"}', "invalid_input", "text", id="a control character"),
        pytest.param('{"type": "say", "text": 5}', "invalid_input", "text", id="a number"),
        pytest.param('{"type": "say", "text": "hi", "loud": true}', "invalid_input", "loud", id="an unknown field"),
        pytest.param(json.dumps({"type": "say", "text": "x" * 501}), "too_large", "text", id="a long text"),
        pytest.param('{"type": "open", "agent": "reception"}', "invalid_input", "type", id="open once more"),
    ],
)
async def test_a_bad_message_is_answered_with_its_field_and_the_session_goes_on(
    worker: Worker, frame: str, code: str, field: str
) -> None:
    async with await Call.dial(worker.url) as call:
        await call.next("opened")
        await call.connection.send(frame)
        error = await call.next("error")
        assert (error["code"], error["field"]) == (code, field)
        await call.send("say", text=QUESTION)
        assert (await call.next("answer"))["turn"] == 1


@pytest.mark.parametrize(
    ("frame", "closed"),
    [
        pytest.param(b"\x00\x01", 1003, id="binary"),
        pytest.param(json.dumps({"type": "say", "text": "x" * 70_000}), 1009, id="more than 64 KiB"),
    ],
)
async def test_a_frame_that_is_no_message_ends_the_session(worker: Worker, frame: bytes | str, closed: int) -> None:
    async with await Call.dial(worker.url) as call:
        await call.next("opened")
        await call.connection.send(frame)
        assert await call.close_code() == closed


async def test_a_text_frame_that_is_not_utf8_ends_the_session(worker: Worker) -> None:
    async with await Call.dial(worker.url) as call:
        await call.next("opened")
        await call.connection.send(b"\xff\xfe", text=True)
        assert await call.close_code() == 1007


async def test_who_sends_too_fast_is_closed(worker: Worker) -> None:
    before = ended(worker, "too_fast")
    async with await Call.dial(worker.url) as call:
        await call.next("opened")
        for _ in range(40):
            await call.connection.send('{"type": "interrupt"}')
        assert await call.close_code() == 4429
    assert ended(worker, "too_fast") == before + 1


async def test_who_says_nothing_is_closed(stack: Stack) -> None:
    hasty = stack.worker(session_idle_seconds="0.5")
    async with await Call.dial(hasty.url) as call:
        assert await call.close_code() == 4408


async def test_a_full_worker_says_so(stack: Stack) -> None:
    small = stack.worker(session_maximum="1")
    async with await Call.dial(small.url) as first:
        await first.next("opened")
        async with await Call.dial(small.url) as second:
            assert (await second.next("error"))["code"] == "sessions_full"
            assert await second.close_code() == 1013


async def test_a_provider_that_is_down_is_named_and_its_words_are_not_repeated(stack: Stack) -> None:
    lost = stack.worker(data_convex_url="http://127.0.0.1:1", redis_cache_url="redis://127.0.0.1:1/0")
    async with await Call.dial(lost.url) as call:
        error = await call.next("error")
        assert (error["code"], error["message"]) == ("upstream_unavailable", "convex did not answer this request")
        assert await call.close_code() == 4503


def test_a_plain_request_finds_no_page_there(worker: Worker) -> None:
    assert httpx.get(f"{worker.url}{PATH}").status_code == 404


async def test_a_client_that_never_reads_is_dropped(stack: Stack) -> None:
    deaf = stack.worker(
        session_send_seconds="1",
        session_audio_lead="5",
        session_message_rate="1000",
        session_message_burst="1000",
    )
    async with await Call.dial(deaf.url) as call:
        await call.next("audio-end")
        await call.send("say", text=QUESTION)
        await call.next("audio-begin")
    files = deaf.metric("process_open_fds")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", deaf.port))
        raw.setblocking(False)
        headers = {"Authorization": f"Bearer {key_of('sahyadri')}"}
        reader_of_nothing = await connect(ws(deaf.url), sock=raw, additional_headers=headers, max_queue=1)
        call = Call(reader_of_nothing)
        await call.send("open", agent="reception")
        reader_of_nothing.transport.pause_reading()
        for _ in range(60):
            await call.send("say", text=QUESTION)
            await asyncio.sleep(0.05)  # a question that comes at once interrupts before there is audio to leave unread
        until(lambda: ended(deaf, "stalled"), seconds=10, what="the session's end")
        assert deaf.metric("warmline_sessions") == 0
        until(lambda: deaf.metric("process_open_fds") <= files, seconds=40, what="the connection's end")
        reader_of_nothing.transport.abort()


async def drop(url: str, number: int) -> None:
    """Connect, get one of four different ways far, and vanish."""
    headers = {"Authorization": f"Bearer {key_of('sahyadri')}"}
    connection = await connect(ws(url), additional_headers=headers, compression=None, ping_interval=None)
    call = Call(connection)
    if number % 4:
        await call.send("open", agent="reception")
    if number % 4 == 2:
        await call.next("opened")
    if number % 4 == 3:
        await call.next("audio-begin")
        await call.send("say", text=QUESTION)
    connection.transport.abort()


async def drop_many(url: str, count: int) -> None:
    async def some(first: int) -> None:
        for number in range(first, count, 32):
            await drop(url, number)

    await asyncio.gather(*(some(first) for first in range(32)))


async def test_ten_thousand_sessions_opened_and_dropped_leave_nothing(stack: Stack) -> None:
    busy = stack.worker(session_resume_seconds="5")

    def left() -> list[str]:
        """What there is more of than there should be."""
        now = {name: busy.metric(name) for name in quiet}
        return [name for name, before in quiet.items() if now[name] > before]

    quiet = {"warmline_sessions": 0.0}
    await drop_many(busy.url, 500)
    until(lambda: not left(), seconds=10, what="the end of the first sessions")
    quiet["process_open_fds"] = busy.metric("process_open_fds")
    quiet["process_resident_memory_bytes"] = busy.metric("process_resident_memory_bytes") + 30 * 1024 * 1024
    await drop_many(busy.url, 9_500)
    until(lambda: not left(), seconds=10, what="the end of all sessions")
    with stack.redis.client() as redis:
        until(lambda: redis.dbsize() < 1000, seconds=20, what="the end of what was kept")
    async with await Call.dial(busy.url) as call:
        await call.next("audio-begin")

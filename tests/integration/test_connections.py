"""What comes to a worker's own port and is no request, or no whole one: answered, in bounded time, and nothing left."""

import contextlib
import json
import signal
import socket
import time

import pytest
from websockets.sync.client import connect

from tests.support.clients import frames
from tests.support.clients.frames import CLOSE
from tests.support.clients.raw import Answer, exchange, handshake, head
from tests.support.clients.webhooks import SECRET, signed, written
from tests.support.processes.stack import Stack, Worker, await_redis, key_of
from tests.support.time.wait import until

KEY = f"Authorization: Bearer {key_of('sahyadri')}"
BODY = json.dumps({"text": "What is knee pain"}).encode()
LENGTH = f"Content-Length: {len(BODY)}"
POST = ("POST /v1/agents/reception/answer", KEY, "Content-Type: application/json")
SPEAK = "GET /v1/agents/reception/speech?text=One+moment"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Worker:
    """One that believes webhooks, too."""
    secrets = stack.folder / "webhook_secrets"
    secrets.write_text(written(SECRET))
    worker = stack.worker(webhook_secrets_file=str(secrets))
    await_redis(worker, "up")
    return worker


def answered(worker: Worker, *parts: bytes, half_close: bool = False) -> Answer:
    """What the worker says until it closes."""
    got = exchange(worker.port, *parts, half_close=half_close)
    assert got.closed
    return got


@pytest.mark.parametrize("offered", ["h2c", "websocket", "h2c, websocket", "TLS/1.3", "foo/1", ""])
def test_a_body_arrives_whatever_else_the_client_offers_to_speak(worker: Worker, offered: str) -> None:
    offer = ("Connection: close, Upgrade, HTTP2-Settings", f"Upgrade: {offered}", "HTTP2-Settings: AAMAAABkAAQAoAAA")
    for parts in (
        [head(*POST, LENGTH, *offer) + BODY],
        [head(*POST, LENGTH, *offer), BODY[:5], BODY[5:]],
        [head(*POST, "Transfer-Encoding: chunked", *offer), CHUNKED],
    ):
        got = answered(worker, *parts)
        assert (got.status, "answer" in json.loads(got.body)) == (200, True)


REFUSED = {
    "a cookie of 9,000 letters": (handshake(f"Cookie: a={'b' * 9000}"), 431),
    "more headers than are read": (handshake(*["A: b"] * 200), 431),
    "a long URL": (handshake(line=f"GET /v1/sessions?{'a' * 9000}"), 414),
    "a body": (handshake("Content-Length: 4") + b"abcd", 400),
    "a body in chunks": (handshake("Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "no key": (handshake(Sec_WebSocket_Key=""), 400),
    "two keys": (handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400),
    "another version": (handshake(Sec_WebSocket_Version="12"), 400),
    "no WebSocket's path": (handshake("Connection: close", line="GET /v1/nothing"), 404),
    "HTTP/1.0": (handshake(line="GET /v1/sessions HTTP/1.0"), 404),
    "a method that nobody has": (head("BREW /v1/sessions"), 405),
    "a proxy's method": (head("CONNECT x:443"), 405),
    "another version of HTTP": (head("GET /v1/health HTTP/2.0"), 505),
    "a broken header": (head("GET /v1/health", "a b: c"), 400),
    "a broken chunk": (head(*POST, "Transfer-Encoding: chunked") + b"zz\r\n", 400),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "headers without an end": (head("GET /v1/health", f"A: {'b' * 70_000}"), 431),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_at_once_like_everything_else(worker: Worker, sent: bytes, status: int) -> None:
    got = answered(worker, sent)
    assert (got.status, bool(got.code), got.seconds < 1) == (status, True, True)


def test_frames_that_come_with_the_handshake_wait_for_its_answer(worker: Worker) -> None:
    """A ping is answered behind the handshake, and what is no frame ends the connection with the reason."""
    for early, said in (
        (b"\x89\x80abcd", b"\x8a\x00"),
        (b"\xff\x80abcd", b"\x03\xea"),
        (b"\x81\x81abcd\x9f", b"\x03\xef"),
    ):
        got = exchange(worker.port, handshake() + early, until=said)
        assert (got.status, said in got.body) == (101, True)


def test_a_handshake_may_name_its_host_in_the_target_as_a_request_may(worker: Worker) -> None:
    for line in ("GET http://localhost/v1/sessions", "GET ws://localhost/v1/sessions?a=b"):
        assert exchange(worker.port, handshake(line=line), until=b"\r\n\r\n").status == 101


def test_a_message_in_endless_pieces_is_ended(worker: Worker) -> None:
    pieces = b"\x01\x80abcd" + b"\x00\x80abcd" * 2000
    got = answered(worker, handshake(), pieces)
    assert b"\x03\xf1" in got.body  # 1009, message too big


@pytest.mark.parametrize("first", [b"\x8a", b"\x89", b"\x81"], ids=["pongs", "pings", "empty messages"])
def test_a_client_that_sends_frames_without_end_is_told_so_and_stops_nobody(worker: Worker, first: bytes) -> None:
    """A megabyte and a half in one go: some 250,000 frames, and over a second for all others if each were looked at."""
    flood = (first + b"\x80abcd") * 250_000
    got = exchange(worker.port, handshake() + flood, until=b"\x03\xf0")
    assert b"\x03\xf0" in got.body  # 1008, policy violation
    assert got.seconds < 1


def test_who_goes_on_sending_behind_a_close_frame_can_read_the_answer_to_it(worker: Worker) -> None:
    """Closed with bytes unread, the connection would be reset, and the reset overtake the answer."""
    behind = frames.written(b"x" * 60_000)
    for _ in range(10):
        got = answered(worker, handshake() + frames.written(b"\x03\xe8", CLOSE), *[behind] * 20)
        assert got.body.endswith(b"\x88\x02\x03\xe8")


def test_a_client_of_http_1_0_hears_the_plain_audio(worker: Worker) -> None:
    modern = answered(worker, head(SPEAK, KEY, "Accept: audio/pcm", "Connection: close"))
    old = answered(worker, head(f"{SPEAK} HTTP/1.0", KEY, "Accept: audio/pcm"))
    assert "chunked" in modern.head
    assert ("chunked" in old.head, "content-length" in old.head) == (False, False)
    assert len(old.body) % 2 == 0
    assert old.body in unchunked(modern.body)


def test_a_client_of_http_1_0_does_not_take_audio_that_broke_off_for_the_whole(stack: Stack, worker: Worker) -> None:
    stack.sarvam.fault(kind="speech", at="socket", action="error", after_chunks=1)
    with pytest.raises(ConnectionResetError):
        exchange(worker.port, head(f"{SPEAK}+off HTTP/1.0", KEY, "Accept: audio/pcm"))


def unchunked(body: bytes) -> bytes:
    """The bytes within chunks."""
    whole = b""
    while body:
        length, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(length, 16)], body[int(length, 16) + 2 :]
    return whole


def test_who_says_that_it_has_sent_all_is_still_answered(worker: Worker) -> None:
    assert answered(worker, head(*POST, LENGTH) + BODY, half_close=True).status == 200
    assert answered(worker, head(SPEAK, KEY, "Accept: audio/pcm"), half_close=True).data.endswith(b"0\r\n\r\n")
    assert answered(worker, handshake(), half_close=True).status == 101
    for cut in (head(*POST, LENGTH)[:40], head(*POST, LENGTH) + BODY[:4]):
        got = answered(worker, cut, half_close=True)
        assert (got.status, got.code) == (400, "bad_request")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_is_still_sending_a_body_that_is_too_large_can_read_so(worker: Worker, version: str) -> None:
    """Closed with bytes unread, the kernel's reset would overtake the answer."""
    post = head(f"{POST[0]} HTTP/{version}", *POST[1:], "Connection: close", "Content-Length: 900000")
    got = answered(worker, post + b"a" * 900_000)
    assert (got.status, got.code) == (413, "too_large")


def test_requests_in_a_row_are_answered_in_their_order_up_to_the_one_that_is_none(worker: Worker) -> None:
    health = head("GET /v1/health")
    slow = head(*POST, LENGTH) + BODY
    assert answered(worker, slow + health + health + b"@@@").data.count(b"HTTP/1.1 200") == 3
    # What one connection may have waiting is bounded: those behind are not read, and the close says so.
    assert 3 <= answered(worker, slow + health * 500).data.count(b"HTTP/1.1 200") < 50


def test_a_path_is_not_guessed_and_no_redirect_leads_where_the_request_says(worker: Worker) -> None:
    got = answered(worker, head(f"GET /v1/health/?{'a' * 5000}", "Host: evil.example", "Connection: close"))
    assert (got.status, got.code, "evil" in got.head) == (404, "not_found", False)


NOTICE = b'{"organisation": "sahyadri"}'


def lines_of(id_: str, *more: tuple[str, str]) -> list[str]:
    """A signed webhook's headers, and more of them before."""
    return [f"{name}: {value}" for name, value in [*more, *signed(NOTICE, id_=id_, timestamp=int(time.time())).items()]]


def test_a_webhook_is_believed_by_one_good_signature_whichever_line_it_is_in(worker: Worker) -> None:
    def delivered(*lines: str) -> Answer:
        request = head(
            "POST /v1/webhooks/knowledge-updated", f"Content-Length: {len(NOTICE)}", "Connection: close", *lines
        )
        return answered(worker, request + NOTICE)

    good = lines_of("two-lines", ("webhook-signature", "v1,b3RoZXI="))
    assert delivered(*good).status == 200
    assert delivered(*reversed(lines_of("reversed", ("webhook-signature", "v1,b3RoZXI=")))).status == 200
    got = delivered(*lines_of("two-ids", ("webhook-id", "another")))
    assert (got.status, got.code) == (401, "webhook_malformed")


def test_what_a_client_accepts_may_come_in_several_lines(worker: Worker) -> None:
    got = answered(worker, head(SPEAK, KEY, "Accept: text/html", "Accept: audio/pcm", "Connection: close"))
    assert "audio/pcm" in got.head


def test_a_key_counts_beside_what_a_proxy_on_the_way_is_told(worker: Worker) -> None:
    proxys = "Authorization: Basic eDp5"
    assert (
        answered(worker, head("GET /v1/agents/reception/answer?text=a", proxys, KEY, "Connection: close")).status == 200
    )
    with connect(
        f"ws://127.0.0.1:{worker.port}/v1/sessions", additional_headers={"Authorization": "Basic eDp5"}
    ) as call:
        call.send(json.dumps({"type": "open", "agent": "reception", "key": key_of("sahyadri")}))
        assert json.loads(call.recv(timeout=5))["type"] == "opened"
    with connect(f"ws://127.0.0.1:{worker.port}/v1/sessions", additional_headers={"Authorization": "Bearer x"}) as call:
        call.send(json.dumps({"type": "open", "agent": "reception", "key": key_of("sahyadri")}))
        assert json.loads(call.recv(timeout=5))["code"] == "unauthenticated"


def test_a_stop_does_not_mind_who_has_sent_half_of_something(stack: Stack) -> None:
    worker = stack.worker(drain_seconds="1", session_leave_seconds="1")
    beginnings = [
        b"",
        head(*POST)[:40],
        head(*POST, LENGTH),
        handshake(f"Cookie: a={'b' * 9000}"),
        handshake(Upgrade=""),
    ]
    with contextlib.ExitStack() as held:
        for beginning in beginnings:
            line = held.enter_context(socket.create_connection(("127.0.0.1", worker.port)))
            line.sendall(beginning)
        until(lambda: line.recv(1), seconds=5, what="the answer to the last of them")
        worker.process.signal(signal.SIGTERM)
        assert worker.process.exit_code(30) == 0
    assert "Traceback" not in worker.process.output

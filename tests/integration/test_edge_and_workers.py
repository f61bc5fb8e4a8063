"""What a client sends through a real edge to real workers: its own affair, and nobody else's."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.support.clients.raw import exchange, handshake, head
from tests.support.edge.nginx import Nginx, slots
from tests.support.processes.stack import Stack, key_of

CLIENTS = [f"{first}.20.3.4" for first in range(9, 200, 7)]
BODY = json.dumps({"text": "What is knee pain"}).encode()
POST = (
    "POST /v1/agents/reception/answer",
    f"Authorization: Bearer {key_of('sahyadri')}",
    "Content-Type: application/json",
)


@pytest.fixture(scope="module")
def edge(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    ports = [stack.worker().port for _ in range(2)]
    edge = Nginx(tmp_path_factory.mktemp("edge"), slots(*ports), nginx_trusted_proxies=["127.0.0.1"])
    try:
        yield edge
    finally:
        edge.stop()


def places(edge: Nginx) -> dict[str, str]:
    """Which worker each of many clients gets."""
    with httpx.Client(base_url=edge.url) as http:
        return {one: http.get("/v1/health", headers={"X-Forwarded-For": one}).json()["slot"] for one in CLIENTS}


@pytest.mark.parametrize("framing", [f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked"])
def test_a_client_that_would_rather_speak_http_2_is_answered_all_the_same(edge: Nginx, framing: str) -> None:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
    body = BODY if "Length" in framing else b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    for parts in ([head(*POST, framing, *offer) + body], [head(*POST, framing, *offer), body[:9], body[9:]]):
        assert exchange(edge.port, *parts, until=b'"from"').status == 200


HANDSHAKES = {
    "a large cookie": (handshake(f"Cookie: a={'b' * 9000}"), 431),
    "many headers": (handshake(*["A: b"] * 150), 431),
    "a long URL": (handshake(line=f"GET /v1/sessions?{'a' * 9000}"), 414),
    "a body": (handshake("Content-Length: 60000") + b"x" * 60_000, 400),
    "a body in chunks": (handshake("Transfer-Encoding: chunked") + b"4\r\nabcd\r\n0\r\n\r\n", 400),
    "no key": (handshake(Sec_WebSocket_Key=""), 400),
    "another version": (handshake(Sec_WebSocket_Version="99"), 400),
    "letters of no alphabet": (handshake("X: \xff\x80"), 101),
}


def test_no_clients_handshake_takes_a_worker_away_from_others(edge: Nginx) -> None:
    """Ten of each: three failures within five seconds would be enough."""
    before = places(edge)
    for name, (sent, status) in HANDSHAKES.items():
        for _ in range(10):
            got = exchange(edge.port, sent, until=b"\r\n\r\n")
            assert (got.status, got.seconds < 1) == (status, True), name
    assert places(edge) == before
    assert {entry["upstream_status"] for entry in edge.log()} <= {"101", "200", "400", "414", "431"}


def test_no_query_is_too_long_for_the_answer_to_it(edge: Nginx) -> None:
    before = places(edge)
    for path in ("/v1/health/", "/v1/openapi.json/", "/demo/demo.js/"):
        for _ in range(4):
            got = exchange(edge.port, head(f"GET {path}?{'a' * 8000}", "Connection: close"))
            assert (got.status, got.code) == (404, "not_found")
    assert places(edge) == before


def test_a_method_that_nobody_has_is_refused_as_everything_is(edge: Nginx) -> None:
    got = exchange(edge.port, head("BREW /v1/health", "Connection: close"))
    assert (got.status, got.code) == (405, "method_not_allowed")
    assert "allow: get, head, post" in got.head

"""The edge's configuration on a real nginx: who sticks to what, who is believed, what is passed on and what is not."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.support.clients.raw import exchange, handshake, head
from tests.support.edge.nginx import Backends, Nginx, slots
from tests.support.processes import free_port
from tests.support.time.wait import until

HTTP = httpx.Client(trust_env=False)
CLIENTS = [f"{first}.{second}.3.4" for first in (9, 77, 203) for second in range(0, 240, 4)]


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    backends = Backends(tmp_path_factory.mktemp("edge"))
    try:
        yield backends
    finally:
        backends.stop()


@pytest.fixture(scope="module")
def trusting(backends: Backends) -> Nginx:
    """An edge that believes this machine, as staging's does."""
    return backends.edge(nginx_trusted_proxies=["127.0.0.1"])


@pytest.fixture(scope="module")
def closed(backends: Backends) -> Nginx:
    """An edge that believes nobody."""
    return backends.edge()


def slot_of(edge: Nginx, client: str | None = None) -> str:
    headers = {} if client is None else {"X-Forwarded-For": client}
    answered: str = HTTP.get(f"{edge.url}/v1/x", headers=headers).json()["backend"]
    return answered


def test_many_clients_reach_every_slot_and_each_stays_where_it_is(trusting: Nginx) -> None:
    first = {client: slot_of(trusting, client) for client in CLIENTS}
    assert set(first.values()) == {"test/1", "test/2", "test/3", "test/4"}
    assert {client: slot_of(trusting, client) for client in CLIENTS} == first


def test_clients_of_one_network_share_a_slot(trusting: Nginx) -> None:
    assert len({slot_of(trusting, f"198.51.100.{host}") for host in range(1, 60)}) == 1


def test_two_edges_with_the_same_slots_send_a_client_to_the_same_one(backends: Backends, trusting: Nginx) -> None:
    other = backends.edge(nginx_trusted_proxies=["127.0.0.1"])
    for client in CLIENTS[::5]:
        assert slot_of(other, client) == slot_of(trusting, client)


def test_a_forged_address_from_an_unlisted_client_changes_nothing(closed: Nginx) -> None:
    mine = slot_of(closed)
    assert {slot_of(closed, client) for client in CLIENTS} == {mine}
    told = httpx.get(f"{closed.url}/v1/x", headers={"X-Forwarded-For": "203.0.113.9"}).json()["headers"]
    assert told["x-real-ip"] == told["x-forwarded-for"] == "127.0.0.1"


def test_a_client_behind_a_listed_proxy_cannot_forge_its_address_either(trusting: Nginx) -> None:
    """The proxy appends the true address; what the client wrote stands before it and is not believed."""
    told = httpx.get(f"{trusting.url}/v1/x", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}).json()["headers"]
    assert told["x-real-ip"] == "203.0.113.9"


def test_a_worker_is_told_the_requests_id_and_its_connection_is_kept(trusting: Nginx) -> None:
    told = httpx.get(f"{trusting.url}/v1/x", headers={"X-Request-ID": "chosen by the client"}).json()["headers"]
    assert len(told["x-request-id"]) == 32
    assert told["connection"] is None


HOPS = {
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA",
    "TE": "trailers",
    "Trailer": "Expires",
    "Keep-Alive": "timeout=5",
    "Proxy": "http://evil.example",
    "Proxy-Authorization": "Basic eDp5",
    "Proxy-Connection": "keep-alive",
    "Expect": "100-continue",
}


def test_nothing_that_concerns_the_callers_own_connection_is_passed_on(trusting: Nginx) -> None:
    offered = {**HOPS, "Connection": "Upgrade, HTTP2-Settings, TE"}
    for path in ("/v1/x", "/v1/sessions", "/v1/sessions/", "/v1/agents/a/answer"):
        told = httpx.post(f"{trusting.url}{path}", headers=offered, content=b"x" * 100).json()
        assert told["bytes"] == 100, path
        assert {name for name in (*offered, "transfer-encoding") if told["headers"].get(name.lower())} == set()


OFFERS = [
    ({"Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"}, "GET /v1/sessions", 101),
    ({"Upgrade": "h2c, websocket"}, "GET /v1/sessions", 200),
    ({"Upgrade": "websocket, h2c"}, "GET /v1/sessions", 200),
    ({"Upgrade": "websocket/13"}, "GET /v1/sessions", 200),
    ({"Upgrade": "h2c"}, "GET /v1/sessions", 200),
    ({"Connection": "close"}, "GET /v1/sessions", 200),
    ({}, "GET /v1/sessions HTTP/1.0", 200),
    ({}, "POST /v1/sessions", 200),
    ({}, "GET /v1/x", 200),
]


@pytest.mark.parametrize(("headers", "line", "status"), OFFERS)
def test_a_connection_is_upgraded_where_and_if_that_alone_is_asked_for(
    trusting: Nginx, headers: dict[str, str], line: str, status: int
) -> None:
    assert exchange(trusting.port, handshake(line=line, **headers), until=b"\r\n\r\n").status == status


def test_the_routes_of_websockets_are_a_setting(backends: Backends) -> None:
    edge = backends.edge(nginx_websocket_routes=["/v1/a", "/v1/b"])
    assert exchange(edge.port, handshake(line="GET /v1/sessions"), until=b"\r\n\r\n").status == 200
    # The backend has no WebSocket there: that it says so shows that it was asked for one.
    assert exchange(edge.port, handshake(line="GET /v1/b"), until=b"\r\n\r\n").status == 403


REFUSED = {
    "no request at all": (b"GET\r\n\r\n", 400, "bad_request"),
    "no host": (b"GET /v1/x HTTP/1.1\r\n\r\n", 400, "bad_request"),
    "a length that is no number": (head("POST /v1/x", "Content-Length: x"), 400, "bad_request"),
    "TRACE": (head("TRACE /v1/x"), 405, "method_not_allowed"),
    "a body too large": (head("POST /v1/x", "Content-Length: 70000"), 413, "too_large"),
    "a URL too long": (head(f"GET /{'a' * 20_000}"), 414, "too_large"),
    "a header too long": (head("GET /v1/x", f"A: {'b' * 20_000}"), 431, "too_large"),
    "an encoding of the transfer": (head("POST /v1/x", "Transfer-Encoding: gzip"), 501, "not_implemented"),
    "two reasons at once": (
        head("POST /v1/x", "Transfer-Encoding: gzip", "Content-Length: 66000") + b"x" * 66_000,
        501,
        "not_implemented",
    ),
    "another HTTP": (head("GET /v1/x HTTP/2.0"), 505, "bad_request"),
    "the page for errors": (head("GET /_error"), 404, "not_found"),
}


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_the_edge_refuses_it_refuses_in_the_apis_own_words(
    trusting: Nginx, sent: bytes, status: int, code: str
) -> None:
    before = len(trusting.log())
    got = exchange(trusting.port, sent, until=b"}}")
    assert (got.status, got.code) == (status, code)
    until(lambda: len(trusting.log()) > before, seconds=5, what="its line in the log")
    assert "_error" not in trusting.log()[-1]["path"] or b"_error" in sent


@pytest.mark.parametrize("sent", [sent for sent, _, _ in REFUSED.values()], ids=REFUSED)
def test_a_client_that_still_sends_while_it_is_refused_is_not_reset(trusting: Nginx, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", trusting.port), timeout=5) as line:
        line.sendall(sent)
        heard = line.recv(65536)
        for _ in range(3):
            line.sendall(b"x" * 1000)
        line.shutdown(socket.SHUT_WR)
        while piece := line.recv(65536):
            heard += piece
    assert b"application/json" in heard


def test_a_head_is_refused_without_a_body(trusting: Nginx) -> None:
    got = exchange(trusting.port, head(f"HEAD /{'a' * 20_000}"))
    assert (got.status, got.body, "content-type: application/json" in got.head) == (414, b"", True)


def test_where_no_worker_answers_the_edge_says_so(tmp_path: Path) -> None:
    edge = Nginx(tmp_path, slots(free_port()))
    try:
        for sent in (head("GET /v1/x"), handshake()):
            got = exchange(edge.port, sent, until=b"}}")
            assert (got.status, got.code) == (502, "worker_unavailable")
    finally:
        edge.stop()


def test_addresses_in_several_lines_are_read_like_addresses_in_one(trusting: Nginx) -> None:
    sent = head("GET /v1/x", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.9", "Connection: close")
    assert json.loads(exchange(trusting.port, sent).body)["headers"]["x-real-ip"] == "203.0.113.9"


def test_a_conversation_is_upgraded_and_carried_both_ways(trusting: Nginx) -> None:
    with connect(
        f"ws://127.0.0.1:{trusting.port}/v1/sessions", additional_headers={"X-Forwarded-For": "9.0.3.4"}
    ) as socket:
        socket.send("namaste")
        assert socket.recv(timeout=5) == f"{slot_of(trusting, '9.0.3.4')}: namaste"


def test_a_conversation_and_the_requests_that_follow_it_share_the_key_its_handshake_gave(backends: Backends) -> None:
    edge = backends.edge(nginx_affinity="session")
    with connect(f"ws://127.0.0.1:{edge.port}/v1/sessions") as socket:
        assert socket.response
        key = socket.response.headers["Set-Cookie"].split(";")[0]
        socket.send("namaste")
        answered = socket.recv(timeout=5)
    assert f"{httpx.get(f'{edge.url}/v1/x', headers={'Cookie': key}).json()['backend']}: namaste" == answered


def test_the_log_says_who_was_answered_by_which_slot_and_never_what_was_asked(trusting: Nginx) -> None:
    httpx.get(f"{trusting.url}/v1/agents/a/answer?text=my+ailment", headers={"X-Forwarded-For": "9.4.3.4"})
    asked = {"client": "9.4.3.4", "path": "/v1/agents/a/answer"}
    (entry,) = until(
        lambda: [one for one in trusting.log() if asked.items() <= one.items()], seconds=5, what="the line of the log"
    )
    assert entry["slot"] == slot_of(trusting, "9.4.3.4")
    assert (entry["status"], entry["method"]) == (200, "GET")
    assert float(entry["upstream_seconds"]) >= 0
    assert "ailment" not in str(trusting.log())


def test_an_edge_whose_output_nobody_reads_answers_on_and_its_log_is_where_the_host_finds_it(
    backends: Backends, tmp_path: Path
) -> None:
    """As when the engine that empties a container's output stands still."""
    os.mkfifo(tmp_path / "nginx.log")
    unread = os.open(tmp_path / "nginx.log", os.O_RDWR)
    fcntl.fcntl(unread, fcntl.F_SETPIPE_SZ, 4096)
    edge = Nginx(tmp_path, slots(*backends.ports))
    try:
        with httpx.Client(base_url=edge.url) as client:
            assert {client.get("/v1/x", timeout=5).status_code for _ in range(100)} == {200}
        until(lambda: len(edge.log()) == 100, seconds=5, what="the log's last line")
    finally:
        os.close(unread)
        edge.stop()


def test_an_edge_that_has_no_room_for_its_log_answers_on(backends: Backends, tmp_path: Path) -> None:
    for name in ("access.log", "error.log"):
        (tmp_path / name).symlink_to("/dev/full")
    edge = Nginx(tmp_path, slots(*backends.ports))
    try:
        with httpx.Client(base_url=edge.url) as client:
            assert {client.get("/v1/x", timeout=5).status_code for _ in range(20)} == {200}
    finally:
        edge.stop()


def test_what_was_asked_is_in_no_log_when_nobody_answers_either(tmp_path: Path) -> None:
    edge = Nginx(tmp_path, slots(free_port(), free_port()))
    try:
        assert httpx.get(f"{edge.url}/v1/agents/a/answer?text=my+ailment").status_code == 502
        until(edge.log, seconds=5, what="the log's only line")
        assert edge.log()[-1]["status"] == 502
        for log in ("access.log", "error.log", "nginx.log"):
            assert "ailment" not in (tmp_path / log).read_text(), log
    finally:
        edge.stop()


def test_only_the_api_is_served(trusting: Nginx) -> None:
    for path in ("/", "/metrics", "/readyz", "/nginx_status", "/v2/agents"):
        response = httpx.get(f"{trusting.url}{path}")
        assert response.status_code == 404, path
    assert httpx.get(f"{trusting.url}/metrics").json()["error"]["code"] == "not_found"
    assert "nginx/" not in httpx.get(trusting.url).headers["server"]


def test_a_body_larger_than_any_request_of_ours_is_stopped_at_the_edge(trusting: Nginx) -> None:
    assert httpx.post(f"{trusting.url}/v1/x", content=b"x" * 70_000).status_code == 413
    assert httpx.post(f"{trusting.url}/v1/x", content=b"x" * 60_000).json()["bytes"] == 60_000


def test_status_is_for_listed_addresses_only(backends: Backends, trusting: Nginx) -> None:
    assert "Active connections" in httpx.get(trusting.status_url).text
    stranger = httpx.HTTPTransport(local_address="127.0.0.9")
    with httpx.Client(transport=stranger) as client:
        assert client.get(trusting.status_url).status_code == 403
        assert client.get(backends.edge(nginx_status_from=["127.0.0.9"]).status_url).status_code == 200


def test_a_get_is_answered_by_another_slot_when_its_own_is_down(backends: Backends, tmp_path: Path) -> None:
    edge = Nginx(tmp_path, slots(free_port(), *backends.ports), nginx_trusted_proxies=["127.0.0.1"])
    try:
        assert {HTTP.get(f"{edge.url}/v1/x", headers={"X-Forwarded-For": c}).status_code for c in CLIENTS} == {200}
        assert any("," in entry["upstream"] for entry in edge.log())
        assert all(entry["slot"] in {"test/2", "test/3", "test/4", "test/5"} for entry in edge.log())
    finally:
        edge.stop()

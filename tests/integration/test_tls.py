"""TLS at the edge, on a real nginx: what is accepted, what plain HTTP is told, and a renewal that cuts nobody off."""

import socket
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.support.clients.raw import exchange, head
from tests.support.edge.nginx import Backends, Nginx
from tests.support.processes import certificates
from tests.support.time.wait import until

YEAR = 31536000


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    backends = Backends(tmp_path_factory.mktemp("tls"))
    try:
        yield backends
    finally:
        backends.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.make(tmp_path_factory.mktemp("certificate") / "edge.pem")


@pytest.fixture(scope="module")
def edge(backends: Backends, certificate: Path) -> Nginx:
    """An edge that believes nobody about addresses."""
    return backends.edge(certificate)


@pytest.fixture(scope="module")
def client(certificate: Path) -> Iterator[httpx.Client]:
    """A client that verifies."""
    with httpx.Client(verify=certificates.trusting(certificate)) as client:
        yield client


def call(edge: Nginx, **headers: str) -> ClientConnection:
    """A conversation over TLS."""
    return connect(
        edge.https_url.replace("https://", "wss://") + "/v1/sessions",
        ssl=certificates.trusting(edge.bundle),
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def echoed(talk: ClientConnection, text: str) -> str:
    """The backend that sends a text back."""
    talk.send(text)
    backend, _, said = str(talk.recv(timeout=5)).partition(": ")
    assert said == text
    return backend


def handshake(edge: Nginx, version: ssl.TLSVersion, ciphers: str = "ALL") -> str | None:
    """The version agreed on with a client that speaks this one alone, with these ciphers. Raises SSLError."""
    context = certificates.trusting(edge.bundle)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an old version is what we ask for
        context.minimum_version, context.maximum_version = version, version
    with (
        socket.create_connection(("127.0.0.1", edge.https_port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as agreed,
    ):
        return agreed.version()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_are_spoken(edge: Nginx, version: ssl.TLSVersion) -> None:
    assert handshake(edge, version) == version.name.replace("_", ".")


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_versions_are_refused_by_the_edge_itself(edge: Nginx, version: str) -> None:
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        handshake(edge, ssl.TLSVersion[version])


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"])
def test_a_cipher_of_old_that_does_not_authenticate_what_it_hides_is_refused(edge: Nginx, cipher: str) -> None:
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        handshake(edge, ssl.TLSVersion.TLSv1_2, cipher)


def test_who_comes_over_http_is_sent_to_the_same_path_and_query_over_https(edge: Nginx, client: httpx.Client) -> None:
    path = "/v1/agents/a/answer?text=is%20it%3F&again=%2F"
    sent = client.get(f"{edge.url}{path}")
    assert (sent.status_code, sent.headers["location"]) == (308, f"{edge.https_url}{path}")
    arrived = client.post(f"{edge.url}/v1/x", content=b"body", follow_redirects=True)
    assert (arrived.status_code, arrived.json()["bytes"], arrived.json()["headers"]["x-forwarded-proto"]) == (
        200,
        4,
        "https",
    )


def test_the_usual_port_is_not_written_and_the_hosts_name_is_kept(backends: Backends, certificate: Path) -> None:
    edge = backends.edge(certificate, nginx_https_public_port=443, nginx_names=["voice.example.com"])
    sent = httpx.get(f"{edge.url}/demo", headers={"Host": "voice.example.com:8080"})
    assert sent.headers["location"] == "https://voice.example.com/demo"


def test_nobody_is_sent_to_where_the_edge_is_not_known(backends: Backends, certificate: Path, edge: Nginx) -> None:
    for host in (b"Host: evil.example\r\n", b"Host: 127.0.0.1.evil.example\r\n", b""):
        sent = exchange(edge.port, b"GET /v1/x HTTP/1.0\r\n%s\r\n" % host)
        assert (sent.status, sent.code, "location" in sent.head) == (400, "unknown_host", False)
    wide = backends.edge(certificate, nginx_https_public_port=443, nginx_names=["*.example.com", "::1"])
    for name, status in (("a.example.com", 308), ("[::1]:80", 308), ("a.b.example.com", 400), ("example.com", 400)):
        assert httpx.get(f"{wide.url}/v1/x", headers={"Host": name}).status_code == status


def test_plain_http_on_the_port_of_tls_is_told_so_as_everything_is(edge: Nginx) -> None:
    told = exchange(edge.https_port, head("GET /v1/x"))
    assert (told.status, told.code) == (400, "bad_request")


def test_browsers_are_told_to_stay_with_https_exactly_where_that_was_asked_for(
    backends: Backends, certificate: Path, edge: Nginx, client: httpx.Client
) -> None:
    header = "strict-transport-security"
    asked = backends.edge(certificate, nginx_hsts_seconds=YEAR, nginx_affinity="session")
    for path in ("/v1/x", "/none"):
        assert client.get(f"{asked.https_url}{path}").headers[header] == f"max-age={YEAR}"
        assert header not in client.get(f"{edge.https_url}{path}").headers
        assert header not in client.get(f"{asked.url}{path}").headers


def test_only_the_api_is_served_over_tls_too(edge: Nginx, client: httpx.Client) -> None:
    for path in ("/", "/metrics", "/readyz", "/nginx_status"):
        assert client.get(f"{edge.https_url}{path}").status_code == 404, path


def test_a_conversation_over_tls_is_carried_both_ways(edge: Nginx, client: httpx.Client) -> None:
    with call(edge) as talk:
        assert echoed(talk, "namaste") == client.get(f"{edge.https_url}/v1/x").json()["backend"]


def test_a_forged_address_or_scheme_from_an_unlisted_client_changes_nothing(edge: Nginx, client: httpx.Client) -> None:
    mine = client.get(f"{edge.https_url}/v1/x").json()
    for forged in [f"{first}.20.3.4" for first in range(9, 200, 17)]:
        headers = {"X-Forwarded-For": forged, "X-Real-IP": forged, "X-Forwarded-Proto": "http"}
        told = client.get(f"{edge.https_url}/v1/x", headers=headers).json()
        assert told["backend"] == mine["backend"]
        assert told["headers"]["x-real-ip"] == told["headers"]["x-forwarded-for"] == "127.0.0.1"
        assert told["headers"]["x-forwarded-proto"] == "https"


def test_a_listed_proxy_is_believed_about_addresses_over_tls(
    backends: Backends, certificate: Path, client: httpx.Client
) -> None:
    trusting = backends.edge(certificate, nginx_trusted_proxies=["127.0.0.1"])
    callers = [f"{first}.20.3.4" for first in range(9, 200, 7)]
    answers = [client.get(f"{trusting.https_url}/v1/x", headers={"X-Forwarded-For": one}).json() for one in callers]
    assert [answer["headers"]["x-real-ip"] for answer in answers] == callers
    assert len({answer["backend"] for answer in answers}) == 4


def test_a_session_keeps_its_slot_over_tls_by_a_cookie_that_goes_nowhere_else(
    backends: Backends, certificate: Path, client: httpx.Client
) -> None:
    edge = backends.edge(certificate, nginx_affinity="session")
    assert "Set-Cookie" not in client.get(f"{edge.url}/v1/x").headers
    slots = {}
    for _ in range(30):
        client.cookies.clear()
        given = client.get(f"{edge.https_url}/v1/x")
        key, *attributes = given.headers["Set-Cookie"].split("; ")
        assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
        slots[key] = given.json()["backend"]
    assert len(set(slots.values())) == 4
    client.cookies.clear()
    for key, slot in slots.items():
        assert client.get(f"{edge.https_url}/v1/x", headers={"Cookie": key}).json()["backend"] == slot
    with call(edge, Cookie=key) as talk:
        assert echoed(talk, "namaste") == slot


@pytest.mark.parametrize("listed", [True, False])
def test_a_proxy_that_ended_tls_itself_is_believed_if_it_is_listed(backends: Backends, listed: bool) -> None:
    edge = backends.edge(nginx_affinity="session", nginx_trusted_proxies=["127.0.0.1"] if listed else [])
    said = httpx.get(f"{edge.url}/v1/x", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
    assert said.json()["headers"]["x-forwarded-proto"] == ("https" if listed else "http")
    assert ("Secure" in said.headers["Set-Cookie"].split("; ")) == listed


def test_a_renewed_certificate_is_served_after_a_reload_and_open_conversations_go_on(
    backends: Backends, certificate: Path, tmp_path: Path
) -> None:
    edge = backends.edge(certificate, nginx_shutdown_timeout=60)
    before = certificates.served(edge.https_port)
    with call(edge) as talk:
        backend = echoed(talk, "before")
        certificates.make(tmp_path / "new.pem").replace(edge.bundle)
        edge.reload()
        # For a moment both generations of nginx's processes accept connections.
        until(
            lambda: before not in {certificates.served(edge.https_port) for _ in range(20)},
            seconds=10,
            what="the renewed certificate alone",
        )
        assert echoed(talk, "after") == backend
        with call(edge) as other:
            assert echoed(other, "new") == backend

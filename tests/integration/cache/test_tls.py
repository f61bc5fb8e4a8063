"""Redis over TLS: `rediss://`, certificates held to the machine's authorities, or those that SSL_CERT_FILE names."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Process, free_port
from tests.support.redis import RedisServer
from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link

CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    command = [*CERTIFICATE.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    tls = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    options = ["--port", "0", "--tls-auth-clients", "no", "--save", "", "--dir", str(tmp_path)]
    server = Process(["redis-server", *tls, *options], log=tmp_path / "redis.log").listening(port)
    yield f"rediss://localhost:{port}"
    server.kill()


async def test_what_is_stored_over_tls_is_read_over_tls(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    link = Link(dialler(url, password=None, timeout=2), dial_timeout=2)
    await link.call("SET", "k", b"v" * 300_000)
    assert await link.call("GET", "k") == b"v" * 300_000
    await link.aclose()


async def test_a_server_that_nobody_vouches_for_is_refused(url: str) -> None:
    link = Link(dialler(url, password=None, timeout=2), dial_timeout=2)
    with pytest.raises(StoreUnavailable, match="certificate"):
        await link.call("PING")
    await link.aclose()


@pytest.mark.parametrize("option", ["ssl_cert_reqs=none", "ssl_ca_certs={certificate}"])
async def test_options_of_the_url_say_whom_to_believe(url: str, tmp_path: Path, option: str) -> None:
    options = option.format(certificate=tmp_path / "certificate.pem")
    link = Link(dialler(f"{url}/?{options}", password=None, timeout=2), dial_timeout=2)
    assert await link.call("PING") == b"PONG"
    await link.aclose()


async def test_the_database_and_the_name_in_a_url_are_those_that_are_used(shared: RedisServer) -> None:
    url = shared.url.removesuffix("/0")
    for number, written in enumerate((f"{url}/1", f"{url}/?db=2", f"{url}?db=3&client_name=me"), start=1):
        link = Link(dialler(written, password=None, timeout=2), dial_timeout=2)
        await link.call("SET", "k", b"v")
        with shared.client() as client:
            assert client.info("keyspace")[f"db{number}"]["keys"] == 1
            assert number < 3 or "me" in {one["name"] for one in client.client_list()}
        await link.aclose()

"""What an administrator changes at simulated Convex reaches a receiver over HTTP, signed so that it can be believed."""

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.processes import certificates
from tests.support.processes.stack import Simulator
from tests.support.time.wait import until

SECRET = b"thirty-two bytes of good secrecy"
CALL = {
    "path": "admin:updatePrompt",
    "args": {"organisation": "sahyadri", "agent": "reception", "prompt": {"unknown": "No idea."}},
}
Delivery = tuple[str, dict[str, str], bytes]


class Receiver:
    """Takes what it is sent, and is away at first."""

    def __init__(self) -> None:
        self.away = 1
        self.got: asyncio.Queue[Delivery] = asyncio.Queue()
        self.app = web.Application()
        self.app.router.add_post("/v1/webhooks/{event}", self.take)

    async def take(self, request: web.Request) -> web.Response:
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.put_nowait((request.path, headers, await request.read()))
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    found = Receiver()
    async with TestServer(found.app) as server:
        yield found, str(server.make_url("/v1/webhooks"))


@pytest.fixture
def convex(receiver: tuple[Receiver, str], tmp_path: Path) -> Iterator[Simulator]:
    simulator = telling(receiver[1], tmp_path)
    yield simulator
    simulator.stop()


def telling(url: str, folder: Path, **options: str) -> Simulator:
    """Simulated Convex that tells a URL of changes."""
    secret = folder / "secret"
    secret.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    told = {"webhook_url": url, "webhook_secret_file": str(secret), "webhook_retry_ms": 20}
    return Simulator("convex", folder, **told, **options)  # type: ignore[arg-type]  # no port


async def change(convex: Simulator) -> None:
    """Edit a prompt as an administrator."""
    async with httpx.AsyncClient() as http:
        await http.post(f"{convex.url}/api/mutation", json=CALL, headers={"Authorization": "Convex k"})


async def test_a_change_is_told_again_after_a_503_until_it_is_taken(
    receiver: tuple[Receiver, str], convex: Simulator
) -> None:
    await change(convex)
    path, headers, body = await asyncio.wait_for(receiver[0].got.get(), 10)
    assert path == "/v1/webhooks/prompt-updated"
    assert body == b'{"organisation":"sahyadri","agent":"reception"}'
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert receiver[0].away == 0


@pytest.mark.parametrize("believed", [True, False])
async def test_over_tls_a_change_is_told_to_a_receiver_that_is_vouched_for_and_to_no_other(
    tmp_path: Path, believed: bool
) -> None:
    bundle, other = certificates.make(tmp_path / "receiver.pem"), certificates.make(tmp_path / "other.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(bundle)
    receiver = Receiver()
    server = TestServer(receiver.app, scheme="https")
    await server.start_server(ssl=context)
    url = str(server.make_url("/v1/webhooks"))
    convex = telling(url, tmp_path, webhook_ca_file=str(bundle if believed else other))
    try:
        await change(convex)
        await asyncio.to_thread(until, lambda: tried(convex), seconds=10, what="a second attempt")
        assert receiver.got.empty() != believed
    finally:
        convex.stop()
        await server.close()


def tried(convex: Simulator) -> bool:
    """Whether a change was told, or twice in vain."""
    calls = convex.calls()
    return bool(calls.get("webhook_delivered")) or calls.get("webhook_attempts", 0) > 2

"""What an administrator changes at simulated Convex reaches a receiver over HTTP, signed so that it can be believed."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.stack import Simulator

SECRET = b"thirty-two bytes of good secrecy"
Delivery = tuple[str, dict[str, str], bytes]


class Receiver:
    """Takes what it is sent, and is away at first."""

    def __init__(self) -> None:
        self.away = 1
        self.got: asyncio.Queue[Delivery] = asyncio.Queue()

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
    app = web.Application()
    app.router.add_post("/v1/webhooks/{event}", found.take)
    async with TestServer(app) as server:
        yield found, str(server.make_url("/v1/webhooks"))


@pytest.fixture
def convex(receiver: tuple[Receiver, str], tmp_path: Path) -> Iterator[Simulator]:
    secret = tmp_path / "secret"
    secret.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    simulator = Simulator(
        "convex", tmp_path, webhook_url=receiver[1], webhook_secret_file=str(secret), webhook_retry_ms=20
    )
    yield simulator
    simulator.stop()


async def test_a_change_is_told_again_after_a_503_until_it_is_taken(
    receiver: tuple[Receiver, str], convex: Simulator
) -> None:
    call = {
        "path": "admin:updatePrompt",
        "args": {"organisation": "sahyadri", "agent": "reception", "prompt": {"unknown": "No idea."}},
    }
    async with httpx.AsyncClient() as http:
        await http.post(f"{convex.url}/api/mutation", json=call, headers={"Authorization": "Convex k"})
        path, headers, body = await asyncio.wait_for(receiver[0].got.get(), 10)
    assert path == "/v1/webhooks/prompt-updated"
    assert body == b'{"organisation":"sahyadri","agent":"reception"}'
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert receiver[0].away == 0

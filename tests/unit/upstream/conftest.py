"""A provider that answers whatever a test scripts, over real HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Provider:
    """What it will answer, and what it was asked."""

    status: int = 200
    body: bytes = b"{}"
    hangs: bool = False
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    running: int = 0
    most: int = 0
    """The largest number of requests it has had at a time."""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, await request.json()))
        self.headers.append(dict(request.headers))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await self._answer()
        finally:
            self.running -= 1

    async def _answer(self) -> web.Response:
        if self.hangs:
            await asyncio.Event().wait()
        return web.Response(status=self.status, body=self.body, content_type="application/json")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found = Provider()
    app = web.Application()
    app.router.add_post("/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.url = str(server.make_url(""))
        yield found


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session

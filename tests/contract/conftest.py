"""Every implementation of a port, as a fixture."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.support.caches import DictLeases, DictStore
from tests.support.redis import RedisServer, Sentinels, as_worker
from warmline_cache.redis.breaker import Breaker
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Server
from warmline_cache.store.ports import LeaseStore, Store
from warmline_cache.store.redis import WAKE_CHANNEL, RedisLeases, RedisStore

KINDS = ["dict", "redis", "sentinel"]


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("single")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    group = Sentinels(tmp_path_factory.mktemp("watched")).start()
    yield group
    group.stop()


def connect(url: str, *, on_push: Callable[[list[bytes]], None] | None = None) -> Server:
    """A server that is given a second for every call: these tests are about what, not about how fast."""
    link = Link(dialler(as_worker(url), password=None, timeout=1), dial_timeout=5, on_push=on_push)
    return Server(link, breaker=Breaker(0.0), clock=asyncio.get_running_loop().time)


class Stored:
    """A store, and a way behind its back."""

    def __init__(self, store: Store, server: RedisServer | None) -> None:
        self.store = store
        self._server = server

    def lose(self, text: str) -> None:
        """As an evicting Redis does at any moment."""
        if isinstance(self.store, DictStore):
            self.store.lose(text)
        elif self._server:
            with self._server.client() as client:
                client.delete(text)

    def garble(self, text: str) -> None:
        """Somebody else's bytes."""
        if isinstance(self.store, DictStore):
            self.store.put(text, b"garbage")
        elif self._server:
            with self._server.client() as client:
                client.set(text, b"garbage")


@pytest.fixture(params=KINDS)
async def stored(request: pytest.FixtureRequest) -> AsyncIterator[Stored]:
    if request.param == "dict":
        yield Stored(DictStore(asyncio.get_running_loop().time, os.urandom), None)
        return
    backend = request.getfixturevalue("single" if request.param == "redis" else "watched")
    store = RedisStore(connect(backend.url), deadline=2, random=os.urandom)
    yield Stored(store, backend if request.param == "redis" else backend.master)
    await store.aclose()


class Leased:
    """A lease store, and the messages of its releases."""

    def __init__(self, store: LeaseStore, heard: list[bytes]) -> None:
        self.store = store
        self.heard = heard


@pytest.fixture(params=KINDS)
async def leased(request: pytest.FixtureRequest) -> AsyncIterator[Leased]:
    heard: list[bytes] = []
    if request.param == "dict":
        leases = DictLeases(asyncio.get_running_loop().time)
        leases.hear.append(heard.append)
        yield Leased(leases, heard)
        return
    backend = request.getfixturevalue("single" if request.param == "redis" else "watched")
    listening = connect(backend.url, on_push=lambda push: heard.append(push[2]) if push[0] == b"message" else None)
    await listening.link.open()
    listening.link.subscribe(WAKE_CHANNEL)
    server = connect(backend.url)
    yield Leased(RedisLeases(server), heard)
    await server.aclose()
    await listening.aclose()

"""Workers of two versions on the same Redis servers, as while a fleet is being replaced (promise 3)."""

import asyncio
from typing import Any

import msgspec
import pytest
import redis.asyncio

from tests.integration.cache.conftest import Join
from tests.support.caches import KNOWLEDGE, key
from tests.support.caches.members import Origin
from tests.support.redis import RedisServer
from warmline_cache import Found, Group, Key, Source
from warmline_cache.store.codec import SCHEMA

GROUP = "wl2:{sahyadri}:group:knowledge:c804ce198ec337e3dc762bdd1a09aece"
SLOT = "wl2:{sahyadri}:rag:59c90d960e55e92c623fe0e4d22550bc"
"""What workers of the first released version call the knowledge of an organisation, and one value of it."""


@pytest.mark.parametrize("target", [KNOWLEDGE, key()], ids=["a group", "one key"])
@pytest.mark.parametrize("by", ["old", "new"])
async def test_each_hears_what_the_other_invalidates_and_reads_only_its_own_entries(
    join: Join, target: Group | Key, by: str
) -> None:
    old, new, origin = await join(schema=SCHEMA + 1), await join(), Origin()
    for worker in (old, new, old, new):
        assert (await worker.rag.get_or_load(key(), origin)).value == "v1"
    assert origin.loads == 2, "one for each version"
    origin.value = "v2"
    report = await {"old": old, "new": new}[by].caches.invalidate(target)
    assert [name.split("#")[0] for name in report.acknowledged] == ["w0", "w1"]
    assert [(await worker.rag.get_or_load(key(), origin)).value for worker in (old, new)] == ["v2", "v2"]
    third = await join()
    assert await third.rag.get_or_load(key(), origin) == Found("v2", Source.L2)


async def test_what_a_worker_of_the_first_version_says_and_hears_has_not_changed(
    join: Join, shared: RedisServer, state: RedisServer
) -> None:
    """That one is played by a plain client: names, messages and bytes are as it wrote and expected them."""
    worker, origin = await join(), Origin()
    await worker.rag.get_or_load(key(), origin)
    async with (
        redis.asyncio.Redis(port=state.port) as old,
        redis.asyncio.Redis(port=shared.port) as memory,
        old.pubsub(ignore_subscribe_messages=True) as heard,
    ):
        await heard.subscribe("wl2:invalidations", "wl2:to:old:1")
        await old.hset("wl2:members", "old#1", "live")
        token = await memory.get(GROUP)
        assert token is not None
        assert len(token) == 8
        assert await memory.exists(SLOT)

        telling = asyncio.create_task(worker.caches.invalidate(KNOWLEDGE))
        told = await said(heard)
        assert {name: told[name] for name in ("type", "groups", "keys")} == {
            "type": "Invalidation",
            "groups": [GROUP],
            "keys": [],
        }
        done = {"type": "Acknowledgement", "id": told["id"], "member": "old#1"}
        await old.publish(told["reply_to"], msgspec.msgpack.encode(done))
        assert [name.split("#")[0] for name in (await telling).acknowledged] == ["old", "w0"]
        assert await memory.get(GROUP) != token
        log: list[Any] = await old.xrange("wl2:log") or []
        assert [msgspec.msgpack.decode(fields[b"invalidation"])["groups"] for _, fields in log] == [[GROUP]]

        await worker.rag.get_or_load(key(), origin)
        origin.value = "v2"
        over = {**told, "id": "theirs", "reply_to": "wl2:to:old:1", "groups": [], "keys": [SLOT]}
        await memory.set(SLOT, b"\x02\x02" + bytes(8) + b"identity", px=120_000)
        await old.publish("wl2:invalidations", msgspec.msgpack.encode(over))
        acknowledged = await said(heard, "Acknowledgement")
        assert acknowledged["id"] == "theirs"
        assert await worker.rag.get_or_load(key(), origin) == Found("v2", Source.ORIGIN)


async def said(heard: redis.asyncio.client.PubSub, kind: str = "Invalidation") -> dict[str, Any]:
    """The next message of that kind."""
    async with asyncio.timeout(10):
        while True:
            message = await heard.get_message(timeout=1)
            if message is not None:
                found: dict[str, Any] = msgspec.msgpack.decode(message["data"])
                if found["type"] == kind:
                    return found

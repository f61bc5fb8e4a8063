"""What every shared store does: the fake in virtual time, Redis, and Redis behind Sentinels."""

import asyncio
import itertools

import pytest

from tests.contract.conftest import Stored
from warmline_cache import Group, Key
from warmline_cache.entry import CacheEntry
from warmline_cache.redis.budget import Budget
from warmline_cache.store.codec import STAMP_BYTES, pack, unpack, vacancy
from warmline_cache.store.ports import StoredSlot

_numbers = itertools.count()

ODD_TEXTS = ["", "x" * 10_000, "{a}b}", "line\nbreak", "गठिया", "\ud800", "\x00", "wl2:{x}:rag:0"]


def fresh_key(organisation: str = "sahyadri", *parts: str) -> Key:
    """A key that no other test has, of two groups."""
    number = str(next(_numbers))
    groups = (Group(organisation, "organisation", number), Group(organisation, "knowledge", number))
    return Key("rag", organisation, (number, *parts), groups)


def entry(claimed: StoredSlot, payload: bytes = b"value", *, identity: bytes = b"12345678") -> bytes:
    tokens = tuple(token for token in claimed.tokens if token is not None)
    return pack(CacheEntry(payload, 1.0, identity, tokens))


async def claim(stored: Stored, key: Key) -> StoredSlot:
    return await stored.store.claim(key, Budget(2))


async def commit(stored: Stored, key: Key, claimed: StoredSlot, payload: bytes = b"value", ttl: float = 60) -> bool:
    return await stored.store.commit(key, claimed, entry(claimed, payload), ttl, Budget(2))


async def payload(stored: Stored, key: Key) -> bytes | None:
    slot = await stored.store.read(key, Budget(1), weight=100)
    found = None if slot.data is None else unpack(slot.data, len(slot.tokens))
    return None if found is None or found.generations != slot.tokens else found.payload


async def test_what_nobody_stored_is_not_there(stored: Stored) -> None:
    assert await stored.store.read(fresh_key(), Budget(1), weight=1) == StoredSlot(None, (None, None))


async def test_a_claim_makes_what_is_missing_and_changes_nothing_else(stored: Stored) -> None:
    key = fresh_key()
    first = await claim(stored, key)
    assert first.data is not None
    assert unpack(first.data, 2) is None
    assert all(first.tokens)
    assert await claim(stored, key) == first == await stored.store.read(key, Budget(1), weight=1)


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
async def test_what_was_committed_is_read(stored: Stored, size: int) -> None:
    key = fresh_key()
    assert await commit(stored, key, await claim(stored, key), b"x" * size)
    assert await payload(stored, key) == b"x" * size


async def test_of_two_loads_that_claimed_alike_the_first_to_end_is_kept(stored: Stored) -> None:
    key = fresh_key()
    claimed = await claim(stored, key)
    assert await commit(stored, key, claimed, b"first")
    assert not await commit(stored, key, claimed, b"second")
    assert await payload(stored, key) == b"first"


async def test_who_never_claimed_may_not_commit(stored: Stored) -> None:
    key = fresh_key()
    nothing = await stored.store.read(key, Budget(1), weight=1)
    assert not await stored.store.commit(key, nothing, b"x" * 40, 60, Budget(2))
    assert (await stored.store.read(key, Budget(1), weight=1)).data is None


async def test_a_key_that_names_a_group_twice_is_stored_at_its_first_load(stored: Stored) -> None:
    key = fresh_key()
    key = Key("rag", "sahyadri", (*key.parts, "twice"), (*key.groups, *key.groups))
    assert await commit(stored, key, await claim(stored, key))
    assert await payload(stored, key) == b"value"


@pytest.mark.parametrize("group", [0, 1])
async def test_replacing_a_group_ends_what_was_stored_and_what_is_being_loaded(stored: Stored, group: int) -> None:
    key, loading = fresh_key(), fresh_key()
    loading = Key("rag", "sahyadri", loading.parts, key.groups)
    await commit(stored, key, await claim(stored, key))
    claimed = await claim(stored, loading)
    await stored.store.replace([key.group_texts[group]], [], Budget(2))
    assert await payload(stored, key) is None
    assert not await commit(stored, loading, claimed)


async def test_replacing_a_key_ends_that_one_alone(stored: Stored) -> None:
    key = fresh_key()
    other = Key("rag", "sahyadri", (*key.parts, "other"), key.groups)
    for each in (key, other):
        await commit(stored, each, await claim(stored, each))
    claimed = await claim(stored, key)
    await stored.store.replace([], [key.text], Budget(2))
    assert await payload(stored, key) is None
    assert await payload(stored, other) == b"value"
    assert not await commit(stored, key, claimed)


@pytest.mark.parametrize("lost", [0, 1, 2])
async def test_what_redis_evicts_during_a_load_is_never_taken_for_unchanged(stored: Stored, lost: int) -> None:
    key = fresh_key()
    claimed = await claim(stored, key)
    stored.lose((key.text, *key.group_texts)[lost])
    assert not await commit(stored, key, claimed)
    again = await claim(stored, key)
    assert (again.data, *again.tokens)[lost] != (claimed.data, *claimed.tokens)[lost]
    assert await commit(stored, key, again)


async def test_a_token_that_was_lost_and_made_anew_does_not_bring_old_entries_back(stored: Stored) -> None:
    key = fresh_key()
    await commit(stored, key, await claim(stored, key))
    stored.lose(key.group_texts[0])
    assert await payload(stored, key) is None
    await claim(stored, key)
    assert await payload(stored, key) is None


async def test_an_entry_ends_with_its_time(stored: Stored) -> None:
    key = fresh_key()
    await commit(stored, key, await claim(stored, key), ttl=0.05)
    async with asyncio.timeout(5):
        while await payload(stored, key) is not None:
            pass


async def test_somebody_elses_bytes_are_claimed_and_replaced(stored: Stored) -> None:
    key = fresh_key()
    stored.garble(key.text)
    claimed = await claim(stored, key)
    assert claimed.data == b"garbage"
    assert await commit(stored, key, claimed)
    assert await payload(stored, key) == b"value"


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_any_text_may_be_part_of_a_key_or_name_an_organisation(stored: Stored, text: str) -> None:
    keys = [fresh_key("sahyadri", text), fresh_key(text, "x")]
    for each in keys:
        assert await commit(stored, each, await claim(stored, each), each.text.encode("utf-8"))
    assert [await payload(stored, each) for each in keys] == [each.text.encode("utf-8") for each in keys]


async def test_many_keys_of_many_organisations_read_in_one_tick_each_get_their_own(stored: Stored) -> None:
    keys = [fresh_key(f"org{n % 7}") for n in range(300)]
    for each in keys:
        await commit(stored, each, await claim(stored, each), each.text.encode())
    found = await asyncio.gather(*(payload(stored, each) for each in [*keys, *keys]))
    assert found == [each.text.encode() for each in [*keys, *keys]]


def test_a_stamp_is_what_a_vacancy_is_made_of() -> None:
    assert len(vacancy(b"12345678")) == STAMP_BYTES

"""What every popularity store does; and what Redis keeps, for how long."""

import itertools
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.contract.conftest import connect
from tests.support.redis import RedisServer
from tests.support.worker.popular import DictPopular
from warmline.warming.popular import PopularStore, Question
from warmline.warming.popular_redis import RedisPopular
from warmline_cache.errors import StoreUnavailable

_numbers = itertools.count()
KNEE, HIP, BACK = (Question("reception", f"what is {part} pain") for part in ("knee", "hip", "back"))
ODD = [Question("reception", text) for text in ("", "गठिया क्या है", "\ud800", "\x00", "line\nbreak", "}{", "a" * 200)]
TODAY = 20_000


@pytest.fixture
def organisation() -> str:
    return f"organisation-{next(_numbers)}"


@pytest.fixture(params=["dict", "redis", "sentinel"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[PopularStore]:
    if request.param == "dict":
        yield DictPopular()
        return
    server = connect(request.getfixturevalue("single" if request.param == "redis" else "watched").url)
    yield RedisPopular(server, days=7)
    await server.aclose()


async def test_only_new_askings_are_counted_as_distinct(store: PopularStore, organisation: str) -> None:
    digests = [KNEE.digest, HIP.digest]
    assert list(await store.distinct(organisation, digests, new={KNEE.digest})) == [1, 0]
    assert list(await store.distinct(organisation, digests, new={KNEE.digest, HIP.digest})) == [2, 1]
    assert list(await store.distinct(organisation, digests, new=set())) == [2, 1]


async def test_what_was_asked_most_comes_first(store: PopularStore, organisation: str) -> None:
    await store.add(organisation, {KNEE: 2, HIP: 5}, day=TODAY)
    await store.add(organisation, {KNEE: 4, BACK: 1}, day=TODAY)
    top = await store.top(organisation, 2, day=TODAY)
    assert [(one.question, one.weight) for one in top] == [(KNEE, 6.0), (HIP, 5.0)]


async def test_yesterdays_askings_weigh_half(store: PopularStore, organisation: str) -> None:
    await store.add(organisation, {KNEE: 8}, day=TODAY - 2)
    await store.add(organisation, {HIP: 3}, day=TODAY)
    assert [one.question for one in await store.top(organisation, 9, day=TODAY)] == [HIP, KNEE]
    assert [one.question for one in await store.top(organisation, 9, day=TODAY - 1)] == [KNEE]


async def test_any_text_comes_back_as_it_was(store: PopularStore, organisation: str) -> None:
    await store.add(organisation, dict.fromkeys(ODD, 1), day=TODAY)
    assert {one.question for one in await store.top(organisation, 99, day=TODAY)} == set(ODD)


async def test_agents_and_organisations_are_told_apart(store: PopularStore, organisation: str) -> None:
    other_agent = Question("care", KNEE.text)
    await store.add(organisation, {KNEE: 1, other_agent: 2}, day=TODAY)
    assert [one.question for one in await store.top(organisation, 9, day=TODAY)] == [other_agent, KNEE]
    assert list(await store.top(f"{organisation}-other", 9, day=TODAY)) == []
    assert KNEE.digest != other_agent.digest


async def test_nothing_is_left_of_an_organisation_that_is_forgotten(store: PopularStore, organisation: str) -> None:
    await store.distinct(organisation, [KNEE.digest], new={KNEE.digest})
    for day in (TODAY - 6, TODAY):
        await store.add(organisation, {KNEE: 5}, day=day)
    await store.forget(organisation, day=TODAY)
    assert list(await store.top(organisation, 9, day=TODAY)) == []
    assert list(await store.distinct(organisation, [KNEE.digest], new=set())) == [0]


async def test_a_thousand_questions_at_once_are_all_counted(store: PopularStore, organisation: str) -> None:
    many = [Question("reception", f"question {number}") for number in range(900)]
    assert set(await store.distinct(organisation, [q.digest for q in many], new={q.digest for q in many})) == {1}
    await store.add(organisation, dict.fromkeys(many, 2), day=TODAY)
    assert len(await store.top(organisation, 2000, day=TODAY)) == 900


@pytest.fixture
async def small(single: RedisServer) -> AsyncIterator[RedisPopular]:
    """Redis with room for ten."""
    server = connect(single.url)
    yield RedisPopular(server, days=7, bound=10, asked_bound=10)
    await server.aclose()


def numbered(count: int) -> list[Question]:
    return [Question("reception", f"question {number}") for number in range(count)]


async def test_of_more_questions_than_redis_keeps_the_most_asked_stay(small: RedisPopular, organisation: str) -> None:
    many = numbered(50)
    for question, times in zip(many, range(50, 0, -1), strict=True):
        await small.add(organisation, {question: times}, day=TODAY)
    for _ in range(3):
        await small.add(organisation, dict.fromkeys(many[:5], 100), day=TODAY)
    top = await small.top(organisation, 99, day=TODAY)
    assert len(top) == 10
    assert {one.question for one in top[:5]} == set(many[:5])


async def test_a_question_that_is_new_rises_in_a_full_set(small: RedisPopular, organisation: str) -> None:
    await small.add(organisation, dict.fromkeys(numbered(10), 1000), day=TODAY)
    for _ in range(5):
        await small.add(organisation, {KNEE: 3}, day=TODAY)
    assert (await small.top(organisation, 1, day=TODAY))[0].question == KNEE


async def test_a_new_question_finds_a_place_among_old_ones_and_no_count_is_inherited(
    small: RedisPopular, organisation: str
) -> None:
    digests = sorted((question.digest for question in numbered(50)), reverse=True)
    for digest in digests:
        counts = [await small.distinct(organisation, [digest], new={digest}) for _ in range(3)]
        assert [list(count) for count in counts] == [[1], [2], [3]]
    left = await small.distinct(organisation, digests, new=set())
    assert sum(map(bool, left)) == 10
    assert left[-1] == 3


async def test_a_count_of_distinct_askings_stops_where_its_bits_end(small: RedisPopular, organisation: str) -> None:
    last: Sequence[int] = ()
    for _ in range(1030):
        last = await small.distinct(organisation, [KNEE.digest], new={KNEE.digest})
    assert list(last) == [1023]


async def test_what_is_not_ours_is_passed_over_or_refused(
    small: RedisPopular, single: RedisServer, organisation: str
) -> None:
    await small.add(organisation, {KNEE: 1}, day=TODAY)
    with single.client() as client:
        client.zadd(f"wl2:{{{organisation}}}:popular:{TODAY}", {b"\xff\xfe": 9})
        client.set(f"wl2:{{{organisation}}}:asked", "text")
    assert [one.question for one in await small.top(organisation, 9, day=TODAY)] == [KNEE]
    with pytest.raises(StoreUnavailable):
        await small.distinct(organisation, [KNEE.digest], new=set())


async def test_every_key_of_redis_ends_with_the_retention_however_often_it_is_written(
    single: RedisServer, organisation: str
) -> None:
    server = connect(single.url)
    store = RedisPopular(server, days=7)
    week = 7 * 86_400
    with single.client() as client:
        for longest in (week, week - 50):
            await store.distinct(organisation, [KNEE.digest], new={KNEE.digest})
            await store.add(organisation, {KNEE: 1}, day=TODAY)
            keys = list(client.scan_iter(f"wl2:{{{organisation}}}:*"))
            assert len(keys) == 2
            for key in keys:
                assert longest - 60 < client.ttl(key) <= longest
                client.expire(key, week - 50)
    await server.aclose()

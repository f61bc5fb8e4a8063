"""What the functions client sends, and what it makes of each answer."""

import asyncio
import json
from collections import Counter

import aiohttp
import msgspec
import pytest
from structlog.testing import capture_logs

from tests.unit.upstream.conftest import Provider
from warmline.errors import FunctionFailed, UpstreamRejected
from warmline.upstream.convex.functions import Convex
from warmline.upstream.posts import Posts
from warmline_cache.errors import UpstreamError, UpstreamUnavailable


class Thing(msgspec.Struct):
    """What the tests' function returns."""

    name: str
    count: int


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def left_out() -> Counter[str]:
    return Counter()


@pytest.fixture
def convex(provider: Provider, http: aiohttp.ClientSession, outcomes: list[str], left_out: Counter[str]) -> Convex:
    return Convex(
        Posts(http, http),
        provider.url,
        deploy_key="prod:x|secret",
        timeout=0.5,
        concurrency=2,
        on_call=outcomes.append,
        on_left_out=lambda function, count: left_out.update({function: count}),
    )


def success(value: object) -> bytes:
    return json.dumps({"status": "success", "value": value}).encode()


async def test_a_query_is_the_documented_request(convex: Convex, provider: Provider) -> None:
    provider.body = success({"name": "n", "count": 1})
    assert await convex.query("things:get", {"id": "7"}, Thing) == Thing("n", 1)
    assert provider.asked == [("/api/query", {"path": "things:get", "args": {"id": "7"}, "format": "json"})]
    assert provider.headers[0]["Authorization"] == "Convex prod:x|secret"


async def test_whole_numbers_may_arrive_as_floats(convex: Convex, provider: Provider) -> None:
    provider.body = success({"name": "n", "count": 3.0})
    found = await convex.action("things:get", {}, Thing)
    assert found == Thing("n", 3)


async def test_null_is_nothing(convex: Convex, provider: Provider) -> None:
    provider.body = success(None)
    assert await convex.query("things:get", {}, Thing) is None


@pytest.mark.parametrize("status", [200, 560])
async def test_a_function_that_threw_is_rejected_with_todays_status_and_yesterdays(
    convex: Convex, provider: Provider, status: int
) -> None:
    provider.status = status
    provider.body = json.dumps({"status": "error", "errorMessage": "[Request ID: 1] Server Error"}).encode()
    with pytest.raises(UpstreamRejected, match="Server Error"):
        await convex.query("things:get", {}, Thing)


@pytest.mark.parametrize(
    "said", [{"status": "error", "errorMessage": "x" * 10**6}, {"code": "y" * 10**6}], ids=["threw", "infrastructure"]
)
async def test_however_much_an_error_says_the_log_is_told_its_beginning(
    convex: Convex, provider: Provider, said: dict[str, str]
) -> None:
    provider.body = json.dumps(said).encode()
    with pytest.raises(UpstreamRejected) as caught:
        await convex.query("things:get", {}, Thing)
    assert len(caught.value.detail) <= 500


@pytest.mark.parametrize("data", [None, "out of stock", {"reason": "out of stock", "left": 0}])
async def test_what_a_function_threw_on_purpose_is_kept(convex: Convex, provider: Provider, data: object) -> None:
    attached = {} if data is None else {"errorData": data}
    provider.body = json.dumps({"status": "error", "errorMessage": "Server Error", **attached}).encode()
    with pytest.raises(FunctionFailed) as caught:
        await convex.action("things:get", {}, Thing)
    assert caught.value.data == data


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "TooManyConcurrentRequests", UpstreamUnavailable),
        (503, "Overloaded", UpstreamUnavailable),
        (500, "InternalServerError", UpstreamUnavailable),
        (400, "BadFormat", UpstreamRejected),
        (401, "InvalidAuthHeader", UpstreamRejected),
        (404, "FunctionPathNotFound", UpstreamRejected),
    ],
)
async def test_the_infrastructures_errors_are_told_apart(
    convex: Convex, provider: Provider, status: int, code: str, expected: type[UpstreamError]
) -> None:
    provider.status, provider.body = status, json.dumps({"code": code, "message": "because"}).encode()
    with pytest.raises(expected, match=code):
        await convex.query("things:get", {}, Thing)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"name": "n"}, "count"),
        ({"name": "n", "count": None}, "count"),
        ({"name": True, "count": 1}, r"\$\.name"),
        ({"name": "n", "count": "many"}, r"\$\.count"),
        ({"name": "n", "count": 1e300}, r"\$\.count"),
        ([], "got `array`"),
        ("text", "got `str`"),
    ],
)
async def test_a_value_of_another_shape_is_rejected_counted_and_its_field_in_the_log(
    convex: Convex, provider: Provider, outcomes: list[str], value: object, field: str
) -> None:
    provider.body = success(value)
    with capture_logs() as logs, pytest.raises(UpstreamRejected, match=f"things:get: .*{field}"):
        await convex.query("things:get", {}, Thing)
    assert outcomes == ["upstream_rejected"]
    assert [(one["event"], one["function"]) for one in logs] == [("answer_unreadable", "things:get")]


async def test_a_bad_element_is_left_out_counted_and_its_field_in_the_log(
    convex: Convex, provider: Provider, outcomes: list[str], left_out: Counter[str]
) -> None:
    provider.body = success([None, {"name": "a", "count": 1}, {"name": "b"}, {"name": "c", "count": 2}])
    with capture_logs() as logs:
        found = await convex.query("things:list", {}, list[Thing])
    assert found == [Thing("a", 1), Thing("c", 2)]
    assert (outcomes, left_out) == (["ok"], {"things:list": 2})
    assert logs[0]["event"] == "elements_left_out"
    assert "count` - at `$[2]`" in logs[0]["elements"][1]


@pytest.mark.parametrize("status", [200, 560])
async def test_errors_that_are_null_beside_a_good_value_are_none(
    convex: Convex, provider: Provider, status: int
) -> None:
    nothing = {"errorMessage": None, "errorData": None, "code": None, "message": None, "logLines": None}
    provider.status, provider.body = 200, json.dumps({"status": "success", "value": "v", **nothing}).encode()
    assert await convex.query("things:get", {}, str) == "v"
    provider.status, provider.body = status, json.dumps({**nothing, "status": "error"}).encode()
    with pytest.raises(FunctionFailed):
        await convex.query("things:get", {}, str)


@pytest.mark.parametrize(("status", "expected"), [(200, UpstreamRejected), (502, UpstreamUnavailable)])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"status": 1}',
        b'{"status": "success", "value": "\xff"}',
        b'{"status": "error", "errorMessage": "\xff"}',
        b'{"status": "success", "value": ' + b"[" * 100_000,
        json.dumps({"status": "success"}).encode("utf-16"),
    ],
    ids=lambda body: ascii(body[:40]),
)
async def test_an_answer_that_cannot_be_read_is_an_error(
    convex: Convex, provider: Provider, status: int, expected: type[UpstreamError], body: bytes
) -> None:
    provider.status, provider.body = status, body
    with pytest.raises(expected):
        await convex.query("things:get", {}, Thing)


async def test_an_answer_without_an_end_is_given_up_at_a_bound(convex: Convex, provider: Provider) -> None:
    provider.body = b'{"status": "success", "value": "' + b"a" * 5_000_000 + b'"}'
    with capture_logs() as logs, pytest.raises(UpstreamRejected, match="bytes"):
        await convex.query("things:get", {}, str)
    assert [one["function"] for one in logs] == ["things:get"]


async def test_a_deployment_that_hangs_is_given_up_in_time(convex: Convex, provider: Provider) -> None:
    provider.hangs = True
    with pytest.raises(UpstreamUnavailable):
        await convex.query("things:get", {}, Thing)


async def test_every_call_is_counted_once_by_how_it_ended(
    convex: Convex, provider: Provider, outcomes: list[str]
) -> None:
    provider.body = success(None)
    await convex.query("things:get", {}, Thing)
    provider.status, provider.body = 429, b'{"code": "TooManyConcurrentRequests", "message": ""}'
    with pytest.raises(UpstreamUnavailable):
        await convex.query("things:get", {}, Thing)
    provider.status, provider.body = 200, b'{"status": "error", "errorMessage": "no"}'
    with pytest.raises(FunctionFailed):
        await convex.query("things:get", {}, Thing)
    assert outcomes == ["ok", "upstream_unavailable", "function_failed"]


async def test_a_call_too_many_waits_for_its_turn_within_its_own_time(convex: Convex, provider: Provider) -> None:
    provider.hangs = True
    calls = [convex.query("things:get", {}, Thing) for _ in range(6)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in ended] == [UpstreamUnavailable] * 6
    assert len(provider.asked) < 6


async def test_after_a_refusal_fewer_calls_run_at_a_time(convex: Convex, provider: Provider) -> None:
    provider.status, provider.body = 429, b'{"code": "TooManyConcurrentRequests", "message": ""}'
    await asyncio.gather(*(convex.query("things:get", {}, Thing) for _ in range(2)), return_exceptions=True)
    provider.most, provider.hangs = 0, True
    await asyncio.gather(*(convex.query("things:get", {}, Thing) for _ in range(2)), return_exceptions=True)
    assert provider.most == 1

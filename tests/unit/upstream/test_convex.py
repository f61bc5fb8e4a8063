"""What the functions client sends, and what it makes of each answer."""

import asyncio
import json

import aiohttp
import msgspec
import pytest

from tests.unit.upstream.conftest import Provider
from warmline.errors import FunctionFailed, UpstreamError, UpstreamRejected, UpstreamUnavailable
from warmline.upstream.convex import Convex


class Thing(msgspec.Struct):
    """What the tests' function returns."""

    name: str
    count: int


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def convex(provider: Provider, http: aiohttp.ClientSession, outcomes: list[str]) -> Convex:
    return Convex(http, provider.url, deploy_key="prod:x|secret", timeout=0.5, concurrency=2, called=outcomes.append)


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


@pytest.mark.parametrize("value", [{"name": "n"}, {"name": 1, "count": 1}, [], "text", {"name": "n", "count": 1.5}])
async def test_a_value_of_another_shape_is_rejected(convex: Convex, provider: Provider, value: object) -> None:
    provider.body = success(value)
    with pytest.raises(UpstreamRejected, match="things:get"):
        await convex.query("things:get", {}, Thing)


@pytest.mark.parametrize(("status", "expected"), [(200, UpstreamRejected), (502, UpstreamUnavailable)])
async def test_an_answer_that_is_not_json_is_an_error(
    convex: Convex, provider: Provider, status: int, expected: type[UpstreamError]
) -> None:
    provider.status, provider.body = status, b"<html>"
    with pytest.raises(expected):
        await convex.query("things:get", {}, Thing)


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

"""In which order a webhook is carried out, and for how long: in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from tests.support.clients.webhooks import SECRET, signed
from warmline.api.deliveries import Event
from warmline.api.faults import HANDLERS
from warmline.api.webhooks import Webhooks
from warmline.telemetry.counters import Metrics
from warmline_cache import Group, Key
from warmline_cache.errors import InvalidationFailed, StoreUnavailable
from warmline_cache.invalidation.invalidation import InvalidationReport

NOW = 1_700_000_000
BODY = b'{"organisation": "sahyadri"}'

pytestmark = pytest.mark.virtual_time


class Diary:
    """`Events` in a list, which the invalidation is written into too."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.broken = ""

    async def seen(self, event: Event) -> bool:
        self._fail_if("seen")
        return _recorded(event) in self.lines

    async def record(self, event: Event) -> None:
        self._fail_if("record")
        self.lines.append(_recorded(event))

    async def invalidate(self, target: Group | Key) -> InvalidationReport:
        assert isinstance(target, Group)
        self.lines.append(f"invalidated {target.kind} of {target.organisation}")
        return InvalidationReport(("one#1", "other#2"), (), 1.25)

    def _fail_if(self, name: str) -> None:
        if self.broken == name:
            raise StoreUnavailable("away")


def _recorded(event: Event) -> str:
    return f"recorded {event.endpoint} {event.id} {event.body.decode()}"


async def never(target: Group | Key) -> InvalidationReport:
    await asyncio.Event().wait()
    raise AssertionError("nobody set it")


async def failing(target: Group | Key) -> InvalidationReport:
    raise InvalidationFailed("Redis is silent")


async def deliver(
    diary: Diary,
    invalidate: Callable[[Group | Key], Awaitable[InvalidationReport]] | None = None,
    *,
    body: bytes = BODY,
) -> httpx.Response:
    metrics = Metrics(CollectorRegistry(), version="test")
    hooks = Webhooks([SECRET], diary, invalidate or diary.invalidate, seconds=5.0, wall=lambda: NOW, metrics=metrics)
    app = Starlette(routes=hooks.routes(), exception_handlers=HANDLERS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker") as client:
        headers = signed(body, id_="evt", timestamp=NOW)
        return await client.post("/v1/webhooks/knowledge-updated", content=body, headers=headers)


async def test_an_event_is_recorded_after_its_effect_and_once() -> None:
    diary = Diary()
    first, second = await deliver(diary), await deliver(diary)
    assert first.json() == {"duplicate": False, "acknowledged": 2, "waited_out": 0, "milliseconds": 1.2}
    assert second.json() == {"duplicate": True}
    assert diary.lines == ["invalidated knowledge of sahyadri", f"recorded knowledge-updated evt {BODY.decode()}"]


@pytest.mark.parametrize("body", [b'{"organisation": "kaveri"}', b'{"organisation":"sahyadri"}', BODY + b"\n"])
async def test_the_same_id_with_another_body_is_another_event(body: bytes) -> None:
    diary = Diary()
    await deliver(diary)
    assert (await deliver(diary, body=body)).json()["duplicate"] is False
    assert (await deliver(diary, body=body)).json()["duplicate"] is True


async def test_what_takes_too_long_is_answered_at_the_limit_and_not_recorded() -> None:
    diary, loop = Diary(), asyncio.get_running_loop()
    began = loop.time()
    assert (await deliver(diary, never)).status_code == 503
    assert loop.time() - began == pytest.approx(5.0)
    assert diary.lines == []


async def test_what_failed_is_not_recorded() -> None:
    diary = Diary()
    response = await deliver(diary, failing)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert diary.lines == []


@pytest.mark.parametrize("step", ["seen", "record"])
async def test_an_id_that_cannot_be_looked_up_or_recorded_is_asked_for_again(step: str) -> None:
    diary = Diary()
    diary.broken = step
    assert (await deliver(diary)).status_code == 503
    diary.broken = ""
    assert (await deliver(diary)).json()["duplicate"] is False

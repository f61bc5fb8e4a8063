"""Whatever comes to a webhook, signed or not: carried out as it says, or refused, and never our failure."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from tests.support.clients.webhooks import OTHER_SECRET, SECRET, signed
from warmline.api.deliveries import Event
from warmline.api.faults import HANDLERS
from warmline.api.webhooks import Webhooks
from warmline.services import groups
from warmline.services.agents import config_key
from warmline.telemetry.counters import Metrics
from warmline_cache import Group, Key
from warmline_cache.invalidation.invalidation import InvalidationReport

NOW = 1_700_000_000
FIELDS = {
    "knowledge-updated": ("organisation",),
    "agent-updated": ("organisation", "agent"),
    "prompt-updated": ("organisation", "agent"),
}
LONGEST = 16 * 1024

Answer = tuple[int, dict[str, Any]]

endpoints = st.sampled_from(sorted(FIELDS))
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1, max_size=12)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True) | st.sampled_from(["sahyadri", "reception"])
nearly = names.flatmap(lambda name: st.sampled_from([name, f"{name}\n", f" {name}", name.upper(), f"{name}\0", ""]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | nearly,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["organisation", "agent"]) | st.text(), inner),
)
bodies = st.one_of(
    st.fixed_dictionaries({"organisation": nearly}, optional={"agent": nearly, "more": values}).map(json.dumps),
    values.map(json.dumps),
).map(str.encode) | st.binary(max_size=200)


class Worker:
    """Webhooks over a list of what was forgotten and a set of what was recorded, asked over ASGI."""

    def __init__(self) -> None:
        self.forgotten: list[Group | Key] = []
        self.recorded: set[Event] = set()
        metrics = Metrics(CollectorRegistry(), version="test")
        hooks = Webhooks([SECRET], self, self.invalidate, seconds=5.0, wall=lambda: NOW, metrics=metrics)
        self._app = Starlette(routes=hooks.routes(), exception_handlers=HANDLERS)

    async def seen(self, event: Event) -> bool:
        return event in self.recorded

    async def record(self, event: Event) -> None:
        self.recorded.add(event)

    async def invalidate(self, target: Group | Key) -> InvalidationReport:
        self.forgotten.append(target)
        return InvalidationReport(("one#1",), (), 1.0)

    def post(self, endpoint: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> Answer:
        """Status and body of the answer; an error that nobody handled is raised."""
        return asyncio.run(self._post(endpoint, body, headers))

    async def _post(self, endpoint: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> Answer:
        sent: list[dict[str, Any]] = []
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        path = f"/v1/webhooks/{endpoint}"
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        await self._app(scope, receive, send)
        return sent[0]["status"], json.loads(b"".join(part.get("body", b"") for part in sent[1:]))


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def meant(endpoint: str, body: bytes) -> Group | Key | None:
    """What a body says is over; None if it says nothing."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or {*told} != {*FIELDS[endpoint]} or not all(map(_is_name, told.values())):
        return None
    if endpoint == "knowledge-updated":
        return groups.knowledge(told["organisation"])
    made = groups.agent if endpoint == "agent-updated" else config_key
    return made(told["organisation"], told["agent"])


def _is_name(value: object) -> bool:
    letters = {*"abcdefghijklmnopqrstuvwxyz0123456789"}
    return isinstance(value, str) and {*value} <= letters | {"-"} and value[:1] in letters and len(value) <= 63


@given(endpoints, bodies)
@example("knowledge-updated", b'{"organisation": "sahyadri\\n"}')
@example("knowledge-updated", b'{"organisation": "\xff"}')
@example("knowledge-updated", b'{"\xff": 1}')
@example("agent-updated", b'{"organisation": "a", "agent": ' + b"[" * 16_000)
@example("agent-updated", b"[" * LONGEST)
@example("agent-updated", b'{"a":' * 3_000)
@example("agent-updated", b'"' + b"a" * LONGEST)
@example("prompt-updated", b'{"organisation": ' + b"1" * 5_000)
@example("prompt-updated", b'{"organisation": "\\ud800"}')
def test_a_signed_webhook_is_carried_out_as_it_says_or_refused_by_its_field(endpoint: str, body: bytes) -> None:
    worker = Worker()
    status, said = worker.post(endpoint, body, raw(signed(body, id_="evt", timestamp=NOW)))
    target = meant(endpoint, body)
    if len(body) > LONGEST:
        assert (status, said["error"]["code"]) == (413, "too_large")
    elif target is None:
        assert (status, said["error"]["code"]) == (400, "invalid_input")
        assert isinstance(said["error"]["field"], str)
    else:
        assert (status, said["duplicate"]) == (200, False)
    assert worker.forgotten == ([] if target is None else [target])
    assert worker.recorded == (set() if target is None else {Event(endpoint, "evt", body)})


@given(
    endpoints,
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.binary(max_size=80)
        | st.sampled_from([b"v1,", b"v1,AAAA", b"1700000000", b"evt", b"v1a,AAAA v1,====", b"1" * 80]),
    ),
    st.lists(st.tuples(st.sampled_from([b"webhook-id", b"webhook-signature"]), st.binary(max_size=40)), max_size=3),
)
def test_a_webhook_that_nobody_signed_changes_nothing(
    endpoint: str, changed: dict[str, bytes], more: list[tuple[bytes, bytes]]
) -> None:
    worker, body = Worker(), b'{"organisation": "sahyadri"}'
    headers = dict(raw(signed(body, id_="evt", timestamp=NOW, secret=OTHER_SECRET)))
    headers.update((name.encode(), value) for name, value in changed.items())
    status, said = worker.post(endpoint, body, [*headers.items(), *more])
    assert (status, said["error"]["code"].partition("_")[0]) == (401, "webhook")
    assert (worker.forgotten, worker.recorded) == ([], set())


@given(st.data())
def test_a_signature_is_of_every_byte_of_id_time_and_body(data: st.DataObject) -> None:
    worker, body = Worker(), b'{"organisation": "sahyadri"}'
    headers = signed(body, id_="evt", timestamp=NOW)
    which = data.draw(st.sampled_from(["webhook-id", "webhook-timestamp", "body"]))
    before = body if which == "body" else headers[which].encode()
    place = data.draw(st.integers(0, len(before) - 1))
    after = before[:place] + data.draw(st.binary(max_size=2)) + before[place + 1 :]
    sent = [(name, after if name.decode() == which else value) for name, value in raw(headers)]
    status, _ = worker.post("knowledge-updated", after if which == "body" else body, sent)
    assert status == (200 if after == before else 401)
    assert bool(worker.forgotten) == (after == before)


@given(st.lists(st.tuples(endpoints, ids, names, names, st.sampled_from(["", " "])), min_size=1, max_size=6))
def test_an_event_is_known_again_by_endpoint_id_and_body_alone(
    told: list[tuple[str, str, str, str, str]],
) -> None:
    worker, before = Worker(), set[tuple[str, str, bytes]]()
    for endpoint, id_, organisation, agent, space in [*told, *told]:
        fields = dict(zip(FIELDS[endpoint], (organisation, agent), strict=False))
        body = (json.dumps(fields) + space).encode()
        status, said = worker.post(endpoint, body, raw(signed(body, id_=id_, timestamp=NOW)))
        assert (status, said["duplicate"]) == (200, (endpoint, id_, body) in before)
        before.add((endpoint, id_, body))
    assert len(worker.forgotten) == len(before)


@pytest.mark.parametrize("endpoint", sorted(FIELDS))
def test_the_oracle_knows_a_good_body(endpoint: str) -> None:
    body = json.dumps(dict.fromkeys(FIELDS[endpoint], "sahyadri")).encode()
    assert meant(endpoint, body) is not None

"""The provider says that something has changed: `POST /v1/webhooks/{knowledge,agent,prompt}-updated`.

    read ── too large ─► 413        verified ── not signed as agreed, or not now ─► 401
      └─► decoded ── wrong ─► 400     └─► seen before ─► 200, duplicate
                                          └─► invalidated ─► recorded ─► 200        none of it in time ─► 503

An event is its endpoint, id and body: one id with anything else in it is another event, and carried out. It is
recorded only once its effect is there, so that a failed attempt may be repeated under the same id; two attempts at the
same time invalidate twice, which costs a miss. docs/integrate/webhooks.md is the contract.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Protocol

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline.api import lines, wire
from warmline.api.deliveries import Event
from warmline.api.keys import NAME
from warmline.api.signature import HEADERS, SignatureRefusal, verify
from warmline.errors import InvalidInput, TooLarge, WebhookRefused
from warmline.services import groups
from warmline.services.agents import config_key
from warmline.telemetry.counters import Metrics
from warmline_cache import Group, Key
from warmline_cache.errors import InvalidationFailed, StoreUnavailable
from warmline_cache.invalidation.invalidation import InvalidationReport

_Name = Annotated[str, msgspec.Meta(pattern=NAME)]

OUTCOMES = ("done", "duplicate", "failed", "too_large", "wrong_body", *(reason.value for reason in SignatureRefusal))
"""What may become of a delivery; only the first changes anything."""


class _Notice(Protocol):
    def target(self) -> Group | Key: ...


class _KnowledgeUpdated(msgspec.Struct, forbid_unknown_fields=True):
    organisation: _Name

    def target(self) -> Group:
        return groups.knowledge(self.organisation)


class _AgentUpdated(msgspec.Struct, forbid_unknown_fields=True):
    """Its phrases too: what a pronunciation dictionary says may have changed under the same name."""

    organisation: _Name
    agent: _Name

    def target(self) -> Group:
        return groups.agent(self.organisation, self.agent)


class _PromptUpdated(msgspec.Struct, forbid_unknown_fields=True):
    """The configuration says by its timestamp which prompt is current; phrases sound as before and stay warm."""

    organisation: _Name
    agent: _Name

    def target(self) -> Key:
        return config_key(self.organisation, self.agent)


_DECODERS: dict[str, msgspec.json.Decoder[_Notice]] = {
    "knowledge-updated": msgspec.json.Decoder(_KnowledgeUpdated),
    "agent-updated": msgspec.json.Decoder(_AgentUpdated),
    "prompt-updated": msgspec.json.Decoder(_PromptUpdated),
}


class Events(Protocol):
    """Which events were carried out. Both raise StoreUnavailable when it cannot be said or done."""

    async def seen(self, event: Event) -> bool:
        """Whether the event was recorded."""

    async def record(self, event: Event) -> None:
        """It is, from now on."""


class Webhooks:
    """Receives the provider's webhooks. `secrets` are all that are valid now; `wall` is the time of day.

    `seconds` bounds what comes after the signature: whatever holds it up, the provider has its answer by then.
    """

    def __init__(
        self,
        secrets: Sequence[bytes],
        events: Events,
        invalidate: Callable[[Group | Key], Awaitable[InvalidationReport]],
        *,
        seconds: float,
        wall: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._secrets = secrets
        self._events = events
        self._invalidate = invalidate
        self._seconds = seconds
        self._wall = wall
        self._counted = metrics.webhooks(list(_DECODERS), OUTCOMES)

    def routes(self) -> list[Route]:
        """The endpoints, for the application to mount."""
        return [
            Route("/v1/webhooks/knowledge-updated", self.knowledge_updated, methods=["POST"]),
            Route("/v1/webhooks/agent-updated", self.agent_updated, methods=["POST"]),
            Route("/v1/webhooks/prompt-updated", self.prompt_updated, methods=["POST"]),
        ]

    async def knowledge_updated(self, request: Request) -> Response:
        """Every worker forgets what it found in the organisation's knowledge."""
        return await self._receive(request, "knowledge-updated")

    async def agent_updated(self, request: Request) -> Response:
        """Every worker forgets the agent's configuration, prompts and phrases."""
        return await self._receive(request, "agent-updated")

    async def prompt_updated(self, request: Request) -> Response:
        """Every worker forgets the agent's configuration: the next one names the new prompt by its timestamp."""
        return await self._receive(request, "prompt-updated")

    async def _receive(self, request: Request, endpoint: str) -> Response:
        outcome = "failed"
        try:
            body = await wire.read(request)
            id_ = verify(self._secrets, _pick_headers(request.headers), body, now=self._wall())
            target = wire.decode(_DECODERS[endpoint], body).target()
            report = await self._carry_out(Event(endpoint, id_, body), target)
            outcome = "duplicate" if report is None else "done"
        except WebhookRefused as error:
            outcome = error.reason
            raise
        except TooLarge:
            outcome = "too_large"
            raise
        except InvalidInput:
            outcome = "wrong_body"
            raise
        finally:
            self._counted(endpoint, outcome)
        return JSONResponse(_show(report))

    async def _carry_out(self, event: Event, target: Group | Key) -> InvalidationReport | None:
        """Who has forgotten; None if it was carried out before. Raises InvalidationFailed."""
        try:
            async with asyncio.timeout(self._seconds):
                if await self._events.seen(event):
                    return None
                report = await self._invalidate(target)
                await self._events.record(event)
        except StoreUnavailable as error:
            raise InvalidationFailed(f"the event cannot be looked up or recorded: {error}") from error
        except TimeoutError as error:
            raise InvalidationFailed(f"not within {self._seconds:g} s") from error
        return report


def _pick_headers(headers: Headers) -> dict[str, str]:
    return {name: lines.join(headers, name) or "" for name in HEADERS}


def _show(report: InvalidationReport | None) -> dict[str, object]:
    if report is None:
        return {"duplicate": True}
    return {
        "duplicate": False,
        "acknowledged": len(report.acknowledged),
        "waited_out": len(report.waited_out),
        "milliseconds": round(report.milliseconds, 1),
    }

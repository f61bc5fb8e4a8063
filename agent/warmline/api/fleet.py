"""The endpoints for the fleet, on a port of their own that callers cannot reach.

GET  /livez                  200 while the event loop turns
GET  /readyz                 200 while new callers may be sent here
GET  /metrics                Prometheus text or OpenMetrics
GET  /v1/admin/caches        the caches' numbers that are in force, contents, hits
POST /v1/admin/invalidate    what `warmline invalidate` does
POST /v1/admin/warm          what `warmline warm` does
GET  /v1/openapi.json        all of these as OpenAPI
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline.api import lines, openapi, wire
from warmline.api.keys import NAME
from warmline.services import groups
from warmline.warming.warming import Warming
from warmline_cache import Caches
from warmline_cache.errors import StoreRefused, StoreUnavailable

_Name = Annotated[str, msgspec.Meta(pattern=NAME)]


class _Invalidate(msgspec.Struct, forbid_unknown_fields=True):
    organisation: _Name
    knowledge: bool = False
    agents: Annotated[list[_Name], msgspec.Meta(max_length=100)] = []


_decoder = msgspec.json.Decoder(_Invalidate)


class FleetApi:
    """Health for the orchestrator, numbers for Prometheus, and what operators ask of one worker.

    `identity` has the worker's slot, version and release; `profile` is the one that the caches' numbers come from.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        caches: Caches,
        warming: Warming,
        *,
        identity: Mapping[str, str],
        profile: str,
    ) -> None:
        self._registry = registry
        self._caches = caches
        self._warming = warming
        self._identity = identity
        self._profile = profile
        self._draining = False

    def drain(self) -> None:
        """From now on the worker is alive but not ready."""
        self._draining = True

    def routes(self) -> list[Route]:
        """The endpoints, for the application to mount."""
        return [
            Route("/livez", self.show_liveness, name="livez"),
            Route("/readyz", self.show_readiness, name="readyz"),
            Route("/metrics", self.show_metrics, name="metrics"),
            Route("/v1/admin/caches", self.show_caches, name="caches"),
            Route("/v1/admin/invalidate", self.invalidate, methods=["POST"], name="invalidate"),
            Route("/v1/admin/warm", self.warm, methods=["POST"], name="warm"),
            Route("/v1/openapi.json", self.show_document, name="document"),
        ]

    async def show_liveness(self, request: Request) -> Response:
        """200 while the event loop turns."""
        return JSONResponse({"live": True, **self._identity})

    async def show_readiness(self, request: Request) -> Response:
        """200 while new callers may be sent here: warmed as far as the time allowed, and not draining.

        Redis being away degrades the worker; it does not unready it. What it refuses is told in its own words.
        """
        redis, refusals = await self._ask_redis(), self._caches.refusals()
        ready = self._warming.ready and not self._draining
        body = {
            "ready": ready,
            "redis": redis,
            "degraded": redis != "up" or bool(refusals),
            "refusals": refusals,
            "warming": self._warming.state,
            "warmed": self._warming.report.by_cache(),
            **self._identity,
        }
        return JSONResponse(body, status_code=200 if ready else 503)

    async def show_metrics(self, request: Request) -> Response:
        """Prometheus text or OpenMetrics, as the scraper asks."""
        encode, content_type = choose_encoder(lines.join(request.headers, "accept") or "")
        return Response(encode(self._registry), headers={"Content-Type": content_type})

    async def show_caches(self, request: Request) -> Response:
        """This worker's caches: the numbers that are in force, what L1 holds, which layer answered."""
        caches = {overview.name: overview.show() for overview in self._caches.overviews}
        return JSONResponse({"slot": self._identity["slot"], "profile": self._profile, "caches": caches})

    async def invalidate(self, request: Request) -> Response:
        """Return when no worker of the fleet serves the targets any more. Raises InvalidationFailed."""
        wanted = wire.decode(_decoder, await wire.read_json(request))
        targets = groups.targets(wanted.organisation, with_knowledge=wanted.knowledge, agents=wanted.agents)
        report = await self._caches.invalidate(*targets)
        return JSONResponse(
            {
                "acknowledged": _names(report.acknowledged),
                "waited_out": _names(report.waited_out),
                "milliseconds": round(report.milliseconds, 1),
            }
        )

    async def warm(self, request: Request) -> Response:
        """Warm this worker, or join a warming that is under way. Answers at its end: the entries by cache and by what
        became of them."""
        report = await self._warming.again()
        return JSONResponse({"entries": report.by_cache()})

    async def show_document(self, request: Request) -> Response:
        """These endpoints as OpenAPI."""
        return JSONResponse(openapi.fleet())

    async def _ask_redis(self) -> str:
        try:
            await self._caches.ping()
        except StoreRefused as error:
            return f"refuses: {error}"
        except StoreUnavailable as error:
            return f"away: {error}"
        return "up"


def _names(members: Sequence[str]) -> list[str]:
    """The workers' names without what tells one life of a worker from the next."""
    return [member.partition("#")[0] for member in members]

"""The fleet's own endpoints about its caches: what they hold and how they do, and making them forget.

GET  /v1/admin/caches        effective numbers, contents, hits
POST /v1/admin/invalidate    what `warmline invalidate` does
GET  /v1/openapi.json        both, and health and metrics, as OpenAPI
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline.api import openapi, wire
from warmline.api.keys import NAME
from warmline.services import groups
from warmline_cache.invalidation.invalidation import InvalidationReport
from warmline_cache.overview import Overview

_Name = Annotated[str, msgspec.Meta(pattern=NAME)]


class _Invalidate(msgspec.Struct, forbid_unknown_fields=True):
    organisation: _Name
    knowledge: bool = False
    agents: Annotated[list[_Name], msgspec.Meta(max_length=100)] = []


_decoder = msgspec.json.Decoder(_Invalidate)


class FleetApi:
    """For whoever runs the fleet; mounted on the port that callers cannot reach."""

    def __init__(
        self,
        overviews: Sequence[Overview],
        invalidate: Callable[..., Awaitable[InvalidationReport]],
        *,
        slot: str,
        profile: str,
    ) -> None:
        self._overviews = overviews
        self._invalidate = invalidate
        self._identity = {"slot": slot, "profile": profile}

    def routes(self) -> list[Route]:
        """The endpoints, for the application to mount."""
        return [
            Route("/v1/admin/caches", self.caches),
            Route("/v1/admin/invalidate", self.invalidate, methods=["POST"]),
            Route("/v1/openapi.json", self.document),
        ]

    async def caches(self, request: Request) -> Response:
        """This worker's caches: the numbers that are in force, what L1 holds, who answered."""
        return JSONResponse({**self._identity, "caches": {one.name: one.shown() for one in self._overviews}})

    async def invalidate(self, request: Request) -> Response:
        """Return when no worker serves it any more. Raises InvalidationFailed."""
        wanted = wire.decoded(_decoder, await wire.read_json(request))
        targets = groups.targets(wanted.organisation, with_knowledge=wanted.knowledge, agents=wanted.agents)
        report = await self._invalidate(*targets)
        return JSONResponse(
            {
                "acknowledged": _names(report.acknowledged),
                "waited_out": _names(report.waited_out),
                "milliseconds": round(report.milliseconds, 1),
            }
        )

    async def document(self, request: Request) -> Response:
        """These endpoints as OpenAPI."""
        return JSONResponse(openapi.fleet())


def _names(members: Sequence[str]) -> list[str]:
    """The workers' names without what tells one life of a worker from the next."""
    return [member.partition("#")[0] for member in members]

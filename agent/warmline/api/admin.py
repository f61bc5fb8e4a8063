"""The fleet's endpoints, on a port of their own that callers cannot reach: `/livez`, `/readyz`, `/metrics`."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline.api import lines
from warmline.warming.warming import Warming
from warmline_cache.errors import StoreRefused, StoreUnavailable


class AdminApi:
    """Health for the orchestrator, numbers for Prometheus. `identity` says which worker of which release this is;
    `refusals` is what Redis refuses, by who was refused."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        identity: Mapping[str, str],
        ping_redis: Callable[[], Awaitable[None]],
        warming: Warming,
        refusals: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._registry = registry
        self._identity = identity
        self._ping_redis = ping_redis
        self._warming = warming
        self._refusals = refusals
        self._draining = False

    def drain(self) -> None:
        """From now on the worker is alive but not ready."""
        self._draining = True

    def routes(self) -> list[Route]:
        """The endpoints, for the application to mount."""
        return [
            Route("/livez", self.live, name="livez"),
            Route("/readyz", self.ready, name="readyz"),
            Route("/metrics", self.metrics, name="metrics"),
        ]

    async def live(self, request: Request) -> Response:
        """200 while the event loop turns."""
        return JSONResponse({"live": True, **self._identity})

    async def ready(self, request: Request) -> Response:
        """200 while new callers may be sent here: warmed as far as the time allowed, and not draining.

        Redis being away degrades the worker; it does not unready it. What it refuses is told in its own words.
        """
        redis, refusals = await self._redis(), self._refusals()
        ready = self._warming.ready and not self._draining
        body = {
            "ready": ready,
            "redis": redis,
            "degraded": redis != "up" or bool(refusals),
            "refusals": dict(refusals),
            "warming": self._warming.state,
            "warmed": self._warming.report.by_cache(),
            **self._identity,
        }
        return JSONResponse(body, status_code=200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text or OpenMetrics, as the scraper asks."""
        encode, content_type = choose_encoder(lines.joined(request.headers, "accept") or "")
        return Response(encode(self._registry), headers={"Content-Type": content_type})

    async def _redis(self) -> str:
        try:
            await self._ping_redis()
        except StoreRefused as error:
            return f"refuses: {error}"
        except StoreUnavailable as error:
            return f"away: {error}"
        return "up"

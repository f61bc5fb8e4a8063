"""The composition root: what lives how long. The exit stack is the order of shutdown; `wiring.py` makes the parts."""

import time
from contextlib import AsyncExitStack

import aiohttp
import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from warmline import wiring
from warmline.accounts.usage import Usage
from warmline.api.admin import AdminApi
from warmline.api.demo import Demo
from warmline.api.faults import HANDLERS
from warmline.api.fleet import FleetApi
from warmline.api.http import CallerApi
from warmline.api.keys import ApiKeys
from warmline.api.observe import Observed
from warmline.api.serve import Service, bind
from warmline.api.sessions import SESSIONS, SessionApi
from warmline.api.signature import read_secrets
from warmline.api.warm import WarmApi
from warmline.services.answers import Answers
from warmline.settings import Settings
from warmline.telemetry.caches import CacheMetrics
from warmline.telemetry.counters import Metrics
from warmline.telemetry.lag import Lag
from warmline.telemetry.log_metrics import LogMetrics
from warmline.telemetry.log_writer import LogWriter
from warmline.telemetry.money import Money
from warmline.telemetry.sockets import PoolMetrics
from warmline.telemetry.watch import Watch
from warmline.upstream.posts import open_posts

_log = structlog.get_logger(__name__)


async def run(settings: Settings, log: LogWriter) -> None:
    """Run one worker until it is told to stop. Raises SettingsError or OSError before it listens. `log` is counted."""
    keys = ApiKeys.read(settings.api_keys_file)
    accounts = wiring.accounts(settings, keys)
    secrets = read_secrets(settings.webhook_secrets_file)
    registry = CollectorRegistry()
    metrics = Metrics(registry, version=settings.version)
    registry.register(Money(accounts))
    registry.register(LogMetrics(lambda: log.lost))
    async with AsyncExitStack() as stack:
        caller_socket = stack.enter_context(bind(settings.listen_host, settings.port))
        fleet_socket = stack.enter_context(bind(settings.listen_host, settings.admin_port))
        posts = await stack.enter_async_context(open_posts())
        caches = wiring.caches(settings, metrics)
        stack.push_async_callback(caches.aclose)
        # The sockets' connections are bounded by the pool; aiohttp's own limit of 100 would be a second, silent one.
        unlimited = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        registry.register(CacheMetrics(caches.overviews, caches.standing))
        pool_metrics = PoolMetrics(registry, account=settings.sarvam_sockets_account)
        pool = wiring.pool(settings, caches, unlimited, pool_metrics)
        stack.push_async_callback(pool.aclose)  # before the caches: giving back the share takes Redis
        usage = Usage(accounts, caches.state)
        stack.push_async_callback(usage.aclose)
        popular = wiring.popular(settings, keys, caches)
        stack.push_async_callback(popular.aclose)
        convex, sarvam = wiring.convex(settings, posts, metrics), wiring.sarvam(settings, posts, pool, pool_metrics)
        services = wiring.services(settings, caches, convex, sarvam, accounts, metrics)
        answers = Answers(services.agents, services.knowledge, asked=popular.asked)
        warming = wiring.warming(settings, keys, caches, services, popular, metrics)
        stack.push_async_callback(warming.aclose)
        sessions = wiring.sessions(settings, services, answers, accounts, caches, metrics)
        stack.push_async_callback(sessions.aclose)
        identity = {"slot": settings.slot, "version": settings.version, "release": settings.release}
        admin = AdminApi(
            registry,
            identity=identity,
            ping_redis=caches.ping,
            warming=warming,
            refusals=caches.refusals,
        )

        def draining() -> None:
            admin.drain()
            warming.stop()

        api = CallerApi(keys, accounts, services.agents, answers, services.speech, identity=identity)
        voice = SessionApi(
            keys,
            accounts,
            sessions,
            metrics,
            send_seconds=settings.session_send_seconds,
            text_length=settings.session_text_length,
        )
        hooks = wiring.webhooks(settings, secrets, caches, metrics)
        fleet = FleetApi(caches.overviews, caches.invalidate, slot=settings.slot, profile=settings.profile)
        service = Service(
            _observed([*api.routes(), *voice.routes(), *hooks.routes(), *Demo().routes()], metrics),
            _application([*admin.routes(), *fleet.routes(), *WarmApi(warming).routes()]),
            drain_seconds=settings.drain_seconds,
            leave_seconds=settings.session_leave_seconds,
            draining=draining,
            leaving=sessions.leave,
            sockets=[SESSIONS],
            message_bytes=settings.session_message_bytes,
        )
        lag = Lag(metrics.late)
        stack.push_async_callback(lag.aclose)
        watch = Watch(caches.standing, caches.knock, _log.warning)
        stack.push_async_callback(watch.aclose)
        for part in (caches, pool, usage, popular, sessions, warming, lag, watch):
            part.start()
        pool.prewarm(*settings.sarvam_models)
        await caches.dialled()  # or the first callers would have no Redis, and their sessions could not be resumed
        _log.info("serving", **_shown(settings))
        await service.run(caller_socket, fleet_socket)
    _log.info("stopped")


def check(settings: Settings) -> None:
    """Read every file as `run` would. Raises SettingsError."""
    wiring.accounts(settings, ApiKeys.read(settings.api_keys_file))
    read_secrets(settings.webhook_secrets_file)


async def check_redis(settings: Settings) -> list[str]:
    """What stands between this worker and each Redis, in the servers' own words; nothing, if both do what they must."""
    caches = wiring.caches(settings, Metrics(CollectorRegistry(), version=settings.version))
    try:
        return await caches.problems()
    finally:
        await caches.aclose()


def _observed(routes: list[BaseRoute], metrics: Metrics) -> Starlette:
    return _application(routes, Middleware(Observed, metrics=metrics, clock=time.monotonic))


def _application(routes: list[BaseRoute], *middleware: Middleware) -> Starlette:
    """A path that only a slash tells from a known one is an unknown one: the redirect that Starlette would answer with
    goes wherever the request's `Host` says, and is as long as its query, too long for a proxy's buffer."""
    made = Starlette(routes=routes, exception_handlers=HANDLERS, middleware=middleware)
    made.router.redirect_slashes = False
    return made


def _shown(settings: Settings) -> dict[str, object]:
    """What an operator wants to read first; the settings hold paths of secrets, never secrets."""
    return settings.model_dump(mode="json")

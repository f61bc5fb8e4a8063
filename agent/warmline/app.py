"""Run a worker: start its parts in order, serve, stop the parts in reverse order. `wiring.py` makes the parts."""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from warmline import wiring
from warmline.accounts.usage import Usage
from warmline.api.demo import Demo
from warmline.api.faults import HANDLERS
from warmline.api.fleet import FleetApi
from warmline.api.http import CallerApi
from warmline.api.issued_keys import IssuedKeys, written_at
from warmline.api.keys import ApiKeys
from warmline.api.observe import Observed
from warmline.api.serve import Service, bind
from warmline.api.sessions import SESSIONS, SessionApi
from warmline.api.signature import read_secrets
from warmline.services.answers import Answers
from warmline.settings import Settings, flatten, read_secret
from warmline.telemetry.caches import CacheMetrics
from warmline.telemetry.counters import Metrics
from warmline.telemetry.lag import Lag
from warmline.telemetry.log_metrics import LogMetrics
from warmline.telemetry.log_writer import LogWriter
from warmline.telemetry.money import Money
from warmline.telemetry.sockets import PoolMetrics
from warmline.telemetry.watch import Watch
from warmline.upstream.connections import make_connector
from warmline.upstream.posts import open_posts

_log = structlog.get_logger(__name__)


async def run(settings: Settings, log: LogWriter) -> None:
    """Run one worker until a signal tells it to stop, and let open requests end within `settings.drain_seconds`.

    Metrics count the lines that `log` loses. Raises SettingsError or OSError, for a file or a port, before it serves.
    """
    keys = ApiKeys.read(settings.api_keys_file)
    issued_keys = IssuedKeys(keys, settings.issued_keys_file, changed=written_at)
    accounts = wiring.accounts(settings, keys)
    secrets = read_secrets(settings.webhook.secrets_file)
    registry = CollectorRegistry()
    metrics = Metrics(registry, version=settings.version)
    pool_metrics = PoolMetrics(registry, account=settings.speech.sockets.account)
    registry.register(Money(accounts))
    registry.register(LogMetrics(lambda: log.lost))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        caller_socket = stack.enter_context(bind(settings.listen_host, settings.port))
        fleet_socket = stack.enter_context(bind(settings.listen_host, settings.admin_port))
        await enter(issued_keys)
        posts = await enter(open_posts())
        caches = await enter(wiring.caches(settings, metrics))
        http = await enter(aiohttp.ClientSession(connector=make_connector()))  # the pool bounds the sockets' number
        pool = await enter(wiring.pool(settings, caches, http, pool_metrics))  # gives its share back through Redis
        await enter(Usage(accounts, caches.state))
        popular = await enter(wiring.popular(settings, keys, caches))
        functions = wiring.functions(settings, posts, metrics)
        synthesiser = wiring.synthesiser(settings, posts, pool, pool_metrics)
        services = wiring.services(settings, caches, functions, synthesiser, accounts, metrics)
        answers = Answers(services.agents, services.knowledge, on_question=popular.count_question)
        warming = await enter(wiring.warming(settings, keys, caches, services, popular, metrics))
        sessions = await enter(wiring.sessions(settings, keys, services, answers, accounts, caches, metrics))
        await enter(Lag(metrics.count_lag))
        await enter(Watch(caches.standing, caches.knock, _log.warning))
        registry.register(CacheMetrics(caches.overviews, caches.standing))

        identity = {"slot": settings.slot, "version": settings.version, "release": settings.release}
        caller_api = CallerApi(keys, accounts, services.agents, answers, services.speech, identity=identity)
        session_api = SessionApi(
            keys,
            accounts,
            sessions,
            metrics,
            send_seconds=settings.session.send_seconds,
            text_length=settings.session.text_length,
        )
        webhooks = wiring.webhooks(settings, secrets, caches, metrics)
        fleet_api = FleetApi(registry, caches, warming, identity=identity, profile=settings.profile)

        def drain() -> None:
            fleet_api.drain()
            warming.stop()

        service = Service(
            _observe([*caller_api.routes(), *session_api.routes(), *webhooks.routes(), *Demo().routes()], metrics),
            _application(fleet_api.routes()),
            drain_seconds=settings.drain_seconds,
            leave_seconds=settings.session.leave_seconds,
            on_drain=drain,
            on_leave=sessions.leave,
            sockets=[SESSIONS],
            message_bytes=settings.session.message_bytes,
        )
        pool.prewarm(*wiring.models(settings))
        # Else the first callers would have no Redis, and their sessions could not be resumed.
        await caches.wait_for_dials()
        _log.info("serving", **_show(settings))
        await service.run(caller_socket, fleet_socket)
    _log.info("stopped")


def check(settings: Settings) -> None:
    """Read every file as `run` would. Raises SettingsError or OSError for a file that cannot be used."""
    keys = ApiKeys.read(settings.api_keys_file)
    IssuedKeys(keys, settings.issued_keys_file, changed=written_at)
    wiring.accounts(settings, keys)
    read_secrets(settings.webhook.secrets_file)
    redis = (settings.redis_cache.password_file, settings.redis_state.password_file)
    for path in (*redis, settings.data.convex.deploy_key_file, settings.speech.sarvam.key_file):
        read_secret(path)


async def check_redis(settings: Settings) -> list[str]:
    """Do on each Redis what a worker does there, and list what fails, in the words of the servers.

    An empty list says that both Redis instances are as they must be.
    """
    caches = wiring.caches(settings, Metrics(CollectorRegistry(), version=settings.version))
    try:
        return await caches.problems()
    finally:
        await caches.aclose()


def _observe(routes: Sequence[BaseRoute], metrics: Metrics) -> Starlette:
    return _application(routes, Middleware(Observed, metrics=metrics, clock=time.monotonic))


def _application(routes: Sequence[BaseRoute], *middleware: Middleware) -> Starlette:
    """Make an application that answers 404 to a known path with a slash too many or too few.

    Starlette would answer with a redirect. That redirect leads wherever the request's `Host` says, and it is as long as
    the request's query, which may be too long for the buffer of a proxy.
    """
    made = Starlette(routes=routes, exception_handlers=HANDLERS, middleware=middleware)
    made.router.redirect_slashes = False
    return made


def _show(settings: Settings) -> dict[str, object]:
    """List the settings for the log. Settings hold paths of secrets, never secrets."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in flatten(settings).items()}

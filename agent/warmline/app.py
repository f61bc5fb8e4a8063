"""The composition root: the only module that imports everything. Its exit stack is the order of shutdown."""

import random
import time
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import aiohttp
import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware

from warmline.api.admin import AdminApi
from warmline.api.faults import HANDLERS
from warmline.api.http import CallerApi
from warmline.api.keys import ApiKeys
from warmline.api.observe import Observed
from warmline.budget import RedisBudget
from warmline.cache import Cache, Caches, Codec, Policy, Tuning
from warmline.cache.dial import Dial, dialler
from warmline.cache.worker import DIAL_SECONDS
from warmline.metrics import Metrics
from warmline.pool import Ledger, Limits, Pool, Timing
from warmline.pool_metrics import PoolMetrics
from warmline.serve import Service, bind
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.speech import Speech
from warmline.settings import CacheProfile, Settings, revealed
from warmline.upstream.convex import Convex
from warmline.upstream.ports import Synthesiser
from warmline.upstream.sarvam import Sarvam
from warmline.upstream.socket import SarvamSockets, socket_url
from warmline.upstream.streaming import Patience, StreamingSarvam

V = TypeVar("V")

_log = structlog.get_logger(__name__)


async def run(settings: Settings) -> None:
    """Run one worker until it is told to stop. Raises SettingsError or OSError before it listens."""
    keys = ApiKeys.read(settings.api_keys_file)
    registry = CollectorRegistry()
    metrics = Metrics(registry, slot=settings.slot, version=settings.version)
    async with AsyncExitStack() as stack:
        caller_socket = stack.enter_context(bind(settings.listen_host, settings.port))
        fleet_socket = stack.enter_context(bind(settings.listen_host, settings.admin_port))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        caches = _caches(settings, metrics)
        stack.push_async_callback(caches.aclose)
        # The sockets' connections are bounded by the pool; aiohttp's own limit of 100 would be a second, silent one.
        unlimited = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        pool_metrics = PoolMetrics(registry)
        pool = _pool(settings, caches, unlimited, pool_metrics)
        stack.push_async_callback(pool.aclose)  # before the caches: giving back the share takes Redis
        admin = AdminApi(registry, slot=settings.slot, version=settings.version, ping_redis=caches.ping)
        service = Service(
            _caller_app(settings, keys, caches, http, metrics, _sarvam(settings, pool, http, pool_metrics)),
            Starlette(routes=admin.routes(), exception_handlers=HANDLERS),
            drain_seconds=settings.drain_seconds,
            draining=admin.drain,
        )
        caches.start()
        pool.start()
        pool.prewarm(*settings.sarvam_models.replace(",", " ").split())
        _log.info("serving", **_shown(settings))
        await service.run(caller_socket, fleet_socket)
    _log.info("stopped")


def _caches(settings: Settings, metrics: Metrics) -> Caches:
    def dial(url: str, password_file: Path | None) -> Dial:
        return dialler(url, password=revealed(password_file), timeout=DIAL_SECONDS)

    return Caches(
        dial(settings.redis_cache_url, settings.redis_cache_password_file),
        dial(settings.redis_state_url, settings.redis_state_password_file),
        name=settings.slot,
        events=metrics,
        tuning=Tuning(redis_seconds=settings.redis_deadline),
    )


def _pool(settings: Settings, caches: Caches, http: aiohttp.ClientSession, metrics: PoolMetrics) -> Pool:
    """The warm sockets; nothing is opened before its `start`."""
    connect = SarvamSockets(
        http,
        settings.sarvam_socket_url or socket_url(settings.sarvam_url),
        upstream=Sarvam.name,
        key=revealed(settings.sarvam_key_file) or "",
        heartbeat=settings.sarvam_socket_ping,
    )
    limits = Limits(
        prewarm=settings.sockets().prewarm,
        maximum=settings.sockets().maximum,
        max_age=settings.sarvam_socket_max_age,
        linger=settings.sarvam_socket_linger,
    )
    budget = RedisBudget(
        caches.state,
        account=Sarvam.name,
        worker=f"{settings.slot}#{uuid.uuid4().hex[:12]}",
        limit=settings.sarvam_sockets_account,
        deadline=settings.redis_deadline,
    )
    timing = Timing(connect=settings.sarvam_connect_timeout, ping=settings.sarvam_socket_ping)
    ledger = Ledger(limits, random=random.random)
    pool = Pool(connect, ledger, budget=budget, events=metrics, timing=timing)
    metrics.watch(pool.counts)
    return pool


def _sarvam(settings: Settings, pool: Pool, http: aiohttp.ClientSession, metrics: PoolMetrics) -> Synthesiser:
    rest = Sarvam(
        http,
        settings.sarvam_url,
        key=revealed(settings.sarvam_key_file) or "",
        timeout=settings.sarvam_timeout,
        language_field=settings.sarvam_language_field,
        billed=metrics.billed,
    )
    return StreamingSarvam(
        pool,
        rest,
        patience=Patience(first=settings.sarvam_first_audio_timeout, next=settings.sarvam_next_audio_timeout),
        language_field=settings.sarvam_language_field,
        billed=metrics.billed,
    )


def _caller_app(
    settings: Settings,
    keys: ApiKeys,
    caches: Caches,
    http: aiohttp.ClientSession,
    metrics: Metrics,
    sarvam: Synthesiser,
) -> Starlette:
    convex = Convex(
        http,
        settings.convex_url,
        deploy_key=revealed(settings.convex_deploy_key_file),
        timeout=settings.convex_timeout,
    )
    profile = settings.caches()

    def cache(name: str, codec: Codec[V], numbers: CacheProfile, *, versioned: bool) -> Cache[V]:
        policy = Policy(
            ttl=numbers.ttl,
            negative_ttl=numbers.negative_ttl,
            stale_while_revalidate=numbers.stale_while_revalidate,
            stale_if_error=numbers.stale_if_error,
        )
        made = caches.cache(
            name,
            codec,
            policy,
            max_bytes=numbers.max_bytes,
            max_entries=numbers.max_entries,
            versioned=versioned,
        )
        metrics.watch(made.name, made.tally)
        return made

    agents = Agents(
        convex,
        configs=cache("config", MessageCodec(AgentConfig), profile.config, versioned=False),
        prompts=cache("prompt", MessageCodec(Prompt), profile.prompt, versioned=True),
    )
    results = cache("rag", MessageCodec(list[Passage]), profile.rag, versioned=False)
    phrases = caches.streams(cache("tts", AudioCodec(), profile.tts, versioned=True))
    answers = Answers(agents, Knowledge(convex, results=results))
    api = CallerApi(keys, agents, answers, Speech(sarvam, phrases=phrases), slot=settings.slot)
    return Starlette(
        routes=api.routes(),
        exception_handlers=HANDLERS,
        middleware=[Middleware(Observed, metrics=metrics, clock=time.monotonic)],
    )


def _shown(settings: Settings) -> dict[str, object]:
    """What an operator wants to read first; the settings hold paths of secrets, never secrets."""
    return {
        **settings.model_dump(mode="json"),
        "caches": settings.caches().model_dump(),
        "sockets": settings.sockets().model_dump(),
    }

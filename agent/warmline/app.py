"""The composition root: the only module that imports everything. Its exit stack is the order of shutdown."""

import time
from contextlib import AsyncExitStack
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
from warmline.cache import Cache, Codec, Memory, Policy, RedisStore
from warmline.metrics import Metrics
from warmline.serve import Service, bind
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.speech import Speech
from warmline.settings import Settings, revealed
from warmline.upstream.convex import Convex
from warmline.upstream.sarvam import Sarvam

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
        store = _store(settings, stack)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        admin = AdminApi(registry, slot=settings.slot, version=settings.version, ping_redis=store.ping)
        service = Service(
            _caller_app(settings, keys, store, http, metrics, stack),
            Starlette(routes=admin.routes(), exception_handlers=HANDLERS),
            drain_seconds=settings.drain_seconds,
            draining=admin.drain,
        )
        _log.info("serving", **_shown(settings))
        await service.run(caller_socket, fleet_socket)
    _log.info("stopped")


def _store(settings: Settings, stack: AsyncExitStack) -> RedisStore:
    store = RedisStore.connect(
        settings.redis_cache_url,
        password=revealed(settings.redis_cache_password_file),
        deadline=settings.redis_deadline,
        max_connections=settings.redis_max_connections,
    )
    stack.push_async_callback(store.aclose)
    return store


def _caller_app(
    settings: Settings,
    keys: ApiKeys,
    store: RedisStore,
    http: aiohttp.ClientSession,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> Starlette:
    convex = Convex(
        http,
        settings.convex_url,
        deploy_key=revealed(settings.convex_deploy_key_file),
        timeout=settings.convex_timeout,
    )
    sarvam = Sarvam(
        http, settings.sarvam_url, key=revealed(settings.sarvam_key_file) or "", timeout=settings.sarvam_timeout
    )
    profile = settings.caches()

    def cache(name: str, codec: Codec[V], *, ttl: float, max_bytes: int) -> Cache[V]:
        made: Cache[V] = Cache(
            name,
            policy=Policy(ttl=ttl, negative_ttl=profile.negative_ttl),
            codec=codec,
            memory=Memory(max_bytes=max_bytes, clock=time.monotonic),
            store=store,
            wall=time.time,
            events=metrics,
        )
        stack.push_async_callback(made.aclose)
        return made

    agents = Agents(
        convex,
        configs=cache("config", MessageCodec(AgentConfig), ttl=profile.config_ttl, max_bytes=profile.config_bytes),
        prompts=cache("prompt", MessageCodec(Prompt), ttl=profile.prompt_ttl, max_bytes=profile.prompt_bytes),
    )
    results = cache("rag", MessageCodec(list[Passage]), ttl=profile.rag_ttl, max_bytes=profile.rag_bytes)
    phrases = cache("tts", AudioCodec(), ttl=profile.tts_ttl, max_bytes=profile.tts_bytes)
    answers = Answers(agents, Knowledge(convex, results=results))
    api = CallerApi(keys, agents, answers, Speech(sarvam, phrases=phrases), slot=settings.slot)
    return Starlette(
        routes=api.routes(),
        exception_handlers=HANDLERS,
        middleware=[Middleware(Observed, metrics=metrics, clock=time.monotonic)],
    )


def _shown(settings: Settings) -> dict[str, object]:
    """What an operator wants to read first; the settings hold paths of secrets, never secrets."""
    return {**settings.model_dump(mode="json"), "caches": settings.caches().model_dump()}

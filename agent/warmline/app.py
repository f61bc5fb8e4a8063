"""The composition root: the only module that imports everything. Its exit stack is the order of shutdown."""

import secrets
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import aiohttp
import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware

from warmline.api.admin import AdminApi
from warmline.api.demo import Demo
from warmline.api.faults import HANDLERS
from warmline.api.http import CallerApi
from warmline.api.keys import ApiKeys
from warmline.api.observe import Observed
from warmline.api.sessions import SessionApi
from warmline.cache import Cache, Caches, Codec, Policy, Tuning
from warmline.cache.dial import Dial, dialler
from warmline.cache.link import Link
from warmline.cache.worker import DIAL_SECONDS
from warmline.metrics import Metrics
from warmline.serve import Service, bind
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.speech import Speech
from warmline.session import Limits, Services, Sessions
from warmline.session.redis import RedisSessions
from warmline.settings import CacheProfile, Settings, revealed
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
        http = await stack.enter_async_context(aiohttp.ClientSession())
        caches = _caches(settings, metrics)
        stack.push_async_callback(caches.aclose)
        admin = AdminApi(registry, slot=settings.slot, version=settings.version, ping_redis=caches.ping)
        services = _services(settings, caches, http, metrics)
        sessions = _sessions(settings, services, caches, metrics)
        stack.push_async_callback(sessions.aclose)

        def draining() -> None:
            admin.drain()
            sessions.drain()

        service = Service(
            _caller_app(settings, keys, services, sessions, metrics),
            Starlette(routes=admin.routes(), exception_handlers=HANDLERS),
            drain_seconds=settings.drain_seconds,
            draining=draining,
            message_bytes=settings.session_message_bytes,
        )
        caches.start()
        sessions.start()
        _log.info("serving", **_shown(settings))
        await service.run(caller_socket, fleet_socket)
    _log.info("stopped")


def _dial(url: str, password_file: Path | None) -> Dial:
    return dialler(url, password=revealed(password_file), timeout=DIAL_SECONDS)


def _caches(settings: Settings, metrics: Metrics) -> Caches:
    return Caches(
        _dial(settings.redis_cache_url, settings.redis_cache_password_file),
        _dial(settings.redis_state_url, settings.redis_state_password_file),
        name=settings.slot,
        events=metrics,
        tuning=Tuning(redis_seconds=settings.redis_deadline),
    )


def _services(settings: Settings, caches: Caches, http: aiohttp.ClientSession, metrics: Metrics) -> Services:
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
    return Services(agents, answers, Speech(sarvam, phrases=phrases))


def _sessions(settings: Settings, services: Services, caches: Caches, metrics: Metrics) -> Sessions:
    state = _dial(settings.redis_state_url, settings.redis_state_password_file)
    store = RedisSessions(
        caches.state,
        lambda **hooks: Link(state, dial_timeout=DIAL_SECONDS, **hooks),
        ttl=settings.session_resume_seconds,
        deadline=settings.redis_deadline,
    )
    limits = Limits(
        sessions=settings.sessions_max,
        idle=settings.session_idle_seconds,
        rate=settings.session_message_rate,
        burst=settings.session_message_burst,
        lead=settings.session_audio_lead,
    )
    return Sessions(
        services,
        store,
        slot=settings.slot,
        limits=limits,
        events=metrics,
        clock=time.monotonic,
        random=secrets.token_bytes,
    )


def _caller_app(
    settings: Settings, keys: ApiKeys, services: Services, sessions: Sessions, metrics: Metrics
) -> Starlette:
    api = CallerApi(keys, services.agents, services.answers, services.speech, slot=settings.slot)
    voice = SessionApi(
        keys,
        sessions,
        metrics,
        send_seconds=settings.session_send_seconds,
        text_length=settings.session_text_length,
    )
    return Starlette(
        routes=[*api.routes(), *voice.routes(), *Demo().routes()],
        exception_handlers=HANDLERS,
        middleware=[Middleware(Observed, metrics=metrics, clock=time.monotonic)],
    )


def _shown(settings: Settings) -> dict[str, object]:
    """What an operator wants to read first; the settings hold paths of secrets, never secrets."""
    return {**settings.model_dump(mode="json"), "caches": settings.caches().model_dump()}

"""The composition root: the only module that imports everything. Its exit stack is the order of shutdown."""

import time
from contextlib import AsyncExitStack
from functools import partial
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
from warmline.api.warm import WarmApi
from warmline.cache import Cache, Caches, Codec, Policy, Tuning
from warmline.cache.dial import Dial, dialler
from warmline.cache.worker import DIAL_SECONDS
from warmline.metrics import Metrics
from warmline.serve import Service, bind
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.popular import Popular
from warmline.services.popular_redis import RedisPopular
from warmline.services.roster import Roster
from warmline.services.speech import Speech
from warmline.services.sweep import Services
from warmline.services.warming import MOST, Limits, Warmer, Warming
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
        popular = _popular(settings, keys, caches)
        stack.push_async_callback(popular.aclose)
        callers, services = _caller_app(settings, keys, caches, http, metrics, popular)
        warming = _warming(settings, keys, caches, services, popular, metrics)
        stack.push_async_callback(warming.aclose)
        admin = AdminApi(
            registry, slot=settings.slot, version=settings.version, ping_redis=caches.ping, warming=warming
        )
        service = Service(
            callers,
            Starlette(routes=[*admin.routes(), *WarmApi(warming).routes()], exception_handlers=HANDLERS),
            drain_seconds=settings.drain_seconds,
            draining=admin.drain,
        )
        caches.start()
        popular.start()
        warming.start()
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


def _popular(settings: Settings, keys: ApiKeys, caches: Caches) -> Popular:
    opted_out = keys.organisations if "*" in settings.popular_opt_out else settings.popular_opt_out
    if unknown := set(opted_out) - set(keys.organisations):
        _log.warning("nobody_of_these_has_an_api_key", popular_opt_out=sorted(unknown))
    return Popular(
        RedisPopular(caches.state, days=settings.popular_days),
        minimum=settings.popular_minimum,
        opted_out=opted_out,
        wall=time.time,
    )


def _warming(
    settings: Settings, keys: ApiKeys, caches: Caches, services: Services, popular: Popular, metrics: Metrics
) -> Warming:
    profile = settings.caches()
    limits = Limits(
        concurrency=settings.warming_concurrency,
        calls=settings.warming_calls,
        characters=settings.warming_characters,
        questions=profile.rag.max_entries or MOST,
        phrases=profile.tts.max_entries or MOST,
        phrase_bytes=profile.tts.max_bytes,
    )
    return Warming(
        Warmer(services, popular, organisations=keys.organisations, limits=limits, events=metrics),
        limit=settings.warming_seconds,
        joined=lambda: caches.remembers(within=2),
        clock=time.monotonic,
        events=metrics,
    )


def _caller_app(
    settings: Settings,
    keys: ApiKeys,
    caches: Caches,
    http: aiohttp.ClientSession,
    metrics: Metrics,
    popular: Popular,
) -> tuple[Starlette, Services]:
    convex = Convex(
        http,
        settings.convex_url,
        deploy_key=revealed(settings.convex_deploy_key_file),
        timeout=settings.convex_timeout,
        concurrency=settings.convex_concurrency,
        called=partial(metrics.called, Convex.name),
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
    roster = Roster(convex, names=cache("roster", MessageCodec(list[str]), profile.config, versioned=False))
    services = Services(roster, agents, Knowledge(convex, results=results), Speech(sarvam, phrases=phrases))
    answers = Answers(agents, services.knowledge, asked=popular.asked)
    api = CallerApi(keys, agents, answers, services.speech, slot=settings.slot)
    app = Starlette(
        routes=api.routes(),
        exception_handlers=HANDLERS,
        middleware=[Middleware(Observed, metrics=metrics, clock=time.monotonic)],
    )
    return app, services


def _shown(settings: Settings) -> dict[str, object]:
    """What an operator wants to read first; the settings hold paths of secrets, never secrets."""
    return {**settings.model_dump(mode="json"), "caches": settings.caches().model_dump()}

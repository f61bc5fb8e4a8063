"""The composition root: the only module that imports everything. Its exit stack is the order of shutdown."""

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
from warmline.api.faults import HANDLERS
from warmline.api.fleet import FleetApi
from warmline.api.http import CallerApi
from warmline.api.keys import ApiKeys
from warmline.api.observe import Observed
from warmline.api.signature import read_secrets
from warmline.api.webhooks import Webhooks
from warmline.cache import Cache, Caches, Codec, Policy, Tuning
from warmline.cache.dial import Dial, dialler
from warmline.cache.worker import DIAL_SECONDS, boottime
from warmline.metrics import Metrics
from warmline.money import Money
from warmline.serve import Service, bind
from warmline.services.accounts import Accounts
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.deliveries import Deliveries
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.limits import Limit, read_limits
from warmline.services.prices import read_prices
from warmline.services.speech import Speech
from warmline.services.usage import Usage
from warmline.settings import CacheProfile, Settings, revealed
from warmline.upstream.convex import Convex
from warmline.upstream.sarvam import Sarvam

V = TypeVar("V")

_log = structlog.get_logger(__name__)


async def run(settings: Settings) -> None:
    """Run one worker until it is told to stop. Raises SettingsError or OSError before it listens."""
    keys = ApiKeys.read(settings.api_keys_file)
    accounts = _accounts(settings, keys)
    secrets = read_secrets(settings.webhook_secrets_file)
    registry = CollectorRegistry()
    metrics = Metrics(registry, slot=settings.slot, version=settings.version)
    registry.register(Money(accounts))
    async with AsyncExitStack() as stack:
        caller_socket = stack.enter_context(bind(settings.listen_host, settings.port))
        fleet_socket = stack.enter_context(bind(settings.listen_host, settings.admin_port))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        caches = _caches(settings, metrics)
        stack.push_async_callback(caches.aclose)
        usage = Usage(accounts, caches.state)
        stack.push_async_callback(usage.aclose)
        hooks = Webhooks(
            secrets,
            Deliveries(caches.state),
            caches.invalidate,
            seconds=settings.webhook_seconds,
            wall=time.time,
            metrics=metrics,
        )
        fleet = FleetApi(caches.overviews, caches.invalidate, slot=settings.slot, profile=settings.profile)
        admin = AdminApi(registry, slot=settings.slot, version=settings.version, ping_redis=caches.ping)
        service = Service(
            _caller_app(settings, keys, accounts, caches, http, metrics, hooks),
            Starlette(routes=[*admin.routes(), *fleet.routes()], exception_handlers=HANDLERS),
            drain_seconds=settings.drain_seconds,
            draining=admin.drain,
        )
        caches.start()
        usage.start()
        _log.info("serving", **_shown(settings))
        await service.run(caller_socket, fleet_socket)
    _log.info("stopped")


def check(settings: Settings) -> None:
    """Read every file as `run` would. Raises SettingsError."""
    _accounts(settings, ApiKeys.read(settings.api_keys_file))
    read_secrets(settings.webhook_secrets_file)


def _accounts(settings: Settings, keys: ApiKeys) -> Accounts:
    everybody = Limit(settings.requests_per_second, settings.burst, settings.spend_per_day)
    limits = read_limits(settings.limits_file, everybody, keys.organisations)
    prices = read_prices(settings.prices_file)
    return Accounts(limits, prices, keys.organisations, clock=boottime, wall=time.time)


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


def _caller_app(
    settings: Settings,
    keys: ApiKeys,
    accounts: Accounts,
    caches: Caches,
    http: aiohttp.ClientSession,
    metrics: Metrics,
    hooks: Webhooks,
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
        accounts=accounts,
    )
    results = cache("rag", MessageCodec(list[Passage]), profile.rag, versioned=False)
    phrases = caches.streams(cache("tts", AudioCodec(), profile.tts, versioned=True))
    answers = Answers(agents, Knowledge(convex, results=results, accounts=accounts))
    speech = Speech(sarvam, phrases=phrases, accounts=accounts)
    api = CallerApi(keys, accounts, agents, answers, speech, slot=settings.slot)
    return Starlette(
        routes=[*api.routes(), *hooks.routes()],
        exception_handlers=HANDLERS,
        middleware=[Middleware(Observed, metrics=metrics, clock=time.monotonic)],
    )


def _shown(settings: Settings) -> dict[str, object]:
    """What an operator wants to read first; the settings hold paths of secrets, never secrets."""
    return settings.model_dump(mode="json")

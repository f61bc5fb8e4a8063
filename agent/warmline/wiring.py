"""Make the parts of a worker from its settings, with one function for each part.

Only this module and `app.py` import every part.
"""

import random
import secrets
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

import aiohttp
import structlog

from warmline.accounts.accounts import Accounts
from warmline.accounts.limits import read_limits
from warmline.accounts.prices import read_prices
from warmline.api.deliveries import Deliveries
from warmline.api.keys import ApiKeys
from warmline.api.webhooks import Webhooks
from warmline.caches import CACHES
from warmline.pool import Connect, Ledger, Pool
from warmline.pool.redis import RedisBudget
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.roster import Roster
from warmline.services.speech import Speech
from warmline.session import Sessions, SessionServices
from warmline.session.redis import RedisSessions
from warmline.settings import ConvexSettings, RedisAddress, SarvamSettings, Settings, read_secret
from warmline.telemetry.counters import Metrics
from warmline.telemetry.sockets import PoolMetrics
from warmline.upstream.convex.functions import Convex
from warmline.upstream.ports import Functions, Synthesiser
from warmline.upstream.posts import Posts
from warmline.upstream.sarvam.rest import Sarvam
from warmline.upstream.sarvam.socket import SarvamSockets, socket_url
from warmline.upstream.sarvam.streaming import StreamingSarvam
from warmline.warming.popular import EVERYBODY, Popular
from warmline.warming.popular_redis import RedisPopular
from warmline.warming.sweep import Services
from warmline.warming.warming import Warmer, Warming
from warmline_cache import Cache, Caches, Codec
from warmline_cache.redis.dial import Dial, dialler
from warmline_cache.redis.link import Link
from warmline_cache.worker import DIAL_SECONDS, boottime

V = TypeVar("V")

_log = structlog.get_logger(__name__)


def dial(address: RedisAddress) -> Dial:
    """Make a function that connects to one of the Redis instances, within `DIAL_SECONDS`.

    Raises SettingsError or OSError if the password's file cannot be used.
    """
    return dialler(address.url, password=read_secret(address.password_file), timeout=DIAL_SECONDS)


def caches(settings: Settings, metrics: Metrics) -> Caches:
    """Make what all caches of the worker share. `services` adds the caches."""
    return Caches(
        dial(settings.redis_cache),
        dial(settings.redis_state),
        name=settings.slot,
        events=metrics,
        limits=settings.redis,
        l2=settings.cache_l2 == "on",
    )


def functions(settings: Settings, posts: Posts, metrics: Metrics) -> Functions:
    """Make the client of the data provider that the settings choose. Its errors are `UpstreamError`s."""
    match settings.data.provider:
        case "convex":
            return _convex(settings.data.convex, posts, metrics)


def _convex(convex: ConvexSettings, posts: Posts, metrics: Metrics) -> Convex:
    return Convex(
        posts,
        convex.url,
        deploy_key=read_secret(convex.deploy_key_file),
        timeout=convex.timeout,
        concurrency=convex.concurrency,
        on_call=partial(metrics.count_call, Convex.name),
        on_left_out=partial(metrics.count_left_out, Convex.name),
    )


def pool(settings: Settings, caches: Caches, http: aiohttp.ClientSession, metrics: PoolMetrics) -> Pool:
    """Make the pool of warm sockets to the speech provider that the settings choose.

    The pool opens no socket before its start. It takes its share of the account's sockets through Redis.
    """
    limits = settings.speech.sockets
    budget = RedisBudget(
        caches.state,
        provider=settings.speech.provider,
        worker=f"{settings.slot}#{uuid.uuid4().hex[:12]}",
        account=limits.account,
        deadline=settings.redis.deadline,
    )
    made = Pool(_sockets(settings, http), Ledger(limits, random=random.random), budget=budget, events=metrics)
    metrics.watch(made)
    return made


def _sockets(settings: Settings, http: aiohttp.ClientSession) -> Connect:
    match settings.speech.provider:
        case "sarvam":
            sarvam = settings.speech.sarvam
            return SarvamSockets(
                http,
                sarvam.socket_url or socket_url(sarvam.url),
                upstream=Sarvam.name,
                key=read_secret(sarvam.key_file) or "",
                ping=settings.speech.sockets.ping,
            )


def models(settings: Settings) -> tuple[str, ...]:
    """List the models of the chosen speech provider whose sockets are warm from the start."""
    match settings.speech.provider:
        case "sarvam":
            return settings.speech.sarvam.models


def synthesiser(settings: Settings, posts: Posts, pool: Pool, metrics: PoolMetrics) -> Synthesiser:
    """Make the client of the speech provider that the settings choose. Its errors are `UpstreamError`s."""
    match settings.speech.provider:
        case "sarvam":
            return _sarvam(settings.speech.sarvam, posts, pool, metrics)


def _sarvam(sarvam: SarvamSettings, posts: Posts, pool: Pool, metrics: PoolMetrics) -> StreamingSarvam:
    """Make a client that speaks over warm sockets, and over REST if no socket is free."""
    rest = Sarvam(
        posts,
        sarvam.url,
        key=read_secret(sarvam.key_file) or "",
        timeout=sarvam.timeout,
        language_field=sarvam.language_field,
        on_speech=metrics.count_characters,
    )
    return StreamingSarvam(
        pool,
        rest,
        first_audio_timeout=sarvam.first_audio_timeout,
        next_audio_timeout=sarvam.next_audio_timeout,
        language_field=sarvam.language_field,
        on_speech=metrics.count_characters,
    )


def accounts(settings: Settings, keys: ApiKeys) -> Accounts:
    """Make the accounts of the organisations: what they may ask and spend, and what they have.

    Raises SettingsError if the file of limits or the file of prices cannot be used.
    """
    limits = read_limits(settings.limits_file, settings.organisation, keys.organisations_ever)
    prices = read_prices(settings.prices_file)
    return Accounts(limits, prices, keys.organisations, clock=boottime, wall=time.time)


def webhooks(settings: Settings, secrets: Sequence[bytes], caches: Caches, metrics: Metrics) -> Webhooks:
    """Make the endpoints for the data provider's webhooks. They take webhooks that one of `secrets` has signed."""
    return Webhooks(
        secrets,
        Deliveries(caches.state),
        caches.invalidate,
        seconds=settings.webhook.seconds,
        wall=time.time,
        metrics=metrics,
    )


def services(
    settings: Settings,
    caches: Caches,
    functions: Functions,
    synthesiser: Synthesiser,
    accounts: Accounts,
    metrics: Metrics,
) -> Services:
    """Make the caches of the table (`warmline/caches.py`) and the services that look up in them.

    Raises KeyError if a service asks for a cache that the table does not have.
    """

    def cache(name: str, codec: Codec[V]) -> Cache[V]:
        limits = settings.cache[name]
        metrics.begin(name)
        return caches.cache(
            name,
            codec,
            limits.policy,
            max_bytes=limits.max_bytes,
            max_entries=limits.max_entries,
            versioned=CACHES[name].versioned,
        )

    agents = Agents(
        functions,
        configs=cache("config", MessageCodec(AgentConfig)),
        prompts=cache("prompt", MessageCodec(Prompt)),
        accounts=accounts,
    )
    knowledge = Knowledge(functions, results=cache("rag", MessageCodec(list[Passage])), accounts=accounts)
    speech = Speech(synthesiser, phrases=caches.streams(cache("tts", AudioCodec())), accounts=accounts)
    roster = Roster(functions, names=cache("roster", MessageCodec(list[str])))
    return Services(roster, agents, knowledge, speech)


def popular(settings: Settings, keys: ApiKeys, caches: Caches) -> Popular:
    """Make the counter of the questions that callers ask most.

    It logs a warning if an organisation that opts out has no API key.
    """
    opt_out = set(settings.popular.opt_out)
    if unknown := opt_out - {EVERYBODY, *keys.organisations}:
        _log.warning("nobody_of_these_has_an_api_key", popular_opt_out=sorted(unknown))
    return Popular(
        RedisPopular(caches.state, days=settings.popular.days),
        minimum=settings.popular.minimum,
        opted_out=opt_out.union(keys.organisations_ever) if EVERYBODY in opt_out else opt_out,
        wall=time.time,
    )


def warming(
    settings: Settings, keys: ApiKeys, caches: Caches, services: Services, popular: Popular, metrics: Metrics
) -> Warming:
    """Make the warming, which fills L1 before the first caller comes."""
    warmer = Warmer(
        services,
        popular,
        organisations=lambda: keys.organisations,
        limits=settings.warming,
        cache=settings.cache,
        events=metrics,
    )
    return Warming(
        warmer,
        seconds=settings.warming.seconds,
        joined=lambda: caches.remembers(within=2),
        clock=time.monotonic,
        events=metrics,
    )


def sessions(
    settings: Settings,
    keys: ApiKeys,
    services: Services,
    answers: Answers,
    accounts: Accounts,
    caches: Caches,
    metrics: Metrics,
) -> Sessions:
    """Make the voice sessions of this worker, which can be resumed on any other."""
    state = dial(settings.redis_state)
    store = RedisSessions(
        caches.state,
        lambda **hooks: Link(state, dial_timeout=DIAL_SECONDS, **hooks),
        resume_seconds=settings.session.resume_seconds,
        deadline=settings.redis.deadline,
    )
    return Sessions(
        SessionServices(services.agents, answers, services.speech, accounts.admit),
        store,
        slot=settings.slot,
        limits=settings.session,
        several=lambda: len(keys.organisations) > 1,
        events=metrics,
        clock=time.monotonic,
        random=secrets.token_bytes,
    )

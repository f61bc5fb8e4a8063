"""Settings → the parts of a worker, one function for each. With `app.py` the only module that imports everything."""

import random
import secrets
import time
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiohttp
import structlog

from warmline.accounts.accounts import Accounts
from warmline.accounts.limits import Limit, read_limits
from warmline.accounts.prices import read_prices
from warmline.api.deliveries import Deliveries
from warmline.api.keys import ApiKeys
from warmline.api.webhooks import Webhooks
from warmline.caches import CACHES
from warmline.pool import Ledger, Pool, Timing
from warmline.pool import Limits as SocketLimits
from warmline.pool.redis import RedisBudget
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.answers import Answers
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.roster import Roster
from warmline.services.speech import Speech
from warmline.session import Limits as SessionLimits
from warmline.session import Services as SessionServices
from warmline.session import Sessions
from warmline.session.redis import RedisSessions
from warmline.settings import CacheProfile, Settings, revealed
from warmline.telemetry.counters import Metrics
from warmline.telemetry.sockets import PoolMetrics
from warmline.upstream.convex.functions import Convex
from warmline.upstream.ports import Synthesiser
from warmline.upstream.posts import Posts
from warmline.upstream.sarvam.rest import Sarvam
from warmline.upstream.sarvam.socket import SarvamSockets, socket_url
from warmline.upstream.sarvam.streaming import Patience, StreamingSarvam
from warmline.warming.popular import Popular
from warmline.warming.popular_redis import RedisPopular
from warmline.warming.sweep import Services
from warmline.warming.warming import MOST, Limits, Warmer, Warming
from warmline_cache import Cache, Caches, Codec, Policy, Tuning
from warmline_cache.redis.dial import Dial, dialler
from warmline_cache.redis.link import Link
from warmline_cache.worker import DIAL_SECONDS, boottime

V = TypeVar("V")

_log = structlog.get_logger(__name__)


def dial(url: str, password_file: Path | None) -> Dial:
    """Connections to one of the Redis instances."""
    return dialler(url, password=revealed(password_file), timeout=DIAL_SECONDS)


def caches(settings: Settings, metrics: Metrics) -> Caches:
    """The caches' surroundings, with no cache in them yet."""
    return Caches(
        dial(settings.redis_cache_url, settings.redis_cache_password_file),
        dial(settings.redis_state_url, settings.redis_state_password_file),
        name=settings.slot,
        events=metrics,
        tuning=Tuning(redis_seconds=settings.redis_deadline),
        l2=settings.cache_l2 == "on",
    )


def convex(settings: Settings, posts: Posts, metrics: Metrics) -> Convex:
    """The data provider."""
    return Convex(
        posts,
        settings.convex_url,
        deploy_key=revealed(settings.convex_deploy_key_file),
        timeout=settings.convex_timeout,
        concurrency=settings.convex_concurrency,
        called=partial(metrics.called, Convex.name),
        left_out=partial(metrics.left_out, Convex.name),
    )


def pool(settings: Settings, around: Caches, http: aiohttp.ClientSession, metrics: PoolMetrics) -> Pool:
    """The warm sockets; nothing is opened before its `start`."""
    connect = SarvamSockets(
        http,
        settings.sarvam_socket_url or socket_url(settings.sarvam_url),
        upstream=Sarvam.name,
        key=revealed(settings.sarvam_key_file) or "",
        heartbeat=settings.sarvam_socket_ping,
    )
    limits = SocketLimits(
        prewarm=settings.caches().sockets.prewarm,
        maximum=settings.caches().sockets.maximum,
        max_age=settings.sarvam_socket_max_age,
        linger=settings.sarvam_socket_linger,
    )
    budget = RedisBudget(
        around.state,
        account=Sarvam.name,
        worker=f"{settings.slot}#{uuid.uuid4().hex[:12]}",
        limit=settings.sarvam_sockets_account,
        deadline=settings.redis_deadline,
    )
    timing = Timing(connect=settings.sarvam_connect_timeout, ping=settings.sarvam_socket_ping)
    ledger = Ledger(limits, random=random.random)
    made = Pool(connect, ledger, budget=budget, events=metrics, timing=timing)
    metrics.watch(made)
    return made


def sarvam(settings: Settings, posts: Posts, sockets: Pool, metrics: PoolMetrics) -> Synthesiser:
    """The speech provider, over warm sockets and over REST."""
    rest = Sarvam(
        posts,
        settings.sarvam_url,
        key=revealed(settings.sarvam_key_file) or "",
        timeout=settings.sarvam_timeout,
        language_field=settings.sarvam_language_field,
        billed=metrics.billed,
    )
    return StreamingSarvam(
        sockets,
        rest,
        patience=Patience(first=settings.sarvam_first_audio_timeout, next=settings.sarvam_next_audio_timeout),
        language_field=settings.sarvam_language_field,
        billed=metrics.billed,
    )


def accounts(settings: Settings, keys: ApiKeys) -> Accounts:
    """What the organisations may ask and spend. Raises SettingsError for a file that cannot be read."""
    everybody = Limit(settings.requests_per_second, settings.burst, settings.spend_per_day)
    limits = read_limits(settings.limits_file, everybody, keys.organisations)
    prices = read_prices(settings.prices_file)
    return Accounts(limits, prices, keys.organisations, clock=boottime, wall=time.time)


def webhooks(settings: Settings, valid: Sequence[bytes], around: Caches, metrics: Metrics) -> Webhooks:
    """What the provider may tell us, signed with a valid secret."""
    return Webhooks(
        valid,
        Deliveries(around.state),
        around.invalidate,
        seconds=settings.webhook_seconds,
        wall=time.time,
        metrics=metrics,
    )


def services(
    settings: Settings, around: Caches, functions: Convex, voice: Synthesiser, books: Accounts, metrics: Metrics
) -> Services:
    """The caches in the words of the domain."""
    profile = settings.caches()

    def cache(name: str, codec: Codec[V], numbers: CacheProfile) -> Cache[V]:
        made = around.cache(
            name,
            codec,
            policy(numbers),
            max_bytes=numbers.max_bytes,
            max_entries=numbers.max_entries,
            versioned=CACHES[name].versioned,
        )
        metrics.begin(made.name)
        return made

    agents = Agents(
        functions,
        configs=cache("config", MessageCodec(AgentConfig), profile.config),
        prompts=cache("prompt", MessageCodec(Prompt), profile.prompt),
        accounts=books,
    )
    results = cache("rag", MessageCodec(list[Passage]), profile.rag)
    phrases = around.streams(cache("tts", AudioCodec(), profile.tts))
    roster = Roster(functions, names=cache("roster", MessageCodec(list[str]), profile.roster))
    knowledge = Knowledge(functions, results=results, accounts=books)
    return Services(roster, agents, knowledge, Speech(voice, phrases=phrases, accounts=books))


def policy(numbers: CacheProfile) -> Policy:
    """What a profile says of one cache's lifetimes."""
    return Policy(
        ttl=numbers.ttl,
        negative_ttl=numbers.negative_ttl,
        stale_while_revalidate=numbers.stale_while_revalidate,
        stale_if_error=numbers.stale_if_error,
        load_timeout=numbers.load_timeout,
    )


def popular(settings: Settings, keys: ApiKeys, around: Caches) -> Popular:
    """What callers ask most."""
    opted_out = keys.organisations if "*" in settings.popular_opt_out else settings.popular_opt_out
    if unknown := set(opted_out) - set(keys.organisations):
        _log.warning("nobody_of_these_has_an_api_key", popular_opt_out=sorted(unknown))
    return Popular(
        RedisPopular(around.state, days=settings.popular_days),
        minimum=settings.popular_minimum,
        opted_out=opted_out,
        wall=time.time,
    )


def warming(
    settings: Settings, keys: ApiKeys, around: Caches, known: Services, asked: Popular, metrics: Metrics
) -> Warming:
    """Filling L1 before the first caller comes."""
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
        Warmer(known, asked, organisations=keys.organisations, limits=limits, events=metrics),
        limit=settings.warming_seconds,
        joined=lambda: around.remembers(within=2),
        clock=time.monotonic,
        events=metrics,
    )


def sessions(
    settings: Settings, known: Services, answers: Answers, accounts: Accounts, around: Caches, metrics: Metrics
) -> Sessions:
    """The voice sessions of this worker."""
    state = dial(settings.redis_state_url, settings.redis_state_password_file)
    store = RedisSessions(
        around.state,
        lambda **hooks: Link(state, dial_timeout=DIAL_SECONDS, **hooks),
        ttl=settings.session_resume_seconds,
        deadline=settings.redis_deadline,
    )
    limits = SessionLimits(
        sessions=settings.sessions_max,
        idle=settings.session_idle_seconds,
        rate=settings.session_message_rate,
        burst=settings.session_message_burst,
        lead=settings.session_audio_lead,
    )
    return Sessions(
        SessionServices(known.agents, answers, known.speech, accounts.admit),
        store,
        slot=settings.slot,
        limits=limits,
        events=metrics,
        clock=time.monotonic,
        random=secrets.token_bytes,
    )

"""All settings of the worker, typed, from `WARMLINE_*` variables. Every bad one is reported at once, by name.

Secrets are never values of variables: a variable names the file that holds them.
"""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from warmline import __version__
from warmline.caches import CACHES
from warmline.errors import SettingsError
from warmline_cache.redis.dial import dialler

PREFIX = "WARMLINE_"


def _url(*schemes: str, query: bool = False) -> AfterValidator:
    """A URL of which nothing is dropped: `query` says whether it may have one, for a path would come behind it."""

    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)} and name a host")
        if parts.port == 0:
            raise ValueError("port 0 is none")
        if parts.username is not None:
            raise ValueError("must hold no user and no password: keys come from files")
        if "#" in value or (not query and "?" in value):
            raise ValueError("must have no query (?) and no fragment (#)")
        return value

    return AfterValidator(check)


HttpUrl = Annotated[str, _url("http", "https")]
WebSocketUrl = Annotated[str, _url("ws", "wss", query=True)]


def _redis_url(value: str) -> str:
    dialler(value, password=None, timeout=1)
    return value


def _names(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    if odd := [name for name in names if not _NAME.fullmatch(name)]:
        raise ValueError(f"names with commas between them, without quotes or brackets: not {odd[0]!r}")
    return names


_NAME = re.compile(r"\*|[A-Za-z0-9][A-Za-z0-9._:/-]*")
Names = Annotated[tuple[str, ...], BeforeValidator(_names), AfterValidator(_plain)]
"""Names with commas between them."""

RedisUrl = Annotated[str, AfterValidator(_redis_url)]
Port = Annotated[int, Field(ge=1, le=65535)]


class CacheProfile(BaseModel):
    """Lifetimes in seconds (see `cache.Policy`) and what L1 may hold of one cache."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    ttl: Annotated[float, Field(gt=0)]
    stale_while_revalidate: Annotated[float, Field(ge=0)]
    stale_if_error: Annotated[float, Field(ge=0)]
    negative_ttl: Annotated[float, Field(ge=0)] = 10
    load_timeout: Annotated[float, Field(gt=0, description="a load that takes longer has failed")] = 10
    max_bytes: Annotated[int, Field(gt=0)]
    max_entries: Annotated[int, Field(gt=0)] | None = None


class SocketProfile(BaseModel):
    """Warm sockets of one worker: how many of each model it keeps open, and how many it may open of all together."""

    model_config = ConfigDict(frozen=True)

    prewarm: Annotated[int, Field(ge=0)]
    maximum: Annotated[int, Field(ge=0, description="0: REST alone")]


class Profile(BaseModel):
    """Sizes and lifetimes that go together."""

    model_config = ConfigDict(frozen=True)

    tts: CacheProfile
    rag: CacheProfile
    config: CacheProfile
    prompt: CacheProfile
    roster: CacheProfile
    sockets: SocketProfile


MINUTE, HOUR, MIB = 60, 3600, 1024 * 1024


def _profile(
    *, rag_ttl: float, config_ttl: float, phrases: int, results: int, scale: int, sockets: SocketProfile
) -> Profile:
    """What keys name a version of (phrases, prompts) is as good stale as fresh; the rest is stale only for a while."""
    names = CacheProfile(ttl=config_ttl, stale_while_revalidate=10, stale_if_error=10 * MINUTE, max_bytes=MIB * scale)
    return Profile(
        tts=CacheProfile(
            ttl=HOUR,
            stale_while_revalidate=HOUR,
            stale_if_error=24 * HOUR,
            load_timeout=2 * MINUTE,  # it is heard while it is spoken: the longest text takes most of that
            max_bytes=32 * MIB * scale,
            max_entries=phrases,
        ),
        rag=CacheProfile(
            ttl=rag_ttl,
            stale_while_revalidate=MINUTE,
            stale_if_error=HOUR,
            max_bytes=4 * MIB * scale,
            max_entries=results,
        ),
        config=names,
        prompt=CacheProfile(
            ttl=10 * MINUTE, stale_while_revalidate=HOUR, stale_if_error=24 * HOUR, max_bytes=2 * MIB * scale
        ),
        roster=names,
        sockets=sockets,
    )


PROFILES = {
    "low_traffic": _profile(
        rag_ttl=5 * MINUTE,
        config_ttl=MINUTE,
        phrases=100,
        results=500,
        scale=1,
        sockets=SocketProfile(prewarm=2, maximum=20),
    ),
    "high_traffic": _profile(
        rag_ttl=30 * MINUTE,
        config_ttl=5 * MINUTE,
        phrases=500,
        results=2000,
        scale=4,
        sockets=SocketProfile(prewarm=5, maximum=50),
    ),
}

NUMBERS = {
    **{f"cache_{cache}_{number}": (cache, number) for cache in CACHES for number in CacheProfile.model_fields},
    **{f"sarvam_sockets_{number}": ("sockets", number) for number in SocketProfile.model_fields},
}
"""Each number of a profile is a setting too, such as `WARMLINE_CACHE_RAG_TTL` or `WARMLINE_SARVAM_SOCKETS_PREWARM`."""
_NAMES = {place: name for name, place in NUMBERS.items()}


class Settings(BaseModel):
    """What one worker process runs with. The variable of a field is its name in capitals after `WARMLINE_`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    slot: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/-]{0,62}$", description="this worker's place in the fleet")]
    version: Annotated[str, Field(description="what is deployed; the image sets it")] = __version__
    release: Annotated[str, Field(description="version and configuration; whoever deploys names it")] = ""
    listen_host: Annotated[str, Field(description="address of both ports")] = "127.0.0.1"
    port: Annotated[Port, Field(description="callers, through the edge")] = 8100
    admin_port: Annotated[Port, Field(description="health and metrics, for the fleet")] = 8200
    drain_seconds: Annotated[float, Field(ge=0, description="how long open requests may take after SIGTERM")] = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    api_keys_file: Annotated[Path, Field(description="digests of the callers' API keys")]
    profile: Annotated[Literal["low_traffic", "high_traffic"], Field(description="cache sizes and lifetimes")] = (
        "low_traffic"
    )
    numbers: Annotated[Profile, Field(description="those of `profile`, each replaced by its own setting if it has one")]

    redis_cache_url: Annotated[RedisUrl, Field(description="the evicting Redis; no password in it")]
    redis_cache_password_file: Path | None = None
    redis_state_url: Annotated[RedisUrl, Field(description="the Redis that must not evict; no password in it")]
    redis_state_password_file: Path | None = None
    cache_l2: Annotated[
        Literal["on", "off"], Field(description="off: entries stay in each worker, to measure what sharing gives")
    ] = "on"
    redis_deadline: Annotated[float, Field(gt=0, le=5, description="seconds that Redis may cost a lookup")] = 0.05

    convex_url: HttpUrl
    convex_deploy_key_file: Path | None = None
    convex_timeout: Annotated[float, Field(gt=0, le=60)] = 3
    convex_concurrency: Annotated[int, Field(ge=1, description="calls at a time; fewer while Convex refuses them")] = 32
    sarvam_url: HttpUrl
    sarvam_key_file: Path
    sarvam_timeout: Annotated[float, Field(gt=0, le=60)] = 10
    sarvam_language_field: Annotated[
        Literal["target_language_code", "language_code"], Field(description="the language's name on the wire")
    ] = "target_language_code"
    sarvam_models: Annotated[Names, Field(description="models whose sockets are warm from the start")] = ("bulbul:v3",)
    sarvam_socket_url: Annotated[WebSocketUrl | None, Field(description="else derived from sarvam_url")] = None
    sarvam_sockets_account: Annotated[
        int, Field(ge=0, description="sockets that the account may have open at once")
    ] = 100
    sarvam_socket_max_age: Annotated[float, Field(gt=0, description="seconds; up to a fifth less, by chance")] = 3600
    sarvam_socket_linger: Annotated[float, Field(ge=0, description="seconds that one too many stays open idle")] = 60
    sarvam_socket_ping: Annotated[float, Field(gt=0, le=50, description="seconds; the provider closes after 60")] = 20
    sarvam_connect_timeout: Annotated[float, Field(gt=0, le=60, description="seconds for a socket's handshake")] = 3
    sarvam_first_audio_timeout: Annotated[float, Field(gt=0, le=60, description="seconds, on a socket")] = 5
    sarvam_next_audio_timeout: Annotated[float, Field(gt=0, le=60, description="seconds between chunks")] = 5

    sessions_max: Annotated[int, Field(ge=1, description="voice sessions that this worker holds")] = 1000
    session_leave_seconds: Annotated[
        float, Field(ge=0, description="before the end of a drain: sessions that still go on are told to leave")
    ] = 10
    session_idle_seconds: Annotated[float, Field(gt=0, description="a client that says nothing is closed")] = 300
    session_resume_seconds: Annotated[float, Field(gt=0, description="how long a session can be resumed")] = 900
    session_send_seconds: Annotated[float, Field(gt=0, description="a client that reads nothing is dropped")] = 10
    session_message_rate: Annotated[float, Field(gt=0, description="messages a second that a client may send")] = 5
    session_message_burst: Annotated[int, Field(ge=1, description="messages that it may send at once")] = 20
    session_message_bytes: Annotated[int, Field(ge=1024, le=MIB, description="a longer message ends it")] = 64 * 1024
    session_text_length: Annotated[int, Field(ge=1, description="characters that a caller may say at once")] = 500
    session_audio_lead: Annotated[float, Field(ge=0.1, le=5, description="seconds of audio sent ahead of time")] = 0.4
    warming_seconds: Annotated[float, Field(ge=0, description="longest that readiness waits; 0: start cold")] = 10
    warming_concurrency: Annotated[int, Field(ge=1, description="loads at a time")] = 4
    warming_calls: Annotated[int, Field(ge=0, description="loads from origins, in one warming")] = 200
    warming_characters: Annotated[int, Field(ge=0, description="of them spoken, in one warming")] = 20_000
    popular_minimum: Annotated[
        int, Field(ge=1, le=1000, description="distinct askings before a question's text is stored")
    ] = 5
    popular_days: Annotated[int, Field(ge=1, le=90, description="how long counted questions are kept")] = 7
    popular_opt_out: Annotated[Names, Field(description="organisations whose questions are not counted; *: all")] = ()

    webhook_secrets_file: Annotated[
        Path | None, Field(description="whsec_ secrets, one a line, all valid; without it webhooks are refused")
    ] = None
    webhook_seconds: Annotated[
        float, Field(ge=3, le=60, description="limit of a webhook's answer; a silent worker alone may cost 2.2 s")
    ] = 5

    requests_per_second: Annotated[float, Field(gt=0, description="of one organisation, on all workers together")] = (
        2000
    )
    burst: Annotated[float, Field(ge=1, description="how many requests of one organisation may come at once")] = 4000
    spend_per_day: Annotated[
        float | None, Field(ge=0, description="one organisation's money for a day, in the price table's currency")
    ] = None
    limits_file: Annotated[Path | None, Field(description="the organisations whose limits differ")] = None
    prices_file: Annotated[Path | None, Field(description="a price table instead of the built-in one")] = None

    @model_validator(mode="before")
    @classmethod
    def _with_numbers(cls, given: dict[str, Any]) -> dict[str, Any]:
        """`numbers`, from the profile and the settings of its single numbers."""
        profile = PROFILES.get(given.get("profile", "low_traffic"), PROFILES["low_traffic"]).model_dump()
        for name, (part, number) in NUMBERS.items():
            if name in given:
                profile[part][number] = given[name]
        return {"numbers": profile, **{name: value for name, value in given.items() if name not in NUMBERS}}

    def caches(self) -> Profile:
        """The numbers that are in force."""
        return self.numbers

    def problems(self) -> list[str]:
        """What is wrong although every value is well-formed: ports that clash, files that cannot be read."""
        found = []
        if self.port == self.admin_port:
            found.append(f"{PREFIX}ADMIN_PORT: must differ from {PREFIX}PORT ({self.port})")
        found += [
            f"{PREFIX}{name}_URL: must hold no password; use {PREFIX}{name}_PASSWORD_FILE"
            for name, url in (("REDIS_CACHE", self.redis_cache_url), ("REDIS_STATE", self.redis_state_url))
            if urlsplit(url).password
        ]
        for name in type(self).model_fields:
            path = getattr(self, name)
            if isinstance(path, Path) and (problem := _unreadable(path)):
                found.append(f"{PREFIX}{name.upper()}: {problem}")
        return found


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`. Raises SettingsError, which lists every problem."""
    given = {name[len(PREFIX) :].lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError([_line(problem) for problem in error.errors(include_url=False)]) from None
    if problems := settings.problems():
        raise SettingsError(problems)
    return settings


def revealed(path: Path | None) -> str | None:
    """The secret that a file holds; None where there is no file. Hand it to its client, keep it nowhere else.

    Raises OSError, and SettingsError for what can be no secret: it would fail wherever it were used.
    """
    try:
        secret = None if path is None else path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise SettingsError([f"secret file {path}: is not UTF-8"]) from error
    if secret and not secret.isprintable():
        raise SettingsError([f"secret file {path}: must hold one line, without control characters"])
    return secret


def _line(problem: Mapping[str, object]) -> str:
    location = problem["loc"]
    assert isinstance(location, tuple)
    name = _NAMES[location[1], location[2]] if location[0] == "numbers" and len(location) == 3 else str(location[0])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, [*Settings.model_fields, *NUMBERS], n=1)
        hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
        return f"{PREFIX}{name.upper()}: there is no such setting{hint}"
    return f"{PREFIX}{name.upper()}: {problem['msg']}"


def _unreadable(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    return None if content.strip() else f"{path} is empty"

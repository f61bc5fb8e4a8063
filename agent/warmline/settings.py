"""All settings of the worker, typed, from `WARMLINE_*` variables. Every bad one is reported at once, by name.

Secrets are never values of variables: a variable names the file that holds them.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from warmline import __version__
from warmline.errors import SettingsError

PREFIX = "WARMLINE_"


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in schemes or not rest:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    return AfterValidator(check)


HttpUrl = Annotated[str, _url("http", "https")]
RedisUrl = Annotated[str, _url("redis", "rediss")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Profile(BaseModel):
    """Sizes and lifetimes that go together. Seconds and bytes."""

    model_config = ConfigDict(frozen=True)

    tts_ttl: float = 3600
    rag_ttl: float
    config_ttl: float
    prompt_ttl: float = 600
    negative_ttl: float = 10
    tts_bytes: int
    rag_bytes: int
    config_bytes: int
    prompt_bytes: int


MIB = 1024 * 1024
PROFILES = {
    "low_traffic": Profile(
        rag_ttl=300, config_ttl=60, tts_bytes=32 * MIB, rag_bytes=4 * MIB, config_bytes=MIB, prompt_bytes=2 * MIB
    ),
    "high_traffic": Profile(
        rag_ttl=1800,
        config_ttl=300,
        tts_bytes=128 * MIB,
        rag_bytes=16 * MIB,
        config_bytes=4 * MIB,
        prompt_bytes=8 * MIB,
    ),
}


class Settings(BaseModel):
    """What one worker process runs with. The variable of a field is its name in capitals after `WARMLINE_`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/-]{0,62}$", description="this worker's place in the fleet")]
    version: Annotated[str, Field(description="what is deployed; the image sets it")] = __version__
    listen_host: Annotated[str, Field(description="address of both ports")] = "127.0.0.1"
    port: Annotated[Port, Field(description="callers, through the edge")] = 8100
    admin_port: Annotated[Port, Field(description="health and metrics, for the fleet")] = 8200
    drain_seconds: Annotated[float, Field(ge=0, description="how long open requests may take after SIGTERM")] = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    api_keys_file: Annotated[Path, Field(description="digests of the callers' API keys")]
    profile: Annotated[Literal["low_traffic", "high_traffic"], Field(description="cache sizes and lifetimes")] = (
        "low_traffic"
    )

    redis_cache_url: Annotated[RedisUrl, Field(description="the evicting Redis; no password in it")]
    redis_cache_password_file: Path | None = None
    redis_deadline: Annotated[float, Field(gt=0, le=5, description="seconds that Redis may cost a lookup")] = 0.05
    redis_max_connections: Annotated[int, Field(ge=1, le=1000)] = 64

    convex_url: HttpUrl
    convex_deploy_key_file: Path | None = None
    convex_timeout: Annotated[float, Field(gt=0, le=60)] = 3
    sarvam_url: HttpUrl
    sarvam_key_file: Path
    sarvam_timeout: Annotated[float, Field(gt=0, le=60)] = 10

    def caches(self) -> Profile:
        """The numbers behind `profile`."""
        return PROFILES[self.profile]

    def problems(self) -> list[str]:
        """What is wrong although every value is well-formed: ports that clash, files that cannot be read."""
        found = []
        if self.port == self.admin_port:
            found.append(f"{PREFIX}ADMIN_PORT: must differ from {PREFIX}PORT ({self.port})")
        if urlsplit(self.redis_cache_url).password:
            found.append(f"{PREFIX}REDIS_CACHE_URL: must hold no password; use {PREFIX}REDIS_CACHE_PASSWORD_FILE")
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
    """The secret that a file holds; None where there is no file. Hand it to its client, keep it nowhere else."""
    return None if path is None else path.read_text(encoding="utf-8").strip()


def _line(problem: Mapping[str, object]) -> str:
    location = problem["loc"]
    assert isinstance(location, tuple)
    name = str(location[0])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
        return f"{PREFIX}{name.upper()}: there is no such setting{hint}"
    return f"{PREFIX}{name.upper()}: {problem['msg']}"


def _unreadable(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    return None if content.strip() else f"{path} is empty"

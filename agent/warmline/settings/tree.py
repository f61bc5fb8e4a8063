"""The tree of settings. Each branch holds the limits of one part of the worker; the part gets its branch as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Unit, doc
from pydantic import Field

from warmline import __version__
from warmline.accounts.limits import OrganisationLimit
from warmline.caches import CACHES, NAMELESS, CacheLimits
from warmline.pool import SocketLimits
from warmline.session.limits import SessionLimits
from warmline.settings.kinds import HttpUrl, Names, Port, RedisUrl, WebSocketUrl
from warmline.settings.leaves import Leaf, list_leaves, take_values
from warmline.warming.limits import WarmingLimits
from warmline_cache import RedisLimits


@dataclass(frozen=True, slots=True)
class SpeechProfile:
    """The branches of `SpeechSettings` whose defaults `profile` chooses."""

    sockets: SocketLimits


@dataclass(frozen=True, slots=True)
class Profile:
    """The branches of `Settings` whose defaults `profile` chooses: sizes and lifetimes that fit together."""

    cache: Mapping[str, CacheLimits]
    speech: SpeechProfile


PROFILES: Mapping[str, Profile] = {
    "low_traffic": Profile(
        {name: traits.low for name, traits in CACHES.items()}, SpeechProfile(sockets=SocketLimits(2, 20))
    ),
    "high_traffic": Profile(
        {name: traits.high for name, traits in CACHES.items()}, SpeechProfile(sockets=SocketLimits(5, 50))
    ),
}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """How a worker reaches one of the two Redis instances."""

    url: Annotated[
        RedisUrl,
        doc("URL of this Redis, with the user's name and without a password; `cache` may evict, `state` must not"),
    ]
    password_file: Annotated[Path | None, doc("file that holds that user's password")] = None


@dataclass(frozen=True, slots=True)
class ConvexSettings:
    """How a worker calls the data provider Convex."""

    url: Annotated[HttpUrl, doc("URL of the Convex deployment")]
    deploy_key_file: Annotated[Path | None, doc("file that holds the deploy key; without it public functions only")] = (
        None
    )
    timeout: Annotated[float, Gt(0), Le(60), Unit("s"), doc("limit of one call, the wait for its turn included")] = 3.0
    concurrency: Annotated[int, Ge(1), Unit("calls"), doc("calls at a time; fewer while Convex refuses them")] = 32


@dataclass(frozen=True, slots=True)
class SarvamSettings:
    """How a worker calls the speech provider Sarvam. The limits of its sockets are in `SpeechSettings.sockets`."""

    url: Annotated[HttpUrl, doc("URL of Sarvam's REST API")]
    key_file: Annotated[Path, doc("file that holds Sarvam's subscription key")]
    timeout: Annotated[float, Gt(0), Le(60), Unit("s"), doc("limit of one call over REST")] = 10.0
    language_field: Annotated[
        Literal["target_language_code", "language_code"], doc("name of the language on the wire")
    ] = "target_language_code"
    models: Annotated[Names, doc("models whose sockets are warm from the start")] = ("bulbul:v3",)
    socket_url: Annotated[
        WebSocketUrl | None, doc("URL of the sockets; without it derived from `speech_sarvam_url`")
    ] = None
    first_audio_timeout: Annotated[
        float, Gt(0), Le(60), Unit("s"), doc("limit of the wait for an utterance's first audio, on a socket")
    ] = 5.0
    next_audio_timeout: Annotated[
        float, Gt(0), Le(60), Unit("s"), doc("limit of the wait between two chunks of audio, on a socket")
    ] = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """Which data provider a worker calls, with one branch for each provider that there is."""

    provider: Annotated[Literal["convex"], doc("data provider that the worker calls")] = "convex"
    convex: ConvexSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """Which speech provider a worker calls, with one branch for each provider that there is.

    `sockets` holds the limits of the pool of sockets, whichever provider is chosen.
    """

    provider: Annotated[Literal["sarvam"], doc("speech provider that the worker calls")] = "sarvam"
    sarvam: SarvamSettings
    sockets: SocketLimits


@dataclass(frozen=True, slots=True)
class PopularSettings:
    """How a worker counts the questions that callers ask most."""

    minimum: Annotated[
        int, Ge(1), Le(1000), Unit("askings"), doc("distinct askings before a question's text is stored")
    ] = 5
    days: Annotated[int, Ge(1), Le(90), Unit("days"), doc("how long counted questions are kept")] = 7
    opt_out: Annotated[Names, doc("organisations whose questions are not counted; `*`: all")] = ()


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How a worker takes the webhooks of the data provider."""

    secrets_file: Annotated[
        Path | None, doc("file of `whsec_` secrets, one a line, all valid; without it webhooks are refused")
    ] = None
    seconds: Annotated[
        float, Ge(3), Le(60), Unit("s"), doc("limit of a webhook's answer; a silent worker alone may cost 2.2 s")
    ] = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one worker. The variable of a setting is `WARMLINE_` and the setting's name in capitals."""

    slot: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/-]{0,62}$"), doc("place of this worker in the fleet")]
    version: Annotated[str, doc("what is deployed; the image sets it")] = __version__
    release: Annotated[str, doc("version and configuration; whoever deploys names it")] = ""
    listen_host: Annotated[str, doc("address of both ports")] = "127.0.0.1"
    port: Annotated[Port, doc("port of callers, through the edge")] = 8100
    admin_port: Annotated[Port, doc("port of health and metrics, for the fleet")] = 8200
    drain_seconds: Annotated[float, Ge(0), Unit("s"), doc("how long open requests may take after SIGTERM")] = 10.0
    log_level: Annotated[Literal["debug", "info", "warning", "error"], doc("least severe level that is logged")] = (
        "info"
    )
    api_keys_file: Annotated[Path, doc("file of the digests of callers' API keys")]
    issued_keys_file: Annotated[
        Path | None, doc("file of the keys issued and revoked since the deploy; read again when it changes")
    ] = None
    profile: Annotated[
        Literal["low_traffic", "high_traffic"], doc("which defaults hold for the caches and the warm sockets")
    ] = "low_traffic"

    redis_cache: RedisAddress
    redis_state: RedisAddress
    redis: RedisLimits = field(default_factory=RedisLimits)
    cache_l2: Annotated[
        Literal["on", "off"], doc("`off`: entries stay in each worker, to measure what sharing gives")
    ] = "on"
    data: DataSettings
    speech: SpeechSettings
    session: SessionLimits = field(default_factory=SessionLimits)
    warming: WarmingLimits = field(default_factory=WarmingLimits)
    popular: PopularSettings = field(default_factory=PopularSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    organisation: OrganisationLimit = field(default_factory=OrganisationLimit, metadata=NAMELESS)
    limits_file: Annotated[Path | None, doc("file of the organisations whose limits differ")] = None
    prices_file: Annotated[Path | None, doc("file of a price table instead of the built-in one")] = None
    cache: Mapping[str, CacheLimits]


SETTINGS: Mapping[str, Leaf] = {leaf.name: leaf for leaf in list_leaves(Settings, take_values(PROFILES["low_traffic"]))}
"""Every setting by its name, with the defaults of the profile `low_traffic`."""

NUMBERS: Mapping[str, Leaf] = {leaf.name: leaf for leaf in list_leaves(Profile, take_values(PROFILES["low_traffic"]))}
"""Every setting of the branches that a profile chooses, such as `cache_rag_ttl`, by its name."""

"""Read the tree of settings from variables. The tree is read whole or refused whole."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ConfigDict, TypeAdapter, ValidationError

from warmline.errors import SettingsError
from warmline.settings.leaves import REQUIRED, Leaf, flatten, grow, list_leaves, take_values
from warmline.settings.tree import PROFILES, SETTINGS, Profile, Settings

PREFIX = "WARMLINE_"

_MOVED = {
    "convex": ("data_convex", ("url", "deploy_key_file", "timeout", "concurrency")),
    "sarvam": (
        "speech_sarvam",
        (
            "url",
            "key_file",
            "timeout",
            "language_field",
            "models",
            "socket_url",
            "first_audio_timeout",
            "next_audio_timeout",
        ),
    ),
    "sarvam_sockets": (
        "speech_sockets",
        ("prewarm", "maximum", "account", "max_age", "linger", "ping", "connect_timeout"),
    ),
}
"""Branches of the tree that had another name, that name first, and the settings that stood in each."""

RENAMED: Mapping[str, str] = {
    **{f"{old}_{name}": f"{new}_{name}" for old, (new, names) in _MOVED.items() for name in names},
    "sarvam_connect_timeout": "speech_sockets_connect_timeout",
    "sarvam_socket_linger": "speech_sockets_linger",
    "sarvam_socket_max_age": "speech_sockets_max_age",
    "sarvam_socket_ping": "speech_sockets_ping",
    "sessions_max": "session_maximum",
}
"""Former names of settings, each with the name of today."""

_FINITE = ConfigDict(allow_inf_nan=False)


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings from `environment`, whose other variables are ignored.

    Raises SettingsError, which lists every problem: a bad value, a missing or an unknown variable, a file that cannot
    be read.
    """
    given = {name[len(PREFIX) :].lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    defaults = take_values(PROFILES.get(given.get("profile", "low_traffic"), PROFILES["low_traffic"]))
    settings = grow(Settings, _convert(SETTINGS.values(), given), defaults)
    if problems := list(_find_problems(settings)):
        raise SettingsError(problems)
    return settings


def change(profile: Profile, given: Mapping[str, str]) -> Profile:
    """Copy a profile with other numbers, which are `given` as text by the names of their settings.

    Raises SettingsError, which lists every problem.
    """
    values = take_values(profile)
    return grow(Profile, _convert(list_leaves(Profile, values), given), values)


def _convert(known: Iterable[Leaf], given: Mapping[str, str]) -> dict[str, object]:
    """Convert the given texts to the types of their settings. Raises SettingsError, which lists every problem."""
    values: dict[str, object] = {}
    problems: list[str] = []
    names = set()
    for leaf in known:
        names.add(leaf.name)
        if leaf.name in given:
            try:
                values[leaf.name] = TypeAdapter(leaf.kind, config=_FINITE).validate_python(given[leaf.name])
            except ValidationError as error:
                problems.append(f"{name_variable(leaf.name)}: {error.errors(include_url=False)[0]['msg']}")
        elif leaf.default is REQUIRED:
            problems.append(f"{name_variable(leaf.name)}: Field required")
    problems += [_refuse_unknown(name, names) for name in given if name not in names]
    if problems:
        raise SettingsError(problems)
    return values


def name_variable(name: str) -> str:
    """Name the variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def _refuse_unknown(name: str, names: Iterable[str]) -> str:
    if name in RENAMED:
        return f"{name_variable(name)}: is called {name_variable(RENAMED[name])} now"
    near = difflib.get_close_matches(name, names, n=1)
    return f"{name_variable(name)}: there is no such setting" + (
        f"; did you mean {name_variable(near[0])}?" if near else ""
    )


def _find_problems(settings: Settings) -> Iterator[str]:
    """List problems of well-formed values: ports that clash, passwords in URLs, files that cannot be read."""
    if settings.port == settings.admin_port:
        yield f"{name_variable('admin_port')}: must differ from {name_variable('port')} ({settings.port})"
    for name, address in (("redis_cache", settings.redis_cache), ("redis_state", settings.redis_state)):
        if urlsplit(address.url).password:
            yield f"{name_variable(name)}_URL: must hold no password; use {name_variable(name)}_PASSWORD_FILE"
    for name, value in flatten(settings).items():
        if isinstance(value, Path) and (problem := _refuse_unreadable(value)):
            yield f"{name_variable(name)}: {problem}"


def _refuse_unreadable(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    return None if content.strip() else f"{path} is empty"

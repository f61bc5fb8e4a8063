"""What a host's Docker Engine is told, beside what somebody else has told it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Settings = dict[str, Any]

REGISTRIES = "insecure-registries"
LOGS = ("log-driver", "log-opts")
OURS_ALONE = {"userland-proxy"}
"""Settings that would change what containers of others do: for an engine that was there before us they are left out."""
WITH_OUR_OPTIONS = {"json-file", "local"}
"""Log drivers that know the options `max-size` and `max-file`."""


def engine(settings: Mapping[str, Any], read: Sequence[Mapping[str, Any]], found: str) -> dict[str, Settings]:
    """The `daemon` that shall be written as daemon.json, and what of it is `ours`, to remember until the next time.

    `settings` is what we want, `read` what Ansible read of daemon.json and of what was remembered (null: no file),
    `found` whose engine there was: none, the distribution's, another's. ValueError if daemon.json cannot be read.
    """
    existing, before = (json.loads(one["stdout"]) for one in read)
    existing = existing or {}
    if before is None:
        before = _first(settings, existing, found)
    theirs = _without(existing, before["settings"])
    ours = _added(settings, theirs, shared=before["shared"])
    return {"daemon": _joined(theirs, ours), "ours": {"shared": before["shared"], "settings": ours}}


def _first(settings: Mapping[str, Any], existing: Settings, found: str) -> Settings:
    """What to remember of an engine of which nothing is: a daemon.json with our names alone was written by us."""
    if existing.keys() == settings.keys() or found == "none":
        return {"shared": False, "settings": existing}
    return {"shared": True, "settings": {}}


def _without(existing: Mapping[str, Any], ours: Mapping[str, Any]) -> Settings:
    """What others have written: all that is not as we left it, of the registries those that we did not name."""
    theirs = {name: value for name, value in existing.items() if name not in ours or ours[name] != value}
    if REGISTRIES in theirs:
        theirs[REGISTRIES] = [one for one in existing[REGISTRIES] if one not in ours.get(REGISTRIES, [])]
    return {name: value for name, value in theirs.items() if (name, value) != (REGISTRIES, [])}


def _added(settings: Mapping[str, Any], theirs: Mapping[str, Any], *, shared: bool) -> Settings:
    """What we write beside what is theirs: nothing that they have decided."""
    left = {name for name in theirs if name != REGISTRIES} | (OURS_ALONE if shared else set())
    if "log-opts" in theirs or theirs.get("log-driver", "json-file") not in WITH_OUR_OPTIONS:
        left |= {*LOGS}
    if shared and not settings[REGISTRIES]:
        left.add(REGISTRIES)
    return {name: value for name, value in settings.items() if name not in left}


def _joined(theirs: Settings, ours: Settings) -> Settings:
    registries = [*theirs.get(REGISTRIES, []), *(one for one in ours.get(REGISTRIES, []))]
    both = {**theirs, **ours}
    return {**both, REGISTRIES: list(dict.fromkeys(registries))} if REGISTRIES in both else both


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filter by the name that roles use."""
        return {"warmline_engine": engine}

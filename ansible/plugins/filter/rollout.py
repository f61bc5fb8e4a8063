"""How a fleet gets from one ledger to another, decided before anything is touched. Pure.

Every operation is a rollout: a deploy, a rollback, a changed setting, scaling, draining. It is cut into batches. A
batch starts workers, then has every edge list its slots anew, then stops and removes what is not listed any more. The
first slot that changes its release is a batch of its own, the canary; what only closes comes last.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

Json = dict[str, Any]
Found = Sequence[Mapping[str, Any]]

OTHER = {"blue": "green", "green": "blue"}


def name_release(digests: Iterable[str], version: str) -> str:
    """The name of what a deploy brings: the version, and a digest of what all hosts' workers are made of.

    `digests` has one of each host; it is empty for a host that did not answer.
    """
    joined = "".join(sorted({digest for digest in digests if digest}))
    return f"{version}-{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def choose_target(ledger: Mapping[str, Any], found: Found, kind: str, deployed: Mapping[str, Any]) -> Json:
    """The `release` and the `image` that a rollout of that `kind` goes to.

    A deploy goes to what is `deployed`, a rollback to what was before it, and everything else keeps what serves.
    """
    if kind == "deploy":
        return dict(deployed)
    return previous(ledger, found) if kind == "rollback" else serving(ledger, found)


def rollout(now: Mapping[str, Any], wished: Mapping[str, Any], found: Found, target: Mapping[str, Any]) -> Json:
    """The `batches`, each with `starts`, the `ledger` after it, `stops` and `removes`; and the `ledger` in the end.

    `now` and `wished` are ledgers (ledger.py), `found` the containers that there are. `target` has the `release` and
    the `image` that shall serve, and `percent`, the share of the serving slots that one batch may take.
    """
    listed: dict[str, Json] = {slot["name"]: {**slot, "down": True} for slot in wished["slots"]}
    listed |= {slot["name"]: dict(slot) for slot in now["slots"]}
    batches: list[Json] = []

    def batch(starts: list[Json], *, closing: Collection[str]) -> Json:
        listed.update({start["name"]: {name: start[name] for name in listed[start["name"]]} for start in starts})
        ledger = {**wished, "serial": now["serial"] + len(batches) + 1, "slots": [*listed.values()]}
        dealt_with = {one["container"] + one["host"] for done in batches for one in done["stops"]}
        stops = [one for one in _not_listed(found, ledger) if one["slot"] in closing and one["running"]]
        stops = [one for one in stops if one["container"] + one["host"] not in dealt_with]
        return {"starts": starts, "ledger": ledger, "stops": stops, "removes": []}

    for group in _groups(now, wished, found, target):
        starts = [_start(listed[slot["name"]], found, target) for slot in group]
        batches.append(batch(starts, closing={start["name"] for start in starts}))
    for slot in wished["slots"]:
        listed[slot["name"]]["down"] = slot["down"]
    last = batch([], closing={one["slot"] for one in found})
    last["removes"] = _removed(found, last["ledger"])
    if last["stops"] or last["removes"] or _differ(last["ledger"], batches[-1]["ledger"] if batches else now):
        batches.append(last)
    return {
        "batches": batches,
        "ledger": batches[-1]["ledger"] if batches else {**last["ledger"], "serial": now["serial"]},
    }


def serving(ledger: Mapping[str, Any], found: Found) -> Json:
    """The `release` that most slots serve, its `image`, and the `others` beside it; empty names if nobody serves."""
    up = {(slot["name"], slot["colour"]) for slot in ledger["slots"] if not slot["down"]}
    return _most([one for one in found if one["running"] and (one["slot"], one["colour"]) in up])


def previous(ledger: Mapping[str, Any], found: Found) -> Json:
    """The same of what most slots that serve have kept on their idle colour: what a rollback goes back to.

    What runs there was not kept: a deploy that died was about to list it.
    """
    idle = {(slot["name"], OTHER[slot["colour"]]) for slot in ledger["slots"] if not slot["down"]}
    return _most([one for one in found if (one["slot"], one["colour"]) in idle and not one["running"]])


def read_configured(folders: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, list[str]]:
    """The releases whose configuration each host has, by host, from the folders that Ansible found there."""
    return {host: [PurePosixPath(one["path"]).name for one in listed] for host, listed in folders.items()}


def missing(rollout: Mapping[str, Any], releases: Mapping[str, Collection[str]]) -> list[str]:
    """Slots that cannot start, as their host has not the release's configuration. `releases` by host."""
    starts = [start for batch in rollout["batches"] for start in batch["starts"]]
    return [one["name"] for one in starts if one["release"] not in releases.get(one["host"], ())]


def most(rollout: Mapping[str, Any], host: str) -> int:
    """The most workers that run on a host at once: those that serve in the end, and a batch's that they replace."""
    up = sum(slot["host"] == host and not slot["down"] for slot in rollout["ledger"]["slots"])
    replaced = [sum(stop["host"] == host for stop in batch["stops"]) for batch in rollout["batches"] if batch["starts"]]
    return int(up + max(replaced, default=0))


def says(rollout: Mapping[str, Any], release: str) -> list[str]:
    """The release and the batches for people to read, a line each."""
    lines = [_line(number, batch) for number, batch in enumerate(rollout["batches"], start=1)]
    return [f"release {release}", *(lines or ["nothing: all is as wished"])]


def begin_with(rollout: Mapping[str, Any], now: Mapping[str, Any], check_mode: object) -> Json:
    """The ledger that hosts are told before the first batch: the one that is.

    It is the one that shall be where no batch will lead to it: there is none, or Ansible changes nothing.
    """
    return dict(rollout["ledger"] if check_mode or not rollout["batches"] else now)


def _line(number: int, batch: Mapping[str, Any]) -> str:
    named = {
        "start": [f"{one['name']} {one['colour']}" for one in batch["starts"]],
        "stop": [f"{one['slot']} {one['colour']}" for one in batch["stops"]],
        "remove": [f"{one['slot']} {one['colour']}" for one in batch["removes"]],
    }
    return f"{number}. " + "; ".join(f"{what} {', '.join(names)}" for what, names in named.items() if names)


def _groups(
    now: Mapping[str, Any], wished: Mapping[str, Any], found: Found, target: Mapping[str, Any]
) -> list[Sequence[Json]]:
    """The slots that start something, batch by batch: the canary, the others that serve, those that open."""
    up = {slot["name"] for slot in now["slots"] if not slot["down"]}
    wanted = [slot for slot in wished["slots"] if not slot["down"]]
    moving = [slot for slot in wanted if slot["name"] in up and not _serves(slot, found, target["release"])]
    size = max(1, math.ceil(len(up) * target["percent"] / 100))
    others = [moving[at : at + size] for at in range(1, len(moving), size)]
    groups = [moving[:1], *others, [slot for slot in wanted if slot["name"] not in up]]
    return [group for group in groups if group]


def _serves(slot: Mapping[str, Any], found: Found, release: str) -> bool:
    which = (slot["name"], slot["colour"], release)
    return any(one["running"] and (one["slot"], one["colour"], one["release"]) == which for one in found)


def _start(slot: Mapping[str, Any], found: Found, target: Mapping[str, Any]) -> Json:
    """What to start for a slot: the idle colour of one that serves, the colour that it had of one that does not."""
    colour = slot["colour"] if slot["down"] else OTHER[slot["colour"]]
    there = (slot["name"], colour, target["release"])
    kept = any((one["slot"], one["colour"], one["release"]) == there for one in found)
    new = {"colour": colour, "release": target["release"], "down": False}
    return {**slot, **new, "image": target["image"], "kept": kept}


def _not_listed(found: Found, ledger: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    up = {(slot["name"], slot["colour"]) for slot in ledger["slots"] if not slot["down"]}
    return [one for one in found if (one["slot"], one["colour"]) not in up]


def _removed(found: Found, ledger: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What nobody comes back to: containers of slots closed for good, and those with a name of former times."""
    waiting = {slot["name"] for slot in ledger["slots"] if not slot["down"] or slot["host"] in ledger["drained"]}
    return [
        one
        for one in _not_listed(found, ledger)
        if one["slot"] not in waiting or not one["container"].endswith(f"-{one['colour']}")
    ]


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return {**one, "serial": 0} != {**other, "serial": 0}


def _most(containers: Found) -> Json:
    counts = Counter((one["release"], one["image"]) for one in containers)
    if not counts:
        return {"release": "", "image": "", "others": []}
    (release, image), *others = [which for which, _ in counts.most_common()]
    return {"release": release, "image": image, "others": [other for other, _ in others]}


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {
            "warmline_release": name_release,
            "warmline_target": choose_target,
            "warmline_rollout": rollout,
            "warmline_serving": serving,
            "warmline_previous": previous,
            "warmline_configured": read_configured,
            "warmline_missing": missing,
            "warmline_most": most,
            "warmline_says": says,
            "warmline_begun": begin_with,
        }

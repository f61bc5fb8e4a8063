"""Why a rollout does not begin, each in a sentence that says what to do. Pure.

What is wrong with the slots that are asked for is told by ledger.py (`problems`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CHANGES_THE_RELEASE = {"deploy", "rollback"}


def refuse(
    target: Mapping[str, Any],
    kind: str,
    serving: Mapping[str, Any],
    missing: Sequence[str],
    old_processes: Iterable[str],
    most_old: int,
) -> list[str]:
    """Why a rollout of that `kind` to `target` does not begin; empty if it does.

    `serving` is what serves now, `missing` the slots whose host lacks the release's configuration (rollout.py).
    `old_processes` has, of each edge, the number of nginx' processes that only hold conversations, as `pgrep` wrote
    it; of such an edge may have `most_old`.
    """
    old = max(map(_count, old_processes), default=0)
    return [
        *_judge_target(target, kind, serving),
        *_say_if(
            kind != "rollback" and old > most_old,
            f"An edge keeps {old} processes for conversations from before earlier rollouts, and each rollout adds some:"
            " wait until they have ended, or raise fleet_old_processes",
        ),
        *_say_if(
            kind != "deploy" and target["release"] and missing,
            f"The release {target['release']} never was on the host of {', '.join(missing)}: make deploy",
        ),
    ]


def _judge_target(target: Mapping[str, Any], kind: str, serving: Mapping[str, Any]) -> list[str]:
    back, keeps = kind == "rollback", kind not in CHANGES_THE_RELEASE
    others = target.get("others", [])
    return [
        *_say_if(
            back and not target["release"],
            "No worker has a release to go back to: the one before is kept from one deploy to the next.",
        ),
        *_say_if(
            back and serving["others"],
            "A run died half-way, and workers of several releases serve: make deploy with the one that you want",
        ),
        *_say_if(keeps and not target["image"], "Nothing serves yet: make deploy"),
        *_say_if(keeps and others, f"Workers of several releases serve ({', '.join(others)}): make deploy first"),
    ]


def _say_if(applies: object, said: str) -> list[str]:
    return [said] if applies else []


def _count(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filter by the name that playbooks use."""
        return {"warmline_refusals": refuse}

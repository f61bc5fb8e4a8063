"""What `agent_settings` may not hold, because an option of the role or the rollout decides it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def refuse_owned(settings: Iterable[str], owners: Mapping[str, str]) -> list[str]:
    """A sentence for each of these `agent_settings` that have an owner: which option to set instead.

    `owners` has the option of each setting, empty for what every rollout decides anew.
    """
    return [_refusal(name, owners[str(name).lower()]) for name in settings if str(name).lower() in owners]


def _refusal(name: str, option: str) -> str:
    if not option:
        return f"agent_settings.{name}: every rollout decides it; no inventory can"
    return f"agent_settings.{name}: set {option} instead, which the role reads too, not the worker alone"


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filter by the name that roles use."""
        return {"warmline_owned": refuse_owned}

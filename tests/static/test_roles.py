"""The settings that a deploy checks beforehand are those of the roles that it runs."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.processes import ROOT

PLAYBOOKS = ROOT / "ansible" / "playbooks"


def plays(playbook: Path) -> Iterator[dict[str, Any]]:
    """Every play of a playbook and of those that it imports, at whatever depth."""
    for play in yaml.safe_load(playbook.read_text(encoding="utf-8")):
        imported = play.get("ansible.builtin.import_playbook")
        yield from plays(playbook.parent / imported) if imported else [play]


def roles(play: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A play's roles with their tasks' conditions, but for those whose options the play itself gives."""
    for role in play.get("roles", ()):
        if isinstance(role, str):
            yield role, ""
    for task in play.get("tasks", ()):
        for kind in ("import_role", "include_role"):
            said = task.get(f"ansible.builtin.{kind}", {})
            if said and said.get("tasks_from", "main.yml") == "main.yml":
                yield said["name"], str(task.get("when", ""))


def groups(play: dict[str, Any], condition: str, known: set[str]) -> set[str]:
    """The groups of a play's hosts; those alone that its task's condition names, if it names any."""
    patterns = {re.sub(r"\[.*", "", pattern) for pattern in play["hosts"].split(":") if not pattern.startswith("!")}
    of_play = known if "all" in patterns else patterns & known
    return of_play & set(re.findall(r"in groups\['(\w+)'\]", condition)) or of_play


def test_the_settings_that_are_checked_are_those_of_the_roles_that_a_deploy_runs() -> None:
    wiring = yaml.safe_load((PLAYBOOKS / "group_vars" / "all" / "wiring.yml").read_text(encoding="utf-8"))
    checked = {group: set(names) for group, names in wiring["fleet_roles"].items()}
    run: dict[str, set[str]] = defaultdict(set)
    for play in plays(ROOT / "ansible" / "deploy.yml"):
        if "import_playbook" not in play and play.get("connection") != "local":
            for role, condition in roles(play):
                for group in groups(play, condition, {*checked}):
                    run[group].add(role)
    assert dict(run) == checked

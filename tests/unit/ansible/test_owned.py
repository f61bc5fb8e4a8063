"""A setting has one place in an inventory: what an option of the role sets is refused in `agent_settings`."""

import re
from typing import Any

import pytest
import yaml

from tests.support.tree.plugins import load
from tests.support.tree.roles import ROLES
from warmline.settings import SETTINGS

refuse_owned = load("filter", "owned").refuse_owned
AGENT = ROLES / "agent"


def read(path: str) -> Any:
    return yaml.safe_load((AGENT / path).read_text(encoding="utf-8"))


OWNERS: dict[str, str] = read("vars/main.yml")["agent_owners"]


@pytest.mark.parametrize(
    ("setting", "option"), [("drain_seconds", "agent_drain_seconds"), ("PROFILE", "agent_profile")]
)
def test_a_setting_that_an_option_sets_is_refused_by_that_options_name(setting: str, option: str) -> None:
    (said,) = refuse_owned({setting: 120, "cache_rag_ttl": 600}, OWNERS)
    assert said.startswith(f"agent_settings.{setting}: set {option} instead")


def test_a_setting_that_every_rollout_decides_is_refused() -> None:
    assert refuse_owned({"slot": "agent-1/1"}, OWNERS) == [
        "agent_settings.slot: every rollout decides it; no inventory can"
    ]


def test_other_settings_are_nobodys_business() -> None:
    assert refuse_owned({name: 1 for name in SETTINGS if name not in OWNERS}, OWNERS) == []


def test_every_variable_that_the_role_writes_has_its_owner() -> None:
    """The image sets the version."""
    written = (AGENT / "templates" / "worker.env.j2").read_text(encoding="utf-8")
    started = (AGENT / "tasks" / "start.yml").read_text(encoding="utf-8")
    names = {name.lower() for name in re.findall(r"^ *WARMLINE_([A-Z_0-9]+)[=:]", written + started, re.MULTILINE)}
    assert names | {"version"} == set(OWNERS)


def test_every_owner_is_an_option_and_what_it_owns_a_setting() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert set(OWNERS.values()) - {""} <= set(options)
    assert set(OWNERS) <= set(SETTINGS)


def test_settings_are_refused_where_no_host_has_been_touched() -> None:
    plays = yaml.safe_load((ROLES.parent / "playbooks" / "settings.yml").read_text(encoding="utf-8"))
    (play,) = [play for play in plays if play["hosts"] == "agents"]
    assert play["tasks"][0]["ansible.builtin.include_role"] == {"name": "agent", "tasks_from": "owned.yml"}
    (task,) = read("tasks/owned.yml")
    assert "agent_settings | warmline_owned(agent_owners)" in task["vars"]["agent_twice"]

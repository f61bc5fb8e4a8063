"""A Docker Engine is told what we need, and what others have told it stays."""

import json
from typing import Any

import jinja2
import pytest
import yaml

from tests.support.tree.plugins import load
from tests.support.tree.roles import ROLES

engine = load("filter", "engine").engine
OURS = {
    "insecure-registries": ["10.0.0.2:5000"],
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
    "userland-proxy": False,
}


def told(existing: Any, before: Any = None, found: str = "other", settings: dict[str, Any] | None = None) -> Any:
    """What is decided of an engine with this daemon.json and these memories."""
    return engine(settings or OURS, [{"stdout": json.dumps(existing)}, {"stdout": json.dumps(before)}], found)


def test_an_engine_that_we_install_is_told_everything() -> None:
    assert told(None, found="none") == {"daemon": OURS, "ours": {"shared": False, "settings": OURS}}


def test_an_engine_that_was_there_keeps_its_settings_and_learns_those_that_it_lacks() -> None:
    theirs = {"data-root": "/big", "dns": ["10.0.0.1"], "insecure-registries": ["old:5000"]}
    daemon = told(theirs)["daemon"]
    assert daemon == {
        **theirs,
        "insecure-registries": ["old:5000", "10.0.0.2:5000"],
        "live-restore": True,
        "log-driver": "json-file",
        "log-opts": OURS["log-opts"],
    }


@pytest.mark.parametrize(
    "logs",
    [{"log-driver": "journald"}, {"log-driver": "syslog", "log-opts": {"tag": "x"}}, {"log-opts": {"max-size": "1g"}}],
)
def test_options_that_another_log_driver_would_refuse_are_not_added(logs: dict[str, Any]) -> None:
    daemon = told(logs)["daemon"]
    assert {name: value for name, value in daemon.items() if name.startswith("log")} == logs


def test_a_log_driver_of_theirs_that_knows_our_options_gets_them() -> None:
    daemon = told({"log-driver": "local"})["daemon"]
    assert (daemon["log-driver"], daemon["log-opts"]) == ("local", OURS["log-opts"])


def test_settings_that_would_change_containers_of_others_are_left_out_ever_after() -> None:
    first = told(None)
    assert "userland-proxy" not in first["daemon"]
    assert told(first["daemon"], first["ours"]) == first


@pytest.mark.parametrize("existing", [{"data-root": "/big"}, {"insecure-registries": ["old:5000"]}, {}])
def test_a_second_time_changes_nothing(existing: dict[str, Any]) -> None:
    first = told(existing)
    assert told(first["daemon"], first["ours"]) == first


def test_a_setting_of_ours_that_changes_is_changed_and_one_that_goes_is_gone() -> None:
    first = told({"dns": ["10.0.0.1"], "insecure-registries": ["old:5000"]})
    new = {**OURS, "log-opts": {"max-size": "20m", "max-file": "3"}, "insecure-registries": ["10.0.0.3:5000"]}
    daemon = told(first["daemon"], first["ours"], settings=new)["daemon"]
    assert daemon["log-opts"]["max-size"] == "20m"
    assert daemon["insecure-registries"] == ["old:5000", "10.0.0.3:5000"]
    assert daemon["dns"] == ["10.0.0.1"]


def test_a_setting_that_somebody_has_changed_since_is_theirs() -> None:
    first = told(None, found="none")
    changed = {**first["daemon"], "log-driver": "journald", "log-opts": {}}
    assert told(changed, first["ours"], found="distribution")["daemon"] == changed


def test_a_fleet_of_a_former_version_is_told_what_it_was() -> None:
    """It remembered nothing, and wrote the whole file."""
    former = {**OURS, "insecure-registries": []}
    decided = told(former, found="distribution")
    assert decided["daemon"] == OURS
    assert decided["ours"]["shared"] is False


def test_a_configuration_that_is_no_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        engine(OURS, [{"stdout": "{,}"}, {"stdout": "null"}], "other")


FACTS = {
    "Debian 12": {"distribution": "Debian", "distribution_version": "12.8"},
    "Debian 13": {"distribution": "Debian", "distribution_version": "13"},
    "Ubuntu 22.04": {"distribution": "Ubuntu", "distribution_version": "22.04"},
    "Ubuntu 24.04": {"distribution": "Ubuntu", "distribution_version": "24.04"},
}
"""As Ansible's `setup` answers on them."""


def evaluated(expression: str, **variables: Any) -> Any:
    """An expression of a role, with the filters and tests of Ansible that it uses."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.filters["ternary"] = lambda value, yes, no: yes if value else no
    environment.tests["version"] = lambda have, want, _: _parts(have) >= _parts(want)
    return environment.compile_expression(expression.strip().removeprefix("{{").removesuffix("}}"))(**variables)


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.mark.parametrize("host", FACTS)
def test_each_distribution_has_its_own_names_of_packages(host: str) -> None:
    said = yaml.safe_load((ROLES / "docker_engine" / "vars" / "main.yml").read_text(encoding="utf-8"))
    apart = evaluated(said["docker_engine_client_apart"], ansible_facts=FACTS[host])
    packages = evaluated(said["docker_engine_packages"], docker_engine_client_apart=apart)
    assert packages == ["docker.io", "iptables", *(["docker-cli"] if host == "Debian 13" else [])]


@pytest.mark.parametrize(
    ("facts", "fine"),
    [
        *((facts, True) for facts in FACTS.values()),
        ({"distribution": "Debian", "distribution_version": "11.9"}, False),
        ({"distribution": "Ubuntu", "distribution_version": "20.04"}, False),
        ({"distribution": "Fedora", "distribution_version": "41"}, False),
    ],
)
def test_a_host_is_refused_for_what_it_runs(facts: dict[str, str], fine: bool) -> None:
    tasks = yaml.safe_load((ROLES / "base" / "tasks" / "preflight.yml").read_text(encoding="utf-8"))
    oldest = yaml.safe_load((ROLES / "base" / "vars" / "main.yml").read_text(encoding="utf-8"))
    (refusal,) = [task["ansible.builtin.assert"]["that"] for task in tasks if "ansible.builtin.assert" in task]
    assert evaluated(refusal, ansible_facts=facts, **oldest) is fine

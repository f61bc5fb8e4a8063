"""Secrets are in files that the worker may read, and nowhere else."""

import json

import pytest

from tests.support import fleet

HOSTS = sorted(fleet.addresses())


def found_in(text: str) -> list[str]:
    """Names of the secrets that a text holds."""
    return [name for name, secret in fleet.secrets().items() if secret in text]


def test_every_secret_is_long_and_no_two_are_equal() -> None:
    values = list(fleet.secrets().values())
    assert len(values) == 11
    assert len(set(values)) == len(values)
    assert all(len(value) >= 40 for value in values)


@pytest.mark.parametrize("name", HOSTS)
def test_no_container_shows_a_secret_in_its_environment_arguments_or_labels(name: str) -> None:
    assert found_in(json.dumps(fleet.containers(name))) == []


@pytest.mark.parametrize("name", HOSTS)
def test_no_process_shows_a_secret_in_its_environment_or_arguments(name: str) -> None:
    shown = fleet.host(name).check_output("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'")
    assert shown
    assert found_in(shown) == []


@pytest.mark.parametrize("name", HOSTS)
def test_no_log_holds_a_secret(name: str) -> None:
    logs = fleet.host(name).check_output(
        "for one in $(docker ps --all --quiet); do docker logs $one 2>&1; done; journalctl --quiet --no-pager;"
        " cat /var/log/warmline/*/*.log 2>/dev/null; zcat /var/log/warmline/*/*.gz 2>/dev/null; true"
    )
    assert logs
    assert found_in(logs) == []


@pytest.mark.parametrize("name", HOSTS)
def test_no_image_holds_a_secret(name: str) -> None:
    history = fleet.host(name).check_output("docker image ls --quiet | xargs -r docker image inspect")
    assert found_in(history) == []


@pytest.mark.parametrize("name", ["agent-1", "agent-2"])
def test_a_workers_secrets_are_for_its_group_alone_and_mounted_read_only(name: str) -> None:
    files = "/etc/warmline/agent/releases/*/secrets/* /etc/warmline/agent/keys/issued.json"
    listed = fleet.host(name).check_output(f"stat --format '%U %g %a %n' {files}")
    assert {line.rsplit(" ", 1)[0] for line in listed.splitlines()} == {"root 10001 640"}
    mounts = fleet.containers(name)[fleet.slot(name, 1)["container"]]["Mounts"]
    assert {mount["Destination"]: mount["RW"] for mount in mounts} == {
        "/etc/warmline": False,
        "/etc/warmline-keys": False,
    }


def test_the_key_file_holds_digests() -> None:
    folder = f"/etc/warmline/agent/releases/{fleet.slot('agent-1', 1)['release']}"
    keys = json.loads(fleet.host("agent-1").file(f"{folder}/api_keys.json").content_string)
    assert {key["organisation"] for key in keys} == set(fleet.ORGANISATIONS)
    assert found_in(json.dumps(keys)) == []


def test_secrets_on_this_machine_are_for_their_owner_alone() -> None:
    for folder in ("secrets", "keys"):
        assert oct((fleet.STATE / folder).stat().st_mode)[-3:] == "700"
        assert {oct(path.stat().st_mode)[-3:] for path in (fleet.STATE / folder).iterdir()} == {"600"}
    assert oct((fleet.STATE / "tls").stat().st_mode)[-3:] == "700"
    assert {oct(path.stat().st_mode)[-3:] for path in (fleet.STATE / "tls").glob("*.key")} == {"600"}
    assert oct((fleet.STATE / "ssh_key").stat().st_mode)[-3:] == "600"

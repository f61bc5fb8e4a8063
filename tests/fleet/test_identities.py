"""Each service is somebody of its own on its host: nobody else reads its secrets or its data."""

import shlex

import pytest

from tests.support import fleet

HOSTS = sorted(fleet.addresses())
PLACES = "/etc/warmline /var/lib/warmline"


def secret_files(name: str) -> dict[str, str]:
    """The files of ours on a host that not everybody may read, or that hold a secret: file → its group's number."""
    patterns = shlex.quote("\n".join(fleet.secrets().values()))
    held = f"printf %s {patterns} | grep --recursive --files-with-matches --fixed-strings --file - {PLACES}"
    closed = f"find {PLACES} -type f -not -perm -o=r"
    reached = f"find {PLACES} -type d -not -perm -o=x -print0 | xargs -0 -r -I@ find @ -type f"
    found = fleet.host(name).check_output(f"{{ {held}; {closed}; {reached}; }} | sort -u | xargs -r stat -c '%g %n'")
    return {path: group for group, path in (line.split(" ", 1) for line in found.splitlines())}


def read_by(name: str, uid: str, paths: list[str]) -> set[str]:
    """Which of the files a process with that number, and no other group, can open."""
    program = 'for path; do head -c 1 "$path" >/dev/null 2>&1 && echo "$path"; done; true'
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sh", "-c", program, "sh", *paths]
    return set(fleet.host(name).check_output(shlex.join(command)).splitlines())


@pytest.mark.parametrize("name", HOSTS)
def test_whoever_owns_something_is_nobody_that_the_host_knows(name: str) -> None:
    owners = fleet.host(name).check_output(f"find {PLACES} -printf '%U\\n%G\\n' | sort -un").split()
    known = fleet.host(name).check_output("getent passwd; getent group").splitlines()
    numbers = {line.split(":")[2] for line in known} - {"0"}
    assert set(owners) - {"0"} or name.startswith("edge-")  # whose files are all root's
    assert numbers.isdisjoint(owners)


def test_no_two_services_run_as_the_same() -> None:
    numbers = [10001, *fleet.uids().values()]
    assert len(set(numbers)) == len(numbers)
    assert all(10000 <= number < 60000 for number in numbers)


@pytest.mark.parametrize("name", HOSTS)
def test_the_host_exporter_can_open_no_file_that_is_somebodys_secret(name: str) -> None:
    """From within its container, which sees all of the host."""
    files = secret_files(name)
    program = 'for path; do cat "/host$path" >/dev/null 2>&1 && echo "$path"; done; true'
    command = ["docker", "exec", "warmline-node-exporter", "sh", "-c", program, "sh", *files, "/etc/hostname"]
    assert fleet.host(name).check_output(shlex.join(command)) == "/etc/hostname"


@pytest.mark.parametrize("name", HOSTS)
def test_a_service_can_open_its_own_secrets_and_nobody_elses(name: str) -> None:
    files = secret_files(name)
    groups = {path: group for path, group in files.items() if group != "0"}
    for uid in {"10001", *map(str, fleet.uids().values()), "999", "65534"}:
        own = {path for path, group in groups.items() if group == uid}
        assert read_by(name, uid, list(files)) <= own, uid

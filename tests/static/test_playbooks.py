"""The playbooks that `make` runs (`ansible/*.yml`), their parts (`ansible/playbooks`), and what roles may do."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.processes import ROOT
from tests.support.tree.repository import tracked

ANSIBLE = ROOT / "ansible"
DOORS = sorted(ANSIBLE.glob("*.yml"))
IMPORT = "ansible.builtin.import_playbook"


def plays(playbook: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(playbook.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_playbook_that_make_runs_is_nothing_but_three_imports_at_most(door: Path) -> None:
    """A play of its own would not see the variables beside the parts, and Ansible would not say so."""
    imported = [play.get(IMPORT) for play in plays(door)]
    assert 1 <= len(imported) <= 3
    assert all(part and (ANSIBLE / part).parent == ANSIBLE / "playbooks" for part in imported)


def test_make_runs_these_playbooks_and_no_part_of_them() -> None:
    makefiles = "".join(path.read_text(encoding="utf-8") for path in tracked("Makefile", "*.mk"))
    assert {*re.findall(r"\$\(PLAYBOOKS\)/(\S+)", makefiles)} == {door.name for door in DOORS}


def test_every_part_is_imported() -> None:
    parts = {*(ANSIBLE / "playbooks").glob("*.yml")}
    assert {
        (playbook.parent / play[IMPORT]).resolve()
        for playbook in [*DOORS, *parts]
        for play in plays(playbook)
        if IMPORT in play
    } == parts


def test_every_container_of_a_service_is_run_by_the_role_that_hardens_it() -> None:
    """A host that is a container, and its registry, are not hardened: they are the lab's."""
    made = re.compile(r"docker_container:\n(?: +.*\n)*? +image:")
    files = [path for path in tracked("ansible/*.yml") if made.search(path.read_text(encoding="utf-8"))]
    assert {path.relative_to(ANSIBLE / "roles").parts[0] for path in files} == {"container", "lab"}

"""What a container may take can be raised while it runs."""

from typing import Any

import jinja2
import pytest
import yaml

from tests.support.tree.roles import ROLES

MODULE = "community.docker.docker_container"
OMIT = "nothing is said"


def options(role: str) -> dict[str, Any]:
    """What the role says of its container."""
    tasks = yaml.safe_load((ROLES / role / "tasks" / "run.yml").read_text(encoding="utf-8"))
    found: dict[str, Any]
    (found,) = (task["vars"] for task in tasks if task.get("ansible.builtin.import_role") == {"name": "container"})
    return found


def limits(role: str, mib: int) -> tuple[str, str]:
    """Memory, and memory and swap, of the role's container, where so many MiB follow from its settings."""
    (run,) = yaml.safe_load((ROLES / "container" / "tasks" / "run.yml").read_text(encoding="utf-8"))
    variables = {"redis_maxmemory_mib": mib, "nginx_limits": {"memory_mib": mib}}
    said = {"container_memory_grows": False, **options(role), "omit": OMIT}
    said["container_memory_mib"] = jinja2.Template(str(said["container_memory_mib"])).render(variables)
    memory, swap = (jinja2.Template(run[MODULE][name]).render(said) for name in ("memory", "memory_swap"))
    return memory, swap


@pytest.mark.parametrize("role", ["nginx", "redis"])
def test_swap_grows_with_memory_that_follows_from_a_variable(role: str) -> None:
    """Docker gives a running container no more memory than it had memory and swap: twice as much, unless told."""
    for mib in (64, 2048):
        memory, swap = limits(role, mib)
        assert int(swap.removesuffix("m")) == 2 * int(memory.removesuffix("m"))


def test_swap_that_nobody_changes_is_left_to_docker() -> None:
    """Said for a container that runs without, it would make that container anew."""
    assert limits("prometheus", 64) == ("512m", OMIT)

"""What a container may take can be raised while it runs."""

import jinja2
import pytest
import yaml

from tests.support.tree.roles import ROLES

MODULE = "community.docker.docker_container"


@pytest.mark.parametrize("role", ["nginx", "redis"])
def test_swap_grows_with_memory_that_follows_from_a_variable(role: str) -> None:
    """Docker gives a running container no more memory than it had memory and swap: twice as much, unless told."""
    tasks = yaml.safe_load((ROLES / role / "tasks" / "run.yml").read_text(encoding="utf-8"))
    (run,) = (task[MODULE] for task in tasks if MODULE in task)
    for mib in (64, 2048):
        variables = {"redis_maxmemory_mib": mib, "nginx_limits": {"memory_mib": mib}}
        memory, swap = (jinja2.Template(run[name]).render(variables) for name in ("memory", "memory_swap"))
        assert int(swap.removesuffix("m")) == 2 * int(memory.removesuffix("m"))

"""What Redis lets workers do is what they do."""

import re

from tests.support.processes import ROOT
from tests.support.redis import INTRODUCTION, commands

SENT = (
    r"redis\.call\(\s*'([A-Z]+)'",  # in a script
    r"\.(?:call|send|_post)\(\s*\"((?!SCRIPT)[A-Z]+)\"",
    r"\.(?:call|send|_post)\(\s*\"(SCRIPT\", \"[A-Z]+)\"",  # of these Redis allows each by itself
    r"\bcommand = \(\"([A-Z]+)\"",
)


def sent() -> set[str]:
    """Every command that the workers' sources name."""
    folders = [ROOT / "agent" / package for package in ("warmline", "warmline_cache")]
    sources = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")]
    return {name.lower().replace('", "', "|") for text in sources for form in SENT for name in re.findall(form, text)}


def test_workers_may_send_each_command_that_they_do() -> None:
    assert sent() - {*commands()} == set(), "missing in fleet_redis_commands of group_vars/redis.yml"


def test_workers_may_send_no_command_that_they_do_not() -> None:
    assert {*commands()} - sent() == {INTRODUCTION}, "fleet_redis_commands of group_vars/redis.yml allows more"

"""A key is issued and revoked while the fleet serves: workers know within a second, and nothing is deployed."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.support import fleet
from tests.support.fleet import Edge, operations
from tests.support.fleet.rollouts import serving
from tests.support.time.wait import until

pytestmark = pytest.mark.timeout(300)


def test_a_key_is_issued_and_revoked_without_a_deploy(edge: Edge) -> None:
    before = serving()
    said = operations.done(operations.make("key", ORGANISATION="sahyadri"))
    (name,) = re.findall(r"^sahyadri has a key more, in (\S+)$", said, re.MULTILINE)
    file = Path(name)
    key = file.read_text(encoding="utf-8").strip()
    try:
        assert key not in said
        until(lambda: answers(edge, key) == {200}, seconds=5, what="every worker to know the key")
    finally:
        name = hashlib.sha256(key.encode()).hexdigest()[:8]
        operations.done(operations.make("key", REVOKE=name))
        file.unlink()
    until(lambda: answers(edge, key) == {401}, seconds=5, what="every worker to refuse it")
    assert name not in operations.done(operations.make("key"))
    assert serving() == before
    said = operations.done(operations.make("history"))
    assert "issue key of sahyadri" in said
    assert f"revoke key {name}" in said


def answers(edge: Edge, key: str) -> set[int]:
    """What callers of every slot hear who have that key."""
    path, asked = "/v1/agents/reception/answer", {"text": "Are you open?"}
    lines = [{"Authorization": f"Bearer {key}", "X-Forwarded-For": caller} for caller in fleet.callers(24)]
    return {edge.ask("GET", path, params=asked, headers=headers).status_code for headers in lines}


def test_a_name_that_no_key_has_is_refused_and_nothing_changes() -> None:
    run = operations.make("key", REVOKE="00000000")
    assert run.returncode != 0
    assert "No valid key is called 00000000: make key lists them" in run.stderr

"""What an operator sees before a deploy: one table of all hosts, in which staging has nothing to mend."""

import re
from functools import cache

from tests.support import fleet
from tests.support.fleet import operations


@cache
def looked() -> str:
    """The output of `make preflight`."""
    return operations.done(operations.make("preflight"))


def test_every_host_has_its_line_and_nothing_is_to_be_mended() -> None:
    rows = {line.split()[0]: line for line in looked().splitlines() if line.strip()}
    assert rows.keys() >= {*fleet.addresses()}
    assert not re.search(r"FAIL|warn|! |\? ", looked())
    for name, address in fleet.addresses().items():
        assert rows[name].split()[1:3] == ["ok", "ok"]
        assert address in rows[name]
        assert "docker.io" in rows[name]


def test_the_table_shows_no_secret() -> None:
    shown = looked()
    written = (fleet.STATE / "preflight.txt").read_text() + (fleet.STATE / "preflight.log").read_text()
    assert [name for name, secret in fleet.secrets().items() if secret in written + shown] == []

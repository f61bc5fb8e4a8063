"""Imports point one way: api → session → services → cache, upstream. app.py joins them; simulators import nothing."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.processes import ROOT

PACKAGE = ROOT / "agent" / "warmline"
COMMON = {"errors", "warmline"}
ALLOWED = {
    "cache": {"cache", *COMMON},
    "pool": {"pool", *COMMON},
    "budget": {"pool", "cache", *COMMON},  # provides on the cache's Redis what the pool asks for in its ports
    "pool_metrics": {"pool"},
    "cache_metrics": {"cache"},
    "background": set(),
    "lag": {"background"},
    "watch": {"background", "cache"},
    "request": set(),
    "upstream": {"upstream", "pool", *COMMON},
    "services": {"services", "cache", "upstream", *COMMON},
    "session": {"session", "services", "cache", "upstream", *COMMON},
    "api": {"api", "session", "services", "cache", "metrics", "request", *COMMON},
    "simulators": {"simulators"},
    "traces": {"traces", "services", *COMMON},  # of the services, how questions are normalised
    "planner": {"planner", "traces", "services", "cache", "settings", *COMMON},
    "tuner": {"tuner", "planner", "traces", "services", "cache", "settings", *COMMON},
    "study": {"study", "tuner", "planner", "traces", "services", "settings", *COMMON},
    "errors": set(),
    "metrics": {"cache", "request"},
    "money": {"services"},
    "settings": {"cache", *COMMON},
    "logs": {"log_writer"},
    "log_writer": set(),
    "log_metrics": set(),
    "connection": {"connection"},
    "serve": {"connection"},
    "health": set(),
    "warm": set(),
    "trust": set(),
    "probe": {"trust"},
    "talk": {"trust"},
    "invalidate": {"cache", "settings", *COMMON},
}
DASHBOARDS = {
    "boards": {"boards"},
    "generate": {"boards"},
    "contract": set(),
    "expressions": set(),
    "lint": {"contract", "expressions"},
    "check": {"contract"},  # these two run without what makes boards and reads PromQL
    "draw": {"check", "contract"},
}


def imported(file: Path) -> set[str]:
    """The parts of our package that a file imports, at whatever depth."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                f"{node.module}.{alias.name}" if node.module == "warmline" else node.module for alias in node.names
            }
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    parts = [name.split(".") for name in names if name.split(".")[0] == "warmline"]
    known = {path.stem for path in PACKAGE.iterdir()}
    return {part[1] if len(part) > 1 and part[1] in known else "warmline" for part in parts}


@pytest.mark.parametrize("part", ALLOWED)
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    folder = PACKAGE / part
    files = folder.rglob("*.py") if folder.is_dir() else [PACKAGE / f"{part}.py"]
    for file in files:
        assert imported(file) <= ALLOWED[part], file


@pytest.mark.parametrize("part", DASHBOARDS)
def test_what_makes_and_checks_boards_imports_only_what_is_below_it(part: str) -> None:
    folder = ROOT / "dashboards" / part
    files = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
    for file in files:
        names = re.findall(r"^from dashboards\.(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(names) <= DASHBOARDS[part], file


def test_every_part_is_ruled_on() -> None:
    parts = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
    }
    assert parts == {*ALLOWED, "app", "wiring", "__init__", "__main__"}

"""Imports point one way: studies → worker → cache core; and down the layers of each. The simulators know nobody."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.processes import ROOT

AGENT = ROOT / "agent"
BELOW = {
    "warmline_cache": [],
    "warmline": ["warmline_cache"],
    "warmline_studies": ["warmline", "warmline_cache"],
    "warmline_simulators": [],
}
LAYERS = {  # of each package, the highest first: a part imports what is below it, and none beside it
    "warmline_cache": [
        "__init__",
        "worker",
        "alone overview rehearsal",
        "streams",
        "layered",
        "loading",
        "invalidation origin shared turns",
        "behind blame flight surroundings",
        "events store tally",
        "entry fair fence key memory policy redis",
        "errors",
    ],
    "warmline": [
        "__main__",
        "app",
        "wiring",
        "api",
        "commands",
        "settings",
        "session warming",
        "services",
        "telemetry upstream",
        "accounts connection pool",
        "__init__ background caches errors",
    ],
    "warmline_studies": ["__main__", "commands", "tuner", "planner", "charts traces", "__init__"],
    "warmline_simulators": [
        "__main__",
        "arguments",
        "convex pager sarvam",
        "calls faults search server",
        "__init__ abortable",
    ],
}
DASHBOARDS = {
    "objectives": set(),
    "boards": {"boards", "objectives"},
    "generate": {"boards", "contract"},
    "contract": set(),
    "expressions": set(),
    "lint": {"contract", "expressions"},
    "check": {"contract"},  # these two run without what makes boards and reads PromQL
    "draw": {"check", "contract"},
}


def part_of(module: str, name: str) -> tuple[str, str]:
    """The package and the part of it that `from module import name` reaches."""
    package, *rest = f"{module}.{name}".split(".")
    found = AGENT / package / rest[0]
    return package, rest[0] if found.is_dir() or found.with_suffix(".py").exists() else "__init__"


def imported(file: Path) -> set[tuple[str, str]]:
    """The parts of our packages that a file imports, at whatever depth."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in whole if name.split(".")[0] in LAYERS], f"{file} imports a package of ours whole"
    pairs = [(str(node.module), alias.name) for node in froms for alias in node.names]
    return {part_of(module, name) for module, name in pairs if module.split(".")[0] in LAYERS}


@pytest.mark.parametrize(
    ("package", "height"), [(package, height) for package in LAYERS for height in range(len(LAYERS[package]))]
)
def test_a_part_imports_only_what_is_below_it(package: str, height: int) -> None:
    below = {part for layer in LAYERS[package][height + 1 :] for part in layer.split()}
    for part in LAYERS[package][height].split():
        folder = AGENT / package / part
        for file in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
            others = imported(file) - {(package, part)}
            assert {name for owner, name in others if owner == package} <= below, file
            assert {owner for owner, _ in others} <= {package, *BELOW[package]}, file


def test_what_asserts_does_not_rest_on_what_measures() -> None:
    for file in (ROOT / "tests").rglob("*.py"):
        folder = file.relative_to(ROOT / "tests").parts[:-1]
        measures = re.search(r"^\s*(from|import) tests\.measure", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert not measures or folder[0] == "measure" or folder == ("unit", "measure", folder[-1]), file
    assert not [*(ROOT / "tests" / "measure").rglob("test_*.py")]


def test_a_room_of_support_defines_no_name_that_one_of_its_modules_has() -> None:
    for face in (ROOT / "tests" / "support").glob("*/__init__.py"):
        named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        defined = {node.name for node in ast.parse(face.read_text(encoding="utf-8")).body if isinstance(node, named)}
        assert not defined & {path.stem for path in face.parent.glob("*.py")}, face  # the module would hide it


@pytest.mark.parametrize("part", DASHBOARDS)
def test_what_makes_and_checks_boards_imports_only_what_is_below_it(part: str) -> None:
    folder = ROOT / "dashboards" / part
    files = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
    for file in files:
        names = re.findall(r"^from dashboards\.(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(names) <= DASHBOARDS[part], file


def test_every_part_has_its_layer() -> None:
    for package, layers in LAYERS.items():
        parts = {path.stem for path in (AGENT / package).iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
        assert parts == {part for layer in layers for part in layer.split()}, package

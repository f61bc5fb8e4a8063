"""Documents lead somewhere: every link has its file and its heading, every command that they name is there."""

import re
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.tree.documents import anchors, broken_links, links, make_targets, paths
from tests.support.tree.repository import tracked

DOCUMENTS = tracked("*.md")
DECISIONS = tracked("docs/decisions/0*.md")
MAKEFILES = tracked("Makefile", "*.mk")
HISTORY = {"CHANGELOG.md"}  # says what commands were called when they came


def linked_pages(document: Path) -> list[Path]:
    paths = [link.partition("#")[0] for link in links(document.read_text(encoding="utf-8"))]
    return [(document.parent / path).resolve() for path in paths if (document.parent / path).suffix == ".md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert list(broken_links(document, ROOT)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_a_document_names_is_there(document: Path) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in MAKEFILES)
    there = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
    assert document.name in HISTORY or make_targets(document.read_text(encoding="utf-8")) <= there


def test_every_decision_is_in_the_index_once() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert sorted(links(index)) == [path.name for path in DECISIONS]


def test_every_page_of_docs_is_reached_by_links_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document not in reached:
            reached.add(document)
            waiting += [page for page in linked_pages(document) if page.exists()]
    assert [str(path.relative_to(ROOT)) for path in tracked("docs/*.md") if path not in reached] == []


@pytest.mark.parametrize("recipe", tracked("docs/extend/*.md"), ids=lambda path: str(path.stem))
def test_every_file_that_a_recipe_names_is_there(recipe: Path) -> None:
    named = paths(
        recipe.read_text(encoding="utf-8"), {"agent", "ansible", "dashboards", "docker", "docs", "nginx", "tests"}
    )
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[there](b.md)", []),
        ("[there](b.md#two-words)", []),
        ("[here](#own)\n\n# Own", []),
        ("[elsewhere](https://example.test/b.md#nothing)", []),
        ("`[code](gone.md)`\n\n    [code](gone.md)\n", []),
        ("[gone](gone.md)", ["gone.md"]),
        ("![gone](gone.png)", ["gone.png"]),
        ("[no heading](b.md#three)", ["b.md#three"]),
        ("[out of the repository](../../other.md)", ["../../other.md"]),
        ("| a |\n|---|\n| [gone](gone.md) |", ["gone.md"]),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, text: str, broken: list[str]) -> None:
    (tmp_path / "b.md").write_text("# Two words\n", encoding="utf-8")
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    assert list(broken_links(tmp_path / "a.md", tmp_path)) == broken


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("The speech provider's limits", "the-speech-providers-limits"),
        ("`agents:list`, and more", "agentslist-and-more"),
        ("From 0.1", "from-01"),
        ("A [link](b.md)", "a-link"),
    ],
)
def test_an_anchor_is_named_as_github_names_it(heading: str, name: str) -> None:
    assert anchors(f"# {heading}\n\n## {heading}\n") == {name, f"{name}-1"}


def test_commands_are_read_from_code_and_not_from_prose() -> None:
    text = "We make things. `make deploy ENV=x`, `cd . && make plan`\n\n    make test  # all\n\n```json\nmake no\n```\n"
    assert make_targets(text) == {"deploy", "plan", "test"}


def test_paths_are_read_from_code_and_not_from_prose() -> None:
    text = "agent/no.py, `agent/one.py`, `docs/<page>.md`, `make agent/no.py`, `other/two.py`\n\n    agent/no.py\n"
    assert paths(text, {"agent", "docs"}) == {"agent/one.py"}

"""Which image is used, and when it is made anew. That they can be built is shown by tests/fleet."""

import shutil
from pathlib import Path

import pytest

from docker import build
from warmline import __version__

BASE = "warmline/base:debian-000000000000"


def image(name: str) -> build.Image:
    return next(one for one in build.catalogue() if one.name == name)


def test_the_base_is_made_first() -> None:
    assert build.catalogue()[0].name == "base"


def test_every_image_that_is_built_has_a_folder_and_every_folder_an_image() -> None:
    folders = {path.name for path in build.HERE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert {one.name for one in build.catalogue() if one.stand_in} == folders


def test_what_has_no_stand_in_is_used_only_if_it_could_be_pulled() -> None:
    grafana = image("grafana")
    assert build.chosen(grafana, BASE, {grafana.pulled}) == grafana.pulled
    assert build.chosen(grafana, BASE, {"warmline/grafana:debian-000000000000"}) is None


class NoRegistry(build.Engine):
    """An engine on a machine that has every image but those without a stand-in, and no registry to ask."""

    def present(self) -> set[str]:
        """See `build.Engine`."""
        return {one.pulled for one in build.catalogue() if one.stand_in}

    def pull(self, official: str, name: str) -> str | None:
        """See `build.Engine`."""
        return "no such host"


def test_a_fleet_goes_without_what_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "CACHE", tmp_path)
    build.build(NoRegistry())
    assert set(build.built()) == {one.key for one in build.catalogue() if one.stand_in}
    assert "left out  it has no stand-in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("package", "moved"),
    [
        ("warmline", {"agent"}),
        ("warmline_cache", {"agent"}),
        ("warmline_simulators", {"simulator"}),
        ("warmline_studies", set()),
    ],
)
def test_a_change_makes_a_release_of_what_runs_it_and_of_nothing_else(
    package: str, moved: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "AGENT", shutil.copytree(build.AGENT, tmp_path / "agent"))
    before = {one.name: one.built(BASE) for one in build.catalogue()}
    with (tmp_path / "agent" / package / "__init__.py").open("a") as file:
        file.write("# another colour\n")
    assert {one.name for one in build.catalogue() if one.built(BASE) != before[one.name]} == moved


def test_official_images_are_pinned_by_digest() -> None:
    official = [one.official for one in build.catalogue() if one.official]
    assert official
    assert all("@sha256:" in name and len(name.rpartition(":")[2]) == 64 for name in official)


def test_an_official_image_that_is_there_is_preferred_to_a_stand_in() -> None:
    redis = image("redis")
    both = {redis.pulled, redis.built(BASE)}
    assert build.chosen(redis, BASE, both) == redis.pulled
    assert build.chosen(redis, BASE, {redis.built(BASE)}) == redis.built(BASE)


def test_an_image_of_another_tree_or_another_base_is_not_used() -> None:
    redis = image("redis")
    assert build.chosen(redis, BASE, {"warmline/redis:debian-111111111111"}) is None
    assert build.chosen(redis, "warmline/base:other", {redis.built(BASE)}) is None


def test_a_stand_in_does_not_claim_the_official_version() -> None:
    assert image("prometheus").built(BASE).startswith("warmline/prometheus:debian-")
    assert image("agent").built(BASE).startswith(f"warmline/agent:{__version__}-")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_text("1")
    (tmp_path / "a" / "two").write_text("2")
    return tmp_path / "a"


def test_the_digest_changes_with_content_name_mode_and_salt_and_with_nothing_else(tree: Path) -> None:
    found = [build.digest([tree], "")]

    def differs() -> bool:
        found.append(build.digest([tree], ""))
        return found[-1] not in found[:-1]

    assert build.digest([tree], "") == found[0]
    assert build.digest([tree], "salt") != found[0]
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "x.pyc").touch()
    assert build.digest([tree], "") == found[0]
    (tree / "one").write_text("one")
    assert differs()
    (tree / "one").rename(tree / "uno")
    assert differs()
    (tree / "uno").chmod(0o755)
    assert differs()
    (tree / "two").unlink()
    assert differs()


DIGEST = "sha256:" + "ab" * 32


def said(tag: str) -> str:
    """What the engine says of a push."""
    layers = f"The push refers to repository [r/warmline/nginx]\n{'cd' * 6}: Layer already exists\n"
    return f"{layers}{tag}: digest: {DIGEST} size: 1778\n"


def test_hosts_are_told_of_an_image_by_its_digest_at_the_registry_that_they_reach() -> None:
    told = build.reference("warmline/nginx:1.26.3", said("1.26.3"), push="127.0.0.1:5050", pull="10.0.0.2:5000")
    assert told == f"10.0.0.2:5000/warmline/nginx@{DIGEST}"


def test_a_registry_with_a_path_keeps_it() -> None:
    where = "registry.example.com/voice"
    told = build.reference("warmline/agent:0.1.0-1", said("0.1.0-1"), push=where, pull=where)
    assert told == f"{where}/warmline/agent@{DIGEST}"


@pytest.mark.parametrize("push", ["", said("2"), "1: digest: sha256:none size: 1\n"])
def test_a_registry_that_says_no_digest_stops_the_deploy(push: str) -> None:
    with pytest.raises(SystemExit, match="said no digest"):
        build.reference("warmline/nginx:1", push, push="r", pull="r")

"""Which images a host lets go of after a deploy."""

from typing import Any

import pytest

from tests.support.tree import plugins

images = plugins.load("filter", "images")
REGISTRY = "10.0.0.2:5000"
NOW = f"{REGISTRY}/warmline/agent@sha256:{'aa' * 32}"


def image(identity: str, *tags: str, digests: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"Id": identity, "RepoTags": [*tags], "RepoDigests": [*digests]}


def removed(*listed: dict[str, Any], used: tuple[str, ...] = ()) -> list[str]:
    """Ids of those that go, where containers were made of the `used` ones."""
    found = images.unneeded(listed, [{"ImageID": one} for one in used], [NOW])
    return [one["id"] for one in found]


def test_an_image_of_which_no_container_is_goes() -> None:
    assert removed(image("1", digests=(f"{REGISTRY}/warmline/agent@sha256:{'bb' * 32}",))) == ["1"]
    assert removed(image("1", f"{REGISTRY}/warmline/agent:0.1.0-ab")) == ["1"]


def test_that_of_any_container_stays_also_of_one_that_waits_for_a_rollback() -> None:
    assert removed(image("1", f"{REGISTRY}/warmline/agent:0.1.0-ab"), used=("1",)) == []


def test_what_is_to_be_had_now_stays_though_nothing_runs_it_yet() -> None:
    assert removed(image("1", digests=(NOW,))) == []


@pytest.mark.parametrize(
    "name",
    [
        "debian:trixie",
        "warmline/agent:0.1.0-ab",  # not from the fleet's registry
        "10.0.0.2:5001/warmline/agent:1",
        f"{REGISTRY}/warmline/agent-of-theirs:1",
        f"{REGISTRY}/theirs:1",
        "10.0.0.2/warmline/agent:1",
    ],
)
def test_other_peoples_images_stay(name: str) -> None:
    assert removed(image("1", name)) == []
    assert removed(image("1", name, f"{REGISTRY}/warmline/agent:old")) == []


def test_what_has_no_name_is_nobodys_that_we_know() -> None:
    assert removed(image("1"), image("2", "<none>:<none>", digests=("<none>@<none>",))) == []
    assert removed({"Id": "3", "RepoTags": None, "RepoDigests": None}) == []


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        (NOW, f"{REGISTRY}/warmline/agent"),
        (f"{REGISTRY}/warmline/agent:1", f"{REGISTRY}/warmline/agent"),
        (f"{REGISTRY}/warmline/agent:1@sha256:aa", f"{REGISTRY}/warmline/agent"),
        (f"{REGISTRY}/warmline/agent", f"{REGISTRY}/warmline/agent"),
        ("debian:trixie", "debian"),
    ],
)
def test_a_registrys_port_is_no_tag(reference: str, repository: str) -> None:
    assert images.repository(reference) == repository

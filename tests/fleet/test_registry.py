"""What hosts run is what this machine has published, whoever in the fleet would like it otherwise."""

import json

import pytest

from tests.support import fleet

HOSTS = sorted(fleet.addresses())
IMAGES: dict[str, str] = json.loads((fleet.STATE / "images.json").read_text(encoding="utf-8"))
REGISTRY = IMAGES["agent"].split("/")[0]
PORT_OF_PUSHES = 5050


def asked(command: str, name: str = "agent-1") -> str:
    """The status of an HTTP request from a host."""
    return str(
        fleet.host(name).check_output(f"curl --silent --output /dev/null --write-out '%{{http_code}}' {command}")
    )


@pytest.mark.parametrize("name", HOSTS)
def test_nobody_in_the_fleet_may_put_an_image_into_the_registry(name: str) -> None:
    base = f"http://{REGISTRY}/v2/warmline/agent"
    assert asked(f"{base}/tags/list", name) == "200"
    assert asked(f"--request POST {base}/blobs/uploads/", name) == "405"
    assert asked(f"--request PUT --data '{{}}' {base}/manifests/latest", name) == "405"
    assert asked(f"--request DELETE {base}/manifests/{IMAGES['agent'].partition('@')[2]}", name) == "405"


def test_nobody_in_a_container_either() -> None:
    """It shares its host's network."""
    program = (
        "import urllib.request as u, urllib.error as e\n"
        f"try: u.urlopen(u.Request('http://{REGISTRY}/v2/warmline/agent/blobs/uploads/', method='POST'))\n"
        "except e.HTTPError as error: print(error.code)"
    )
    container = fleet.slot("agent-1", 1)["container"]
    assert fleet.host("agent-1").check_output("docker exec %s python -c %s", container, program) == "405"


@pytest.mark.parametrize("name", HOSTS)
def test_the_registry_that_takes_images_answers_nobody_but_this_machine(name: str) -> None:
    gateway = fleet.addresses()[name].rpartition(".")[0] + ".1"
    for address in (gateway, REGISTRY.partition(":")[0]):
        assert not fleet.connects(name, address, PORT_OF_PUSHES)


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_runs_images_by_their_digests_so_that_another_of_the_same_name_is_refused(name: str) -> None:
    called = {one["Config"]["Image"] for one in fleet.containers(name).values() if one["State"]["Running"]}
    assert [one for one in called if not one.rpartition("@")[2].startswith("sha256:")] == []

"""The certificate that staging made for itself, and how the edge keeps it."""

import ssl

import httpx
import pytest

from tests.support import fleet
from tests.support.fleet import Edge

EDGES = sorted(fleet.groups()["edges"])
PLAIN = "http://127.0.0.1:8080"


def test_the_edge_is_vouched_for_by_stagings_authority_and_by_no_other(edge: Edge) -> None:
    assert edge.url.startswith("https://")
    assert edge.ask("GET", "/demo", follow_redirects=True).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{edge.url}/demo", verify=ssl.create_default_context())


@pytest.mark.parametrize("name", EDGES)
def test_every_edge_may_be_called_by_its_address(name: str) -> None:
    assert httpx.get(f"https://{fleet.addresses()[name]}/none", verify=fleet.trust()).status_code == 404


def test_who_comes_over_http_is_sent_on_with_path_and_query(edge: Edge) -> None:
    sent = httpx.get(f"{PLAIN}/v1/agents/reception/answer?text=a%20b")
    assert (sent.status_code, sent.headers["location"]) == (308, f"{edge.url}/v1/agents/reception/answer?text=a%20b")


def test_a_browser_is_not_told_to_insist_on_a_certificate_of_our_own_making(edge: Edge) -> None:
    assert "strict-transport-security" not in edge.ask("GET", "/demo", follow_redirects=True).headers


@pytest.mark.parametrize("name", EDGES)
def test_the_key_is_for_root_alone_and_mounted_read_only(name: str) -> None:
    listed = fleet.host(name).check_output(
        "stat --format '%U %a' /etc/warmline/nginx/tls /etc/warmline/nginx/tls/edge.pem"
    )
    assert listed.splitlines() == ["root 700", "root 600"]
    mounts = fleet.containers(name)["warmline-nginx"]["Mounts"]
    assert {mount["RW"] for mount in mounts if mount["Type"] == "bind"} == {False}

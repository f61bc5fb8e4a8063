"""A real Grafana with our provisioning, asked through its own API. Where its image cannot be had there is none."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import fleet
from tests.support.fleet import boards, grafana
from tests.support.processes import ROOT

BOARDS = sorted((ROOT / "dashboards" / "json").glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return board


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Grafana as an operator opens it: through SSH."""
    if not fleet.has_grafana():
        absent = "no registry had Grafana's image when the fleet was deployed"
        (pytest.fail if os.environ.get("WARMLINE_GRAFANA") == "required" else pytest.skip)(absent)
    with grafana.tunnel(tmp_path_factory.mktemp("ssh")) as url:
        yield url


@pytest.fixture(scope="module")
def admin(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, auth=(grafana.USER, grafana.password()), timeout=30) as client:
        yield client


@pytest.mark.parametrize("path", ["/api/search", "/api/datasources", "/api/org", "/api/dashboards/home"])
def test_without_the_password_nobody_is_let_in(url: str, path: str) -> None:
    assert httpx.get(f"{url}{path}").status_code == 401
    assert httpx.get(f"{url}{path}", auth=("admin", "admin")).status_code == 401


def test_provisioning_went_without_an_error(admin: httpx.Client) -> None:
    assert admin.get("/api/health").json()["database"] == "ok"
    log = fleet.host("monitor-1").check_output("docker logs warmline-grafana 2>&1").splitlines()
    assert [line for line in log if "level=error" in line and "provision" in line.lower()] == []
    assert [line for line in log if "level=error" in line and "dashboard" in line.lower()] == []


def test_its_data_source_reaches_prometheus(admin: httpx.Client) -> None:
    found = admin.get("/api/datasources/uid/prometheus").json()
    assert (found["readOnly"], found["jsonData"]["timeInterval"]) == (True, "5s")
    assert admin.get("/api/datasources/uid/prometheus/health").json()["status"] == "OK"


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_board_is_there_from_its_file_and_cannot_be_changed(admin: httpx.Client, path: Path) -> None:
    found = admin.get(f"/api/dashboards/uid/{read(path)['uid']}").json()
    assert found["meta"]["provisioned"]
    assert found["dashboard"]["title"] == read(path)["title"]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_query_of_a_board_is_answered(admin: httpx.Client, path: Path) -> None:
    failed = {
        (query.panel, query.expression): answer
        for query in boards.queries(read(path))
        if (answer := asked(admin, query))
    }
    assert failed == {}


def asked(admin: httpx.Client, query: boards.Query) -> str:
    """What Grafana says is wrong with a query; empty if it answers."""
    source = {"uid": "prometheus", "type": "prometheus"}
    how = {"instant": query.instant, "range": not query.instant, "intervalMs": 5000, "maxDataPoints": 200}
    body = {
        "queries": [{"refId": query.ref, "datasource": source, "expr": query.expression, **how}],
        "from": "now-15m",
        "to": "now",
    }
    answer = admin.post("/api/ds/query", json=body)
    result = answer.json().get("results", {}).get(query.ref, {})
    return str(result.get("error", "")) if answer.status_code == 200 and result else answer.text

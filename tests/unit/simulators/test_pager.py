"""The pager's file: what came, from whom, when, and never more than twice its limit."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from warmline_simulators.pager import Pager

ALERTS = [
    {"status": "firing", "labels": {"alertname": "WorkerDown", "slot": "a/1"}},
    {"status": "resolved", "labels": {"alertname": "WorkerDown", "slot": "a/2"}},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alerts.jsonl"


@pytest.fixture
async def pager(file: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Pager(file, most=1000, now=lambda: 42.0).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://pager") as client:
        yield client


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


async def test_each_alert_is_a_line_with_its_receiver_and_the_time(pager: httpx.AsyncClient, file: Path) -> None:
    assert (await pager.post("/page", json={"receiver": "page", "alerts": ALERTS})).status_code == 204
    assert lines(file) == [{"at": 42.0, "receiver": "page", **alert} for alert in ALERTS]
    assert (await pager.get("/_calls")).json() == {"page": 1}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"alerts": 1}', b'{"alerts": ["x"]}', b"\xff"])
async def test_what_is_no_webhook_is_refused_and_not_kept(pager: httpx.AsyncClient, file: Path, body: bytes) -> None:
    assert (await pager.post("/page", content=body)).status_code == 400
    assert lines(file) == []


async def test_the_file_is_bounded_and_the_newest_is_kept(pager: httpx.AsyncClient, file: Path) -> None:
    for number in range(100):
        await pager.post("/page", json={"alerts": [{"labels": {"alertname": f"Alert{number}"}}]})
    kept = [path.stat().st_size for path in file.parent.iterdir()]
    assert len(kept) == 2
    assert max(kept) < 1200
    assert lines(file)[-1]["labels"]["alertname"] == "Alert99"

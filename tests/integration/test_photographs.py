"""Boards are photographed where there is a real Grafana. Here something stands in for its pages: none can be had."""

import json
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.photographs.__main__ import CONTROLS, log_in, photograph
from tests.support.processes.chromium import Page

BOARD = {
    "uid": "warmline-x",
    "panels": [
        {"id": 1, "type": "row", "gridPos": {"y": 0, "h": 1}},
        {"id": 2, "type": "timeseries", "gridPos": {"y": 1, "h": 8}},
    ],
}
PANEL = '<section data-testid="data-testid Panel header Are callers happy?">'
LOADS = '<div aria-label="Panel loading bar"></div>'
DONE = "<script>setTimeout(() => { document.querySelector('[aria-label]').remove(); asked = 'drawn' }, 300)</script>"


class Pages(BaseHTTPRequestHandler):
    """Grafana's sign-in, and a board whose one panel takes a while; both as its HTTP API and its pages name them."""

    opened: list[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = (self.path, body) == ("/login", {"user": "admin", "password": "a secret"})
        self.send_response(200 if known else 401)
        if known:
            self.send_header("Set-Cookie", "grafana_session=known; Path=/; HttpOnly; SameSite=Lax")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        known = "grafana_session=known" in self.headers.get("Cookie", "")
        page = f"<title>board</title>{PANEL}{LOADS}</section>{DONE}" if known else "Log in first"
        self.opened.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Pages.opened = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    page = Page(tmp_path)
    yield page
    page.close()


def test_a_board_is_photographed_whole_once_nothing_loads_any_more(url: str, page: Page, tmp_path: Path) -> None:
    log_in(page, url, "a secret")
    photograph(page, url, BOARD, minutes=30, into=tmp_path / "board.png")
    assert page.value("asked") == "drawn"
    assert "/d/warmline-x?kiosk&theme=light&from=now-30m&to=now" in Pages.opened
    picture = (tmp_path / "board.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1552, 9 * 38 + 36 + 24 + CONTROLS)


def test_a_password_that_grafana_refuses_is_an_error_that_does_not_say_it(url: str, page: Page) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="401") as raised:
        log_in(page, url, "another secret")
    assert "another secret" not in str(raised.value)

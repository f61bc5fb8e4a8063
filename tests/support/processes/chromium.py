"""Debian's Chromium, headless, driven over its DevTools protocol: one page."""

import contextlib
import itertools
import json
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.support.processes import Process, free_port
from tests.support.time.wait import until

# Without the first four it does not run here as root; without the others it looks for hosts of its maker's.
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --disable-extensions --mute-audio"
).split()


class Page:
    """A browser with one page; `failures` holds what it complained about."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        options = [f"--remote-debugging-port={self.port}", f"--user-data-dir={folder / 'profile'}", *FLAGS]
        self.failures: list[str] = []
        self._numbers = itertools.count(1)
        self._stack = contextlib.ExitStack()
        process = Process(["chromium", *options, "about:blank"], log=folder / "chromium.log")
        self._stack.callback(process.stop)
        process.listening(self.port)
        self._devtools: ClientConnection = self._stack.enter_context(connect(self._address(), max_size=None))
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command's result; what the page complains about meanwhile is noted."""
        number = next(self._numbers)
        self._devtools.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self._devtools.recv(timeout=20))
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                found: dict[str, Any] = message["result"]
                return found
            self._note(message)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.shows("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """What an expression comes to in the page."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def shows(self, condition: str, *, seconds: float = 15) -> None:
        """Wait until an expression is true in the page."""
        until(lambda: self.value(f"Boolean({condition})"), seconds=seconds, what=f"a page where {condition}")

    def text(self, selector: str) -> str:
        """The text of all that matches, as it is shown."""
        found: str = self.value(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText).join('\\n')"
        )
        return found

    def click(self, selector: str) -> None:
        """A real click, in the middle of it."""
        box = self.value(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Type into a field, in place of what it holds."""
        self.value(f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", text=text)

    def press_enter(self) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
            )

    def close(self) -> None:
        self._stack.close()

    def _address(self) -> str:
        def page() -> str:
            targets = httpx.get(f"http://127.0.0.1:{self.port}/json/list").json()
            return next((target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"), "")

        return until(page, seconds=15, what="a page to drive")

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.failures.append(str(message["params"]["exceptionDetails"]))
            case "Log.entryAdded" if message["params"]["entry"]["level"] == "error":
                self.failures.append(str(message["params"]["entry"]))

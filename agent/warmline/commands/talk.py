"""A voice session in a terminal: type what the caller says, read what the agent says and who knew it how fast.

A line while the agent speaks interrupts it; an empty line only silences it. Lines from a pipe wait until the agent has
finished. When the connection is lost the session is resumed, wherever the edge sends it. Speaks
docs/integrate/sessions.md and knows nothing else of the worker.
"""

import asyncio
import contextlib
import json
import ssl
import struct
import sys
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from warmline.commands import ends
from warmline.commands import tls as trust
from warmline.commands.probe import HOPELESS

ATTEMPTS = 8
"""Connections tried, with growing pauses of half a minute together, before a session is given up."""

_HEADER = struct.Struct("<II")
_FINAL = 4000
"""Close codes from here on say that trying again would not help."""


def run(url: str, *, agent: str, key: str, save: Path | None, ca_file: Path | None) -> int:
    """Talk until the input ends or the agent is gone; 0 if the conversation was ended by us, else 1.

    Raises OSError, which says why, if no connection can be had.
    """
    talk = _Talk(url, agent, key, save, trust.context(ca_file), clock=time.perf_counter)
    if save is not None:
        save.open("ab").close()  # what cannot be written is said before anybody talks
    try:
        with trust.explain():
            return asyncio.run(talk.hold())
    except KeyboardInterrupt:
        return 0


class _Talk:
    def __init__(
        self,
        url: str,
        agent: str,
        key: str,
        save: Path | None,
        context: ssl.SSLContext,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._url = "ws" + url.rstrip("/").removeprefix("http") + "/v1/sessions"
        self._context = context if self._url.startswith("wss:") else None
        self._headers = {"Authorization": f"Bearer {key}"}
        self._agent = agent
        self._save = save
        self._recorder: wave.Wave_write | None = None
        self._clock = clock
        self._token: str | None = None
        self._heard = {"turn": 0, "samples": 0}
        self._asked_at: float | None = None
        self._lookups: dict[str, dict[str, Any]] = {}
        self._silent = asyncio.Event()
        self._all_typed = False
        self._closing = False
        self._lost: Exception | None = None

    async def hold(self) -> int:
        """The whole conversation, over as many connections as it takes."""
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        _read_lines(lines)
        failures = 0
        try:
            while failures < ATTEMPTS:
                await asyncio.sleep(min(8.0, 0.25 * 2**failures) if failures else 0)
                code = await self._connect(lines)
                if code >= _FINAL:
                    return 1
                if self._closing:
                    return 0
                failures = 0 if code else failures + 1
                print("  (the connection was lost; trying again)", flush=True)
        finally:
            if self._recorder is not None:
                self._recorder.close()
        why = "it closes every connection" if self._lost is None else ends.describe(self._lost)
        raise OSError(f"{self._url} cannot be reached: {why}")

    async def _connect(self, lines: asyncio.Queue[str | None]) -> int:
        """One connection, until it ends: its close code, 0 if no session was open on it."""
        try:
            async with connect(self._url, additional_headers=self._headers, ssl=self._context) as connection:
                opened = await self._converse(connection, lines)
                code = connection.close_code or 0
                if code >= _FINAL:
                    print(f"  (closed: {connection.close_reason})", flush=True)
        except ssl.SSLCertVerificationError:
            raise  # another try would meet the same certificate
        except InvalidStatus as error:
            if error.response.status_code in HOPELESS:
                raise OSError(f"{self._url} refuses: HTTP {error.response.status_code}") from error
            self._lost = error
            return 0
        except (OSError, InvalidHandshake) as error:
            self._lost = error
            return 0
        return code if opened or code >= _FINAL else 0

    async def _converse(self, connection: ClientConnection, lines: asyncio.Queue[str | None]) -> bool:
        """One connection, until it ends; whether a session was open on it."""
        opened = False
        token = self._token
        start = {"agent": self._agent} if token is None else {"resume": token, **self._heard}
        await self._send(connection, "open", **start)
        speaking = asyncio.create_task(self._speak(connection, lines))
        try:
            async for frame in connection:
                opened = True
                if isinstance(frame, bytes):
                    self._hear(frame)
                else:
                    self._read(json.loads(frame))
        except ConnectionClosed:
            pass
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        return opened

    async def _speak(self, connection: ClientConnection, lines: asyncio.Queue[str | None]) -> None:
        while True:
            if not sys.stdin.isatty():
                await self._silent.wait()
            line = None if self._all_typed else await lines.get()
            if line is None:
                self._all_typed = True
                await self._silent.wait()
                self._closing = True
                await self._send(connection, "close")
                return
            if line:
                await self._send(connection, "say", text=line)
            else:
                await self._send(connection, "interrupt")

    async def _send(self, connection: ClientConnection, kind: str, **fields: object) -> None:
        if kind in {"open", "say"}:
            self._asked_at = self._clock()
            self._silent.clear()
        await connection.send(json.dumps({"type": kind, **fields}))

    def _hear(self, frame: bytes) -> None:
        turn, first = _HEADER.unpack_from(frame)
        if self._asked_at is not None:
            took = (self._clock() - self._asked_at) * 1000
            layers = ", ".join(f"{name}={seen['layer']} {seen['ms']} ms" for name, seen in self._lookups.items())
            print(f"         first audio after {took:.1f} ms   {layers}", flush=True)
            self._asked_at = None
        self._heard = {"turn": turn, "samples": first + (len(frame) - _HEADER.size) // 2}
        if self._recorder is not None:
            self._recorder.writeframesraw(frame[_HEADER.size :])

    def _read(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "opened" | "resumed":
                self._welcome(message)
            case "greeting" | "answer":
                self._lookups = message["lookups"]
                print(f"  agent: {message['text']}", flush=True)
            case "audio-begin":
                self._lookups = {**self._lookups, **message["lookups"]}
            case "audio-end" | "interrupted":
                self._silent.set()
            case "error":
                print(f"  error: {message['message']} ({message['code']})", flush=True)
                self._silent.set()

    def _welcome(self, message: dict[str, Any]) -> None:
        kept = "" if message["resumable"] else ", which cannot be resumed"
        print(f"  ({message['type']}: {message['name']} on {message['slot']}{kept})", flush=True)
        self._token = message["token"] if message["resumable"] else None
        self._lookups = {}
        if self._save is not None and self._recorder is None:
            self._recorder = wave.open(str(self._save), "wb")  # noqa: SIM115  # closed by `hold`
            self._recorder.setparams((1, 2, message["sample_rate"], 0, "NONE", ""))


def _read_lines(lines: "asyncio.Queue[str | None]") -> None:
    """Lines of standard input, then None. A thread, for a terminal cannot be awaited; it dies with the process."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before the input
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line.strip())
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="standard input", daemon=True).start()

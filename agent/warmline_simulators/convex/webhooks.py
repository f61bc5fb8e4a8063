"""Telling the worker what an administrator has changed, as a scheduled action of the deployment would.

Signed after the Standard Webhooks specification (standardwebhooks.com): the headers `webhook-id`, `webhook-timestamp`
in unix seconds and `webhook-signature`, one `v1,<base64 HMAC-SHA-256>` of `{id}.{timestamp}.{body}` for each secret. A
retry keeps the id and is signed anew. Retried is what may yet succeed: no answer, 429 and 5xx.
"""

import asyncio
import base64
import hashlib
import hmac
import ssl
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import msgspec

from warmline_simulators.calls import Calls
from warmline_simulators.convex.deployment import DataChange
from warmline_simulators.convex.options import ConvexOptions

ATTEMPTS = 8
LONGEST_PAUSE = 30.0

Send = Callable[[str, dict[str, str], bytes], Awaitable[int | None]]
"""Posts body and headers to a URL: the answer's status, None without an answer."""


class WebhookSender:
    """Deliveries under way. `now` gives wall-clock seconds."""

    def __init__(self, options: ConvexOptions, *, send: Send, now: Callable[[], float], calls: Calls) -> None:
        self._url = options.webhook_url.rstrip("/")
        self._secrets = options.webhook_secrets
        self._pause = options.webhook_retry
        self._send = send
        self._now = now
        self._calls = calls
        self._deliveries: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """Deliveries that have not ended yet."""
        return len(self._deliveries)

    def announce(self, change: DataChange) -> None:
        """Begin to deliver; nothing if there is nobody to tell."""
        if self._url:
            delivery = asyncio.create_task(self._deliver(change), name=f"webhook {change.event}")
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)

    async def _deliver(self, change: DataChange) -> None:
        identity = f"msg_{uuid.uuid4().hex}"
        body = _body(change)
        for pause in self._pauses():
            await asyncio.sleep(pause)
            headers = signed(identity, int(self._now()), body, self._secrets)
            self._calls.add("webhook_attempts")
            status = await self._send(f"{self._url}/{change.event}", headers, body)
            if status is not None and 200 <= status < 300:
                self._calls.add("webhook_delivered")
                return
            if status is not None and status != 429 and status < 500:
                self._calls.add("webhook_refused")
                return
        self._calls.add("webhook_abandoned")

    def _pauses(self) -> Iterator[float]:
        """Seconds before each attempt."""
        yield 0.0
        for attempt in range(ATTEMPTS - 1):
            yield min(LONGEST_PAUSE, self._pause * 2**attempt)


def read_secrets(path: Path) -> tuple[bytes, ...]:
    """The secrets of a file, `whsec_<base64>` one a line."""
    try:
        lines = path.read_text(encoding="utf-8").split()
        return tuple(base64.b64decode(line.removeprefix("whsec_"), validate=True) for line in lines)
    except ValueError:
        raise ValueError(f"{path} holds something else than secrets: whsec_<base64>, one a line") from None


def signed(identity: str, timestamp: int, body: bytes, secrets: tuple[bytes, ...]) -> dict[str, str]:
    """The headers of one attempt."""
    content = f"{identity}.{timestamp}.".encode() + body
    signatures = [hmac.digest(secret, content, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode('ascii')}" for one in signatures),
        "content-type": "application/json",
    }


def poster(ca_file: Path | None = None) -> Send:
    """`Send` over a connection of its own, which may take ten seconds; https is held to the authorities in the file."""
    text = ca_file.read_text(encoding="ascii", errors="ignore") if ca_file else None
    try:
        context = ssl.create_default_context(cadata=text)
    except ssl.SSLError:
        raise ValueError(f"{ca_file} holds no certificate: name a PEM file") from None

    async def post(url: str, headers: dict[str, str], body: bytes) -> int | None:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
                http.post(url, data=body, headers=headers, ssl=context) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None

    return post


def _body(change: DataChange) -> bytes:
    names = {"organisation": change.organisation, "agent": change.agent}
    return msgspec.json.encode({name: value for name, value in names.items() if value is not None})

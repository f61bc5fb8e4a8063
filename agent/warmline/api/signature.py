"""Whether a webhook is what the provider sent, and just now. Pure: the time is an argument.

Standard Webhooks 1.0 (standardwebhooks.com): `webhook-id`, `webhook-timestamp` (Unix seconds) and `webhook-signature`,
a list of `v1,<base64>` separated by spaces, each the HMAC-SHA-256 over the bytes `{id}.{timestamp}.{body}`. One that
fits one secret is enough, which is how a secret is replaced. Secrets are written `whsec_<base64>`. The list may have
come in several lines, which proxies join with commas; base64 has none.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from warmline.errors import SettingsError, WebhookRefused

TOLERANCE_SECONDS = 300
"""How far the sender's clock may be from ours, either way; the specification's own libraries use the same."""

SHORTEST_SECRET = 24
"""Bytes, decoded; the specification's lower bound."""

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")

_ID = re.compile(r"[!-\-/-~]{1,256}")
"""Printable ASCII without the full stop that ends it in what is signed, or `a.1` and `2` would be `a` and `1.2`."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES = 16
_WORD = re.compile(r"[^\s,]+")


class SignatureRefusal(StrEnum):
    """Why a webhook is not believed."""

    NOT_CONFIGURED = "not_configured"
    UNSIGNED = "unsigned"
    MALFORMED = "malformed"
    WRONG_SIGNATURE = "wrong_signature"
    STALE = "stale"
    FUTURE = "future"


_SAID = {
    SignatureRefusal.NOT_CONFIGURED: "webhooks are not configured here: WARMLINE_WEBHOOK_SECRETS_FILE names no secrets",
    SignatureRefusal.UNSIGNED: "send the headers webhook-id, webhook-timestamp and webhook-signature",
    SignatureRefusal.MALFORMED: "webhook-id, webhook-timestamp or webhook-signature is not what Standard Webhooks says",
    SignatureRefusal.WRONG_SIGNATURE: "no signature fits a secret that is valid here",
    SignatureRefusal.STALE: f"webhook-timestamp is more than {TOLERANCE_SECONDS} s ago: sign each attempt anew",
    SignatureRefusal.FUTURE: f"webhook-timestamp is more than {TOLERANCE_SECONDS} s ahead of this clock",
}


def verify(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: float) -> str:
    """The event's id, if headers and body are believed; `now` is the wall clock, in seconds. Raises WebhookRefused.

    The signature is looked at before the time, so that only who holds a secret can be found stale or early.
    """
    if not secrets:
        raise _refuse(SignatureRefusal.NOT_CONFIGURED)
    id_, timestamp, listed = (headers.get(name, "") for name in HEADERS)
    if not (id_ and timestamp and listed):
        raise _refuse(SignatureRefusal.UNSIGNED)
    given = _signatures(listed)
    if not (_ID.fullmatch(id_) and _TIMESTAMP.fullmatch(timestamp) and given):
        raise _refuse(SignatureRefusal.MALFORMED)
    if not _fits(secrets, given, f"{id_}.{timestamp}.".encode("ascii") + body):
        raise _refuse(SignatureRefusal.WRONG_SIGNATURE)
    if now - int(timestamp) > TOLERANCE_SECONDS:
        raise _refuse(SignatureRefusal.STALE)
    if int(timestamp) - now > TOLERANCE_SECONDS:
        raise _refuse(SignatureRefusal.FUTURE)
    return id_


def read_secrets(path: Path | None) -> tuple[bytes, ...]:
    """The secrets of a file, one a line; none without a file. Raises SettingsError, which names the line, never it."""
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"webhook secrets file {path}: {error}"]) from error
    secrets = [_secret(line) for line in lines]
    bad = [number for number, secret in enumerate(secrets, start=1) if secret is None]
    if bad or not secrets:
        where = f"secret {bad[0]}" if bad else "it holds none, and"
        raise SettingsError(
            [f"webhook secrets file {path}: {where} must be whsec_ and {SHORTEST_SECRET} bytes or more in base64"]
        )
    return tuple(secret for secret in secrets if secret is not None)


def _secret(line: str) -> bytes | None:
    prefix, _, encoded = line.partition("_")
    secret = _decode(encoded)
    return secret if prefix == "whsec" and secret is not None and len(secret) >= SHORTEST_SECRET else None


def _signatures(listed: str) -> list[bytes]:
    """Those of version 1; others are of schemes to come, and no reason to refuse."""
    words = _WORD.findall(listed)[: 2 * _MOST_SIGNATURES]
    behind = (encoded for version, encoded in pairwise(words) if version == "v1")
    return [raw for encoded in behind if (raw := _decode(encoded))]


def _decode(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def _fits(secrets: Sequence[bytes], given: Sequence[bytes], message: bytes) -> bool:
    """All are compared, each in constant time: how long it takes tells nothing."""
    expected = [hmac.digest(secret, message, sha256) for secret in secrets]
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in given]
    return any(matches)


def _refuse(reason: SignatureRefusal) -> WebhookRefused:
    return WebhookRefused(reason.value, _SAID[reason])

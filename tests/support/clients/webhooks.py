"""Webhooks as the provider signs them."""

import base64
import hashlib
import hmac

SECRET = b"a secret of the tests, 32 bytes!"
OTHER_SECRET = b"the one that comes after it, too"


def written(secret: bytes) -> str:
    """As it stands in a file of secrets."""
    return f"whsec_{base64.b64encode(secret).decode('ascii')}"


def signed(body: bytes, *, id_: str, timestamp: int | str, secret: bytes = SECRET) -> dict[str, str]:
    """The headers of a body."""
    digest = hmac.new(secret, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode('ascii')}",
    }

"""Typed key → text that is safe in Redis, whatever the parts contain."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

SCHEMA = "1"
"""Raised whenever the meaning of stored bytes changes: entries of another schema are never read."""


@dataclass(frozen=True)
class Key:
    """Names one value: which cache, whose, and everything that tells it from its neighbours.

    `parts` may be any text of any length: they are length-prefixed and digested, so that no two lists of parts
    share a key. The organisation stands in braces, Redis' hash tag, so that a cluster keeps an organisation together.
    """

    cache: str
    organisation: str
    parts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """`wl1:{organisation}:cache:digest`, the digest 128 bits of BLAKE2b in hexadecimal."""
        digest = blake2b(digest_size=16)
        for part in self.parts:
            raw = part.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8, "big"))
            digest.update(raw)
        return f"wl{SCHEMA}:{{{self.organisation}}}:{self.cache}:{digest.hexdigest()}"

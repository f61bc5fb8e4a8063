"""Typed key → text that is safe in Redis, whatever the parts contain."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

PROTOCOL = "2"
"""Stands in every name that workers share: keys, generations, the channel, the log, what `state` keeps.

Workers of two versions run side by side while a fleet is being replaced. They hear each other, and end the same values,
because this number stays when the meaning of an entry's bytes changes: that is told by the entry (`codec.SCHEMA`).
Whoever raises this one has a fleet that falls in two. What belongs to the protocol: docs/understand/invalidation.md.
"""

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Group:
    """Names what is invalidated together, such as an organisation's knowledge."""

    organisation: str
    kind: str
    name: str = ""

    @cached_property
    def text(self) -> str:
        """`wl2:{organisation}:group:kind:digest`: where Redis keeps the group's generation."""
        return f"wl{PROTOCOL}:{tag(self.organisation)}:group:{self.kind}:{_digest((self.name,))}"


@dataclass(frozen=True)
class Key:
    """Names one value: which cache, whose, and everything that tells it from its neighbours.

    `parts` may be any text of any length: they are length-prefixed and digested, so that no two lists of parts
    share a key. `groups` are those whose invalidation takes this value along.
    """

    cache: str
    organisation: str
    parts: tuple[str, ...]
    groups: tuple[Group, ...] = ()

    @cached_property
    def text(self) -> str:
        """`wl2:{organisation}:cache:digest`, the digest 128 bits of BLAKE2b in hexadecimal."""
        return f"wl{PROTOCOL}:{tag(self.organisation)}:{self.cache}:{_digest(self.parts)}"

    @cached_property
    def group_texts(self) -> tuple[str, ...]:
        """The text of each group, in order."""
        return tuple(group.text for group in self.groups)


def tag(organisation: str) -> str:
    """The organisation in braces, Redis' hash tag, so that a cluster keeps an organisation together.

    A name that is long, or holds what could end the tag, stands as its digest.
    """
    name = organisation if _PLAIN.fullmatch(organisation) else f"={_digest((organisation,))}"
    return f"{{{name}}}"


def tag_of(text: str) -> str:
    """The tag within the text of a key or group; the whole text if it has none."""
    start = text.find("{")
    end = text.find("}", start)
    return text[start : end + 1] if 0 <= start < end else text


def _digest(parts: Iterable[str]) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()

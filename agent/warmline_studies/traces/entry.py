"""One line of a trace."""

from enum import StrEnum
from typing import Annotated

import msgspec

NAME = r"^[a-z0-9][a-z0-9-]{0,62}\Z"
"""A name; `$` in place of `\\Z` would let a line break through at the end."""
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
LONGEST_TEXT = 5000


class Kind(StrEnum):
    """What happened."""

    GREETING = "greeting"
    """A call was taken: the agent's configuration is looked up and its greeting spoken."""
    QUESTION = "question"
    """A caller asked: configuration, prompt and knowledge are looked up and the answer spoken."""
    INVALIDATE = "invalidate"
    """Data changed: the agent's if one is named, else the organisation's knowledge."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that happened `at` seconds after the trace began.

    `caller` is the IPv4 address that the edge sees, `text` the question as it was spelt. `answer` is what the agent
    said, where it is known: questions with one answer share one spoken phrase. Without it every question, however
    spelt, is taken to have an answer of its own, of `text`'s length times four. A greeting's text is the greeting, or
    empty. Only an `invalidate` may name no agent and no caller.
    """

    at: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    organisation: Annotated[str, msgspec.Meta(pattern=NAME)]
    agent: Annotated[str, msgspec.Meta(pattern=rf"{NAME}|^\Z")]
    caller: Annotated[str, msgspec.Meta(pattern=rf"^{_OCTET}(\.{_OCTET}){{3}}\Z|^\Z")]
    kind: Kind
    text: Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
    answer: Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)] = ""

    def problem(self) -> str | None:
        """Say what is wrong although every field is well-formed, if anything is."""
        if self.kind is Kind.INVALIDATE:
            return None
        missing = [name for name, value in (("agent", self.agent), ("caller", self.caller)) if not value]
        if self.kind is Kind.QUESTION and not self.text.strip():
            missing.append("text")
        return f"a {self.kind} needs its {' and '.join(missing)}" if missing else None


_encoder = msgspec.json.Encoder()


def line(entry: Entry) -> bytes:
    """Write an entry as a line of a trace, with the line's end."""
    return _encoder.encode(entry) + b"\n"

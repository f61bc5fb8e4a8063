"""Everything that client and worker say to each other in a session, and how a session ends.

`docs/integrate/sessions.md` shows every message with all of its fields.
"""

from enum import Enum, StrEnum
from typing import Annotated

import msgspec

from warmline.errors import WORKER_FAILED
from warmline_cache import Source

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class End(Enum):
    """Why a session ended: the close code, and what is said beside it. 4000 and more is 4000 + an HTTP status."""

    CLOSED = (1000, "closed by the client")
    GONE = (1006, "the connection was lost")
    STALLED = (1006, "the client stopped reading")
    NOT_TEXT = (1003, "messages are JSON in text frames")
    FAILED = (1011, WORKER_FAILED)
    GOING_AWAY = (1012, "this worker is stopping; resume on another")
    FULL = (1013, "this worker holds as many sessions as it may")
    INVALID = (4400, "the first message must be a valid `open`")
    UNAUTHENTICATED = (4401, "the API key is missing or unknown")
    NOT_FOUND = (4404, "there is no such agent or session in your organisation")
    IDLE = (4408, "the client said nothing for too long")
    TAKEN_OVER = (4409, "the session goes on over another connection")
    TOO_FAST = (4429, "too many messages")
    UPSTREAM = (4503, "a provider did not answer")

    @property
    def code(self) -> int:
        """The WebSocket close code (RFC 6455, section 7.4)."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The close frame's reason."""
        return self.value[1]


class Who(StrEnum):
    """Whose words a line of the history is."""

    AGENT = "agent"
    CALLER = "caller"


class Line(msgspec.Struct, frozen=True):
    """One line of a conversation."""

    who: Who
    text: str


class LookupTime(msgspec.Struct, frozen=True):
    """Which layer answered a lookup, and in how many milliseconds."""

    layer: Source
    ms: float


# -- from the client


class Open(msgspec.Struct, tag="open", frozen=True, forbid_unknown_fields=True):
    """Begin a session with `agent`, or `resume` one by its token, from the sample of the turn that was heard last."""

    agent: str | None = None
    resume: str | None = None
    key: str | None = None
    turn: Count | None = None
    samples: Count = 0


class Say(msgspec.Struct, tag="say", frozen=True, forbid_unknown_fields=True):
    """What the caller says; it stops what the agent is saying."""

    text: str


class Interrupt(msgspec.Struct, tag="interrupt", frozen=True, forbid_unknown_fields=True):
    """Be silent."""


class Close(msgspec.Struct, tag="close", frozen=True, forbid_unknown_fields=True):
    """The conversation is over; its token is worth nothing from here on."""


FromClient = Open | Say | Interrupt | Close


# -- from the worker


class Opened(msgspec.Struct, tag="opened", frozen=True):
    """The session is open. `resumable` says whether `token` will resume it if the connection is lost now."""

    token: str
    resumable: bool
    agent: str
    name: str
    sample_rate: int
    slot: str


class Resumed(Opened, tag="resumed", frozen=True):
    """The session goes on here, in `turn`."""

    turn: int
    history: tuple[Line, ...]


class Greeting(msgspec.Struct, tag="greeting", frozen=True):
    """What the agent says first; its audio follows."""

    turn: int
    text: str
    lookups: dict[str, LookupTime]


class Answer(msgspec.Struct, tag="answer", frozen=True):
    """What the agent answers; its audio follows. `passages` are the ids of the knowledge that it rests on."""

    turn: int
    text: str
    passages: tuple[str, ...]
    lookups: dict[str, LookupTime]


class AudioBegin(msgspec.Struct, tag="audio-begin", frozen=True):
    """Binary frames of `turn` follow, the first from sample `start` on."""

    turn: int
    start: int
    lookups: dict[str, LookupTime]


class AudioEnd(msgspec.Struct, tag="audio-end", frozen=True):
    """All of the turn's audio has been sent: that many samples, counted from its beginning."""

    turn: int
    samples: int


class Interrupted(msgspec.Struct, tag="interrupted", frozen=True):
    """Nothing more of `turn` comes; so many samples of it were sent."""

    turn: int
    samples: int


class ErrorMessage(msgspec.Struct, tag="error", frozen=True, omit_defaults=True):
    """Something failed and the session goes on, unless the connection is closed behind it."""

    code: str
    message: str
    field: str | None = None
    turn: int | None = None


class GoingAway(msgspec.Struct, tag="going-away", frozen=True):
    """This worker is stopping. Connect again and resume, if `resumable`; else open a new session."""

    token: str
    resumable: bool


FromWorker = Opened | Resumed | Greeting | Answer | AudioBegin | AudioEnd | Interrupted | ErrorMessage | GoingAway

"""What one worker's voice sessions may do, and for how long."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Unit, doc

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Of one worker's sessions, and of each."""

    maximum: Annotated[
        int,
        Ge(1),
        Unit("sessions"),
        doc("voice sessions that a worker holds; of several organisations one holds seven eighths at most"),
    ] = 1000
    leave_seconds: Annotated[
        float,
        Ge(0),
        Unit("s"),
        doc("how long before the end of a drain the sessions that still go on are told to leave"),
    ] = 10.0
    idle_seconds: Annotated[float, Gt(0), Unit("s"), doc("a client that says nothing for so long is closed")] = 300.0
    resume_seconds: Annotated[float, Gt(0), Unit("s"), doc("how long a session can be resumed")] = 900.0
    send_seconds: Annotated[float, Gt(0), Unit("s"), doc("a client that reads nothing for so long is dropped")] = 10.0
    message_rate: Annotated[float, Gt(0), Unit("messages/s"), doc("messages that a client may send")] = 5.0
    message_burst: Annotated[int, Ge(1), Unit("messages"), doc("messages that a client may send at once")] = 20
    message_bytes: Annotated[int, Ge(1024), Le(MIB), Unit("bytes"), doc("a longer message ends the session")] = (
        64 * 1024
    )
    text_length: Annotated[int, Ge(1), Unit("characters"), doc("what a caller may say at once")] = 500
    audio_lead: Annotated[float, Ge(0.1), Le(5), Unit("s"), doc("audio sent ahead of what is heard")] = 0.4

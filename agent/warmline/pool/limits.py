"""How many sockets a worker keeps, and for how long."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Unit, doc


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Sockets, and seconds; `jitter` is a fraction of `max_age`. `trial` is for how long a socket that nobody has used
    yet is on trial. The budget is renewed every `renew`, or when more is wanted, but no more often than every
    `renew_at_once`."""

    prewarm: Annotated[int, Ge(0), Unit("sockets"), doc("sockets of each model that a worker keeps open")]
    maximum: Annotated[
        int, Ge(0), Unit("sockets"), doc("sockets that a worker may open of all models together; 0: REST alone")
    ]
    account: Annotated[
        int, Ge(0), Unit("sockets"), doc("sockets that the account may have open at once, on all workers together")
    ] = 100
    max_age: Annotated[
        float, Gt(0), Unit("s"), doc("age at which a socket is replaced; up to a fifth less, by chance")
    ] = 3600.0
    linger: Annotated[float, Ge(0), Unit("s"), doc("how long a socket beyond `prewarm` stays open idle")] = 60.0
    ping: Annotated[
        float,
        Gt(0),
        Le(50),
        Unit("s"),
        doc("time between pings of an idle socket, which a provider may close after 60 s"),
    ] = 20.0
    connect_timeout: Annotated[float, Gt(0), Le(60), Unit("s"), doc("limit of a socket's handshake")] = 3.0
    jitter: float = 0.2
    first_retry: float = 1.0
    longest_retry: float = 60.0
    trial: float = 5.0
    renew: float = 5.0
    renew_at_once: float = 0.25

"""How fast and how generous the simulated provider is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SarvamOptions:
    """Seconds unless a name says otherwise.

    `speech` is what a REST synthesis takes; `first_chunk` and then `chunk / speed` for each chunk is how audio comes
    on a stream and on a socket; `connect` is what a WebSocket handshake takes. `lenient` takes what `rules.py` refuses.
    """

    speech: float = 1.0
    connect: float = 0.15
    first_chunk: float = 0.4
    chunk: float = 0.2
    speed: float = 4.0
    idle: float = 60.0
    idle_close_frame: bool = True
    sockets: int = 100
    requests_per_minute: float = 6000.0
    burst: int = 1000
    lenient: bool = False

    def wait_before(self, chunk: int) -> float:
        """Seconds from what came before to an utterance's chunk of that number, from 0."""
        return self.chunk / self.speed if chunk else self.first_chunk

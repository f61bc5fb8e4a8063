"""How fast and how generous the simulated deployment is, and whom it tells of changes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ConvexOptions:
    """`query`, `mutation` and `action` are the seconds that each of them takes; the limits are calls at once."""

    query: float = 0.1
    mutation: float = 0.1
    action: float = 0.2
    most_queries: int = 256
    most_mutations: int = 256
    most_actions: int = 512
    error_status: int = 200
    """HTTP status when a function threw: 200 today, 560 historically."""

    data: Path | None = None
    """Folder of organisations, a JSON file each; None: the three that come with it."""

    webhook_url: str = ""
    """The events' names are appended to it; empty: nobody is told."""

    webhook_secrets: tuple[bytes, ...] = ()
    webhook_retry: float = 0.5
    """Seconds before the first retry; doubled for each that follows."""

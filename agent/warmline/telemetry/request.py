"""Which caller's request the running task works for: the id that the edge gave it, by which its log has it too."""

import re
from contextvars import ContextVar

current: ContextVar[str] = ContextVar("request_id", default="")
"""Empty where there is none. Tasks take it over from whoever begins them."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def well_formed(id_: str) -> str:
    """The id, or nothing: what comes from outside is neither long nor strange where it is shown."""
    return id_ if _ID.fullmatch(id_) else ""

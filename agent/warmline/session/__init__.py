"""Voice sessions: a machine that decides without I/O, and the shell that performs what it decided.

`Sessions` holds all sessions of one worker; `docs/integrate/sessions.md` is the protocol.
"""

from warmline.session.client import Client, HungUp
from warmline.session.conversation import SessionServices
from warmline.session.limits import SessionLimits
from warmline.session.messages import End
from warmline.session.sessions import Sessions

__all__ = ["Client", "End", "HungUp", "SessionLimits", "SessionServices", "Sessions"]

"""The two kinds of failure: the deployment's own function threw, or the call never reached it."""

from typing import Any


class Thrown(Exception):
    """A function threw. `data` is what a ConvexError carries; other errors have none."""

    def __init__(self, message: str, *, data: Any = None) -> None:
        super().__init__(message)
        self.message, self.data = message, data


class CallRefused(Exception):
    """The infrastructure turned the call down; `status` is HTTP's, `code` Convex's word for it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

"""When most was asked: a window that slides over the trace, not one that happens to begin somewhere."""

from collections import deque

WINDOW = 300.0
"""Seconds over which the busiest moment is measured."""

STEP = 30.0
"""By which the window slides."""


class Rush:
    """`most` is the most requests in any WINDOW seconds that end with a STEP, counted from `began`."""

    def __init__(self, began: float) -> None:
        self.most = 0
        self._began = began
        self._now = 0
        self._steps: deque[list[int]] = deque()
        """Of the window that ends now: each step's number, and the requests in it."""

    def add(self, at: float, requests: int) -> None:
        """So many at second `at`, which comes after all before it."""
        step = int((at - self._began) // STEP)
        if not self._steps or self._steps[-1][0] < step:
            self._steps.append([step, 0])
        while self._steps[0][0] <= step - WINDOW // STEP:
            self._now -= self._steps.popleft()[1]
        self._steps[-1][1] += requests
        self._now += requests
        self.most = max(self.most, self._now)

"""The busiest window of a trace: the window slides, so that its beginning is not left to chance."""

from collections import deque

WINDOW = 300.0
"""Seconds over which the busiest moment is measured."""

STEP = 30.0
"""Seconds by which the window slides."""


class Rush:
    """Counts requests; `most` is the largest count of any WINDOW seconds that end with a STEP, counted from `began`."""

    def __init__(self, began: float) -> None:
        self.most = 0
        self._began = began
        self._now = 0
        self._steps: deque[list[int]] = deque()
        """The steps of the window that ends now: each step's number, and its requests."""

    def add(self, at: float, requests: int) -> None:
        """Count requests at second `at`, which is no earlier than in any call before."""
        step = int((at - self._began) // STEP)
        if not self._steps or self._steps[-1][0] < step:
            self._steps.append([step, 0])
        while self._steps[0][0] <= step - WINDOW // STEP:
            self._now -= self._steps.popleft()[1]
        self._steps[-1][1] += requests
        self._now += requests
        self.most = max(self.most, self._now)

"""What an event loop would have logged: errors that nobody was told of."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_complaints() -> Iterator[None]:
    """Fails if, within it, an error was left to the running loop: a task's or a future's that nobody fetched."""
    loop = asyncio.get_running_loop()
    complaints: list[str] = []

    def remember(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        complaints.append(f"{context['message']}: {context.get('exception')!r}")

    before = loop.get_exception_handler()
    loop.set_exception_handler(remember)
    try:
        yield
        gc.collect()  # they complain when they are collected
        assert complaints == []
    finally:
        loop.set_exception_handler(before)

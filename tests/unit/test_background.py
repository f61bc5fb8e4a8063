"""Parts of the worker begin and end as async context managers."""

import asyncio

import pytest

from warmline.background import Background


class Diary:
    def __init__(self) -> None:
        self.events: list[str] = []

    async def work(self) -> None:
        self.events.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            self.events.append("ended")


async def test_a_part_runs_from_entry_to_exit() -> None:
    diary = Diary()
    async with Background(diary.work, name="diary"):
        await asyncio.sleep(0)
        assert diary.events == ["began"]
    assert diary.events == ["began", "ended"]


async def test_a_part_ends_when_what_it_serves_fails() -> None:
    diary = Diary()

    async def serve() -> None:
        async with Background(diary.work, name="diary"):
            await asyncio.sleep(0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await serve()
    assert diary.events == ["began", "ended"]


async def test_a_part_that_has_not_begun_can_be_closed() -> None:
    diary = Diary()
    await Background(diary.work, name="diary").aclose()
    assert diary.events == []


async def test_what_ended_a_part_early_is_raised_when_it_is_closed() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    async def serve() -> None:
        async with Background(broken, name="broken"):
            await asyncio.sleep(0)

    with pytest.raises(ZeroDivisionError):
        await serve()

"""One stream, many listeners."""

import asyncio

import pytest

from warmline_cache.streams.broadcast import Broadcast, StreamEnd, StreamLost


async def listen(broadcast: Broadcast) -> list[bytes]:
    return [chunk async for chunk in broadcast.listen()]


async def test_a_large_chunk_is_not_counted_against_a_listener_who_owed_nothing_when_it_came() -> None:
    broadcast = Broadcast(keep=100, backlog=100)
    heard = asyncio.create_task(listen(broadcast))
    await asyncio.sleep(0)
    broadcast.send(b"x" * 500)
    broadcast.send(b"y")
    broadcast.end(StreamEnd.COMPLETE)
    assert await heard == [b"x" * 500, b"y"]


async def test_nobody_hears_the_rest_of_a_stream_whose_beginning_is_gone() -> None:
    broadcast = Broadcast(keep=100, backlog=100)
    broadcast.send(b"x" * 500)
    late = asyncio.create_task(listen(broadcast))
    await asyncio.sleep(0)
    broadcast.send(b"y")
    broadcast.end(StreamEnd.COMPLETE)
    with pytest.raises(StreamLost):
        await late


async def test_a_stream_that_failed_keeps_nothing_of_what_it_sent() -> None:
    """Its error and it keep each other until the cyclic collector comes by: ten of them had kept fifty megabytes."""
    broadcast = Broadcast(keep=100, backlog=100)
    heard = asyncio.create_task(listen(broadcast))
    await asyncio.sleep(0)
    broadcast.send(b"x")
    broadcast.end(ValueError("the origin's"))
    with pytest.raises(ValueError, match="the origin's"):
        await heard
    assert broadcast.whole() is None
    assert not broadcast.joinable

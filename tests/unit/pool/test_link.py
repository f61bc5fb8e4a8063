"""One socket: what it notices, and when."""

import asyncio

import pytest

from tests.support.worker.sockets import PING, ScriptedProvider, ScriptedWire
from warmline.pool import Loss, SocketLost, SocketState
from warmline.pool.link import UNREAD_FRAMES, SocketLink
from warmline_cache.errors import UpstreamUnavailable

pytestmark = pytest.mark.virtual_time


class Linked:
    """An open link, its other end, and how it was lost."""

    def __init__(self) -> None:
        self.provider = ScriptedProvider()
        self.losses: list[Loss] = []
        self.link = SocketLink(1, "v3", self.provider, ping=20, on_loss=lambda link, loss: self.losses.append(loss))

    async def opened(self) -> "Linked":
        await self.link.open()
        return self

    @property
    def wire(self) -> ScriptedWire:
        return self.provider.wires[0]


async def linked() -> Linked:
    return await Linked().opened()


async def test_an_idle_socket_is_pinged_every_twenty_seconds_and_a_busy_one_is_not() -> None:
    one = await linked()
    await asyncio.sleep(65)
    assert one.wire.sent == [PING] * 3
    one.link.take()
    await asyncio.sleep(60)
    assert one.wire.sent == [PING] * 3
    one.link.release()
    await asyncio.sleep(20)
    assert one.wire.sent == [PING] * 4
    await one.link.close()


@pytest.mark.parametrize("loss", [Loss.CLOSED, Loss.CUT, Loss.SILENT])
async def test_an_idle_socket_that_is_closed_is_lost_at_once(loss: Loss) -> None:
    one = await linked()
    one.wire.hang_up(loss)
    await asyncio.sleep(0)
    assert (one.link.state, one.losses) == (SocketState.CLOSED, [loss])
    await one.link.close()


async def test_a_socket_that_takes_no_ping_is_lost() -> None:
    one = await linked()
    one.wire.deaf = True
    await asyncio.sleep(41)
    assert (one.link.state, one.losses) == (SocketState.CLOSED, [Loss.DEAF])
    await one.link.close()


async def test_an_idle_socket_on_which_an_old_conversation_goes_on_is_lost() -> None:
    one = await linked()
    one.wire.say("audio")
    await asyncio.sleep(0)
    assert one.losses == [Loss.OUT_OF_TURN]
    await one.link.close()


async def test_an_answer_to_a_ping_is_no_harm_and_no_part_of_the_conversation() -> None:
    one = await linked()
    one.wire.say("pong")
    await asyncio.sleep(0)
    one.link.take()
    one.wire.say("first")
    assert await one.link.receive() == "first"
    assert one.losses == []
    await one.link.close()


async def test_what_came_before_the_end_is_heard_and_then_the_end() -> None:
    one = await linked()
    one.link.take()
    one.wire.say("first", "second")
    one.wire.hang_up(Loss.CUT)
    assert [await one.link.receive(), await one.link.receive()] == ["first", "second"]
    for _ in range(2):
        with pytest.raises(SocketLost):
            await one.link.receive()
    with pytest.raises(SocketLost):
        await one.link.send("more")
    await one.link.close()


async def test_whoever_waits_for_a_frame_is_woken_when_we_close() -> None:
    one = await linked()
    one.link.take()
    waiting = asyncio.create_task(one.link.receive())
    await asyncio.sleep(1)
    await one.link.close()
    with pytest.raises(SocketLost):
        await waiting
    assert one.losses == []


async def test_a_provider_far_ahead_is_held_back() -> None:
    one = await linked()
    one.link.take()
    one.wire.say(*[str(number) for number in range(UNREAD_FRAMES * 3)])
    await asyncio.sleep(1)
    assert one.wire._inbox.qsize() >= UNREAD_FRAMES
    assert [await one.link.receive() for _ in range(UNREAD_FRAMES * 3)] == [str(n) for n in range(UNREAD_FRAMES * 3)]
    await one.link.close()


async def test_a_socket_that_cannot_be_opened_is_closed() -> None:
    one = Linked()
    one.provider.refuses = UpstreamUnavailable("sarvam", "no")
    with pytest.raises(UpstreamUnavailable):
        await one.link.open()
    assert one.link.state is SocketState.CLOSED
    await one.link.close()


async def test_no_socket_is_taken_twice() -> None:
    one = await linked()
    one.link.take()
    with pytest.raises(RuntimeError, match="cannot become busy"):
        one.link.take()
    await one.link.close()

"""A pool of real sockets to simulated Sarvam, in the test's own process: barge-in, and a peer that vanishes."""

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.processes.stack import Simulator
from tests.support.time.aio import until
from tests.support.worker.sockets import Counted, FixedBudget
from warmline.pool import Ledger, Pool, SocketLimits, SocketState
from warmline.upstream.ports import Voice
from warmline.upstream.sarvam.rest import Sarvam
from warmline.upstream.sarvam.socket import SarvamSockets, socket_url
from warmline.upstream.sarvam.streaming import StreamingSarvam
from warmline_cache.errors import UpstreamUnavailable
from warmline_simulators.sarvam import tone

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN", sample_rate=8000)
LONG = "This is a long answer that the caller does not want to hear to its end. " * 5


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator("sarvam", tmp_path, milliseconds=10, speed=20)
    yield simulator
    simulator.stop()


class Speaking:
    """A warm synthesiser and what its pool counted."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.events = Counted()
        connect = SarvamSockets(http, socket_url(url), upstream="sarvam", key="k", ping=0.5)
        ledger = Ledger(SocketLimits(prewarm=2, maximum=4, connect_timeout=1), random=random.random)
        self.pool = Pool(connect, ledger, budget=FixedBudget(), events=self.events)
        self.sarvam = StreamingSarvam(
            self.pool,
            Sarvam(http, url, key="k", timeout=1),
            first_audio_timeout=5,
            next_audio_timeout=5,
            language_field="language_code",
            on_speech=lambda transport, characters: None,
        )

    async def warm(self) -> None:
        """Return when two sockets are idle and none is anything else."""
        await until(lambda: self.states() == {"idle": 2}, seconds=10, what="two warm sockets")

    def states(self) -> dict[str, int]:
        return {state.value: count for state, count in self.pool.counts().items() if count}

    async def whole(self, text: str) -> bytes:
        return b"".join([chunk async for chunk in self.sarvam.stream(text, VOICE)])


@pytest.fixture
async def speaking(simulator: Simulator) -> AsyncIterator[Speaking]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        made = Speaking(http, simulator.url)
        made.pool.start()
        made.pool.prewarm(VOICE.model)
        await made.warm()
        yield made
        await made.pool.aclose()
        assert made.states() == {}
    left = {task.get_name() for task in asyncio.all_tasks() if "socket" in task.get_name()}
    assert not left, f"tasks were left behind: {left}"


async def test_barge_in_closes_the_socket_and_opens_another_and_the_next_utterance_is_clean(
    speaking: Speaking, simulator: Simulator
) -> None:
    async with contextlib.aclosing(speaking.sarvam.stream(LONG, VOICE)) as chunks:
        assert tone(LONG, 8000).startswith(await anext(chunks))
    assert speaking.pool.counts()[SocketState.BUSY] == 0
    await speaking.warm()
    assert speaking.events.counts["interrupted"] == 1
    assert simulator.calls()["handshakes"] == 3
    await until(lambda: simulator.calls()["sockets_open"] == 2, seconds=5, what="the interrupted socket to be gone")
    for text in ("Yes?", "How can I help?", "One moment."):
        assert await speaking.whole(text) == tone(text, 8000)
    assert simulator.calls()["handshakes"] == 3


async def test_a_cancelled_listener_is_an_interruption_too(speaking: Speaking) -> None:
    listening = asyncio.create_task(speaking.whole(LONG))
    await until(lambda: speaking.pool.counts()[SocketState.BUSY] == 1, seconds=5, what="a busy socket")
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await speaking.warm()
    assert speaking.events.counts["interrupted"] == 1


async def test_many_interruptions_at_once_leave_exactly_the_warm_sockets(
    speaking: Speaking, simulator: Simulator
) -> None:
    async def interrupted(number: int) -> None:
        async with contextlib.aclosing(speaking.sarvam.stream(f"{number}. {LONG}", VOICE)) as chunks:
            await anext(chunks)

    for _ in range(3):
        await asyncio.gather(*(interrupted(number) for number in range(4)))
    await speaking.warm()
    await until(lambda: simulator.calls()["sockets_open"] == 2, seconds=5, what="two sockets at the provider")
    assert await speaking.whole("Yes?") == tone("Yes?", 8000)


async def test_a_long_text_travels_in_several_messages_and_is_heard_whole(speaking: Speaking) -> None:
    text = "A rather long sentence of many words. " * 70
    assert len(text) > 2500
    assert await speaking.whole(text) == tone(text, 8000)


async def test_a_peer_that_vanished_without_a_word_is_noticed_by_its_silence(
    speaking: Speaking, simulator: Simulator
) -> None:
    simulator._process.signal(signal.SIGSTOP)
    await until(lambda: speaking.events.counts["lost: silent"] == 2, seconds=10, what="both sockets to be given up")
    with pytest.raises(UpstreamUnavailable):
        await speaking.whole("Is anybody there?")
    simulator._process.signal(signal.SIGCONT)
    await speaking.warm()
    assert await speaking.whole("Yes.") == tone("Yes.", 8000)

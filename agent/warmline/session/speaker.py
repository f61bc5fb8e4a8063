"""Says a text to one client: the cached, shared stream in, paced frames out."""

import asyncio
from collections.abc import Callable

from warmline.services.speech import Speech
from warmline.session.client import Client
from warmline.session.messages import AudioBegin, LookupTime
from warmline.session.pacing import SAMPLE_BYTES, Pace, frames
from warmline.upstream.pieces import speakable
from warmline.upstream.ports import Voice
from warmline_cache import Listening, Source

FRAME_SECONDS = 0.1


class SpokenUtterance:
    """One text, said to one client. `sent` counts its samples, those before `start` included.

    `audio_lead` is how many seconds of audio may be ahead of what is heard; `on_begin` is called after the first frame.
    """

    def __init__(
        self,
        client: Client,
        turn: int,
        start: int,
        *,
        rate: int,
        audio_lead: float,
        clock: Callable[[], float],
        on_begin: Callable[[], None],
    ) -> None:
        self.turn = turn
        self.sent = start
        self._client = client
        self._start = start
        self._rate = rate
        self._most = int(rate * FRAME_SECONDS)
        self._pace = Pace(audio_lead)
        self._clock = clock
        self._on_begin = on_begin

    async def say(self, speech: Speech, organisation: str, agent: str, voice: Voice, text: str) -> None:
        """Return when all is sent, which is nothing of a text without a letter or a number. Raises HungUp, TooLarge,
        UpstreamError."""
        if not speakable(text):
            await self._client.tell(AudioBegin(self.turn, self._start, {}))
            return
        asked = self._clock()
        skip = self._start * SAMPLE_BYTES
        async with speech.stream(organisation, agent, voice, text) as listening:
            async for chunk in listening:
                rest, skip = chunk[skip:], max(0, skip - len(chunk))
                if rest:
                    await self._send(rest, listening, asked)

    async def _send(self, pcm: bytes, listening: Listening, asked: float) -> None:
        first = self.sent == self._start
        if first:
            took = LookupTime(listening.source or Source.ORIGIN, milliseconds(self._clock() - asked))
            await self._client.tell(AudioBegin(self.turn, self._start, {"tts": took}))
        for samples, frame in frames(self.turn, self.sent, pcm, most=self._most):
            # Even without a pause: sending does not yield, and others have something to say too.
            await asyncio.sleep(self._pace.pause(self._clock()))
            await self._client.play(frame)
            self.sent += samples
            self._pace.record_frame(samples / self._rate, self._clock())
            if first:
                self._on_begin()
                first = False


def milliseconds(seconds: float) -> float:
    """As shown to people: to a hundredth."""
    return round(seconds * 1000, 2)

"""Sarvam over warm sockets, and over REST where no socket can be had.

An utterance on a socket is `config`, `text`, `flush`, then audio until `final`. Whoever stops listening makes the
socket useless, for nothing cancels: the pool closes it. What is tried again, and what is not:

- the socket was closed or broken, and no audio has come yet: once more, on a fresh socket;
- no socket can be had (budget used up, handshake refused, no connection): REST, unless the key itself was refused;
- a voice that a socket cannot speak, for its rate or because they refuse it again and again: REST, at no socket's cost;
- an error that the provider names, a silence, or anything once audio has been heard: nothing, for a caller would hear
  it. It raises UpstreamError.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from warmline.errors import UpstreamRejected
from warmline.pool import Loss, NoSocket, Pool, SocketLease, SocketLost
from warmline.upstream.audio import Samples
from warmline.upstream.ports import Synthesiser, Voice
from warmline.upstream.sarvam import frames
from warmline.upstream.sarvam.refusals import Refusals
from warmline.upstream.sarvam.rest import OnSpeech, Sarvam, longest_call
from warmline_cache.errors import UpstreamUnavailable


class StreamingSarvam:
    """A `ports.Synthesiser`. The two timeouts are seconds to wait for the first audio of an utterance, and for each
    chunk that follows; `on_speech` is told of the characters of each utterance when its first audio comes."""

    name = Sarvam.name

    def __init__(
        self,
        pool: Pool,
        rest: Synthesiser,
        *,
        first_audio_timeout: float,
        next_audio_timeout: float,
        language_field: str,
        on_speech: OnSpeech,
    ) -> None:
        self._pool = pool
        self._rest = rest
        self._first_audio_timeout = first_audio_timeout
        self._next_audio_timeout = next_audio_timeout
        self._language_field = language_field
        self._on_speech = on_speech
        self._refusals = Refusals()

    def longest_text(self, voice: Voice) -> int:
        """See `ports.Synthesiser.longest_text`: what REST takes, for it may have to."""
        return self._rest.longest_text(voice)

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """See `ports.Synthesiser.stream`."""
        by_socket = voice.sample_rate in frames.STREAMED_RATES and not self._refusals.known(voice, text)
        try:
            async with contextlib.aclosing(self._speak(text, voice, by_socket=by_socket)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except UpstreamRejected:
            self._refusals.record_refusal(voice, text)
            raise
        self._refusals.record_speech(voice, text)

    async def _speak(self, text: str, voice: Voice, *, by_socket: bool) -> AsyncGenerator[bytes, None]:
        fresh = False
        while by_socket:
            heard = False
            try:
                async with contextlib.aclosing(self._on_socket(text, voice, fresh=fresh)) as chunks:
                    async for chunk in chunks:
                        heard = True
                        yield chunk
                self._refusals.record_proof(voice)
                return
            except NoSocket as error:
                if isinstance(error.cause, UpstreamRejected):
                    raise error.cause from None
                break
            except SocketLost as error:
                if heard or fresh:
                    raise UpstreamUnavailable(self.name, str(error)) from error
                fresh = True
        async with contextlib.aclosing(self._rest.stream(text, voice)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _on_socket(self, text: str, voice: Voice, *, fresh: bool) -> AsyncGenerator[bytes, None]:
        """The audio in whole samples. Raises NoSocket, SocketLost, UpstreamError."""
        async with self._pool.lease(voice.model, fresh=fresh) as lease:
            await self._say(lease, text, voice)
            heard, samples = False, Samples(self.name, voice.sample_rate)
            while not (frame := await self._next(lease, heard=heard)).final:
                if not heard:
                    self._on_speech("socket", len(text))
                    heard = True
                if audio := samples.feed(frame.audio):
                    yield audio
            if not heard:
                raise self._no_audio(fresh=fresh)
            lease.complete()
            if rest := samples.end():
                yield rest

    async def _say(self, lease: SocketLease, text: str, voice: Voice) -> None:
        await lease.send(frames.config(voice, self._language_field))
        for message in frames.texts(text, longest_call(voice)):
            await lease.send(message)
        await lease.send(frames.FLUSH)

    async def _next(self, lease: SocketLease, *, heard: bool) -> frames.Frame:
        """The next frame of audio, or the final one. Raises SocketLost, UpstreamError."""
        try:
            async with asyncio.timeout(self._next_audio_timeout if heard else self._first_audio_timeout):
                while True:
                    frame = frames.read(self.name, await lease.receive())
                    if frame.type == "error":
                        raise frames.failure(self.name, frame)
                    if frame.type == "audio" or frame.final:
                        return frame
        except TimeoutError as error:
            raise UpstreamUnavailable(self.name, "silence on the socket") from error

    def _no_audio(self, *, fresh: bool) -> Exception:
        """An end without a beginning may be another utterance's: a fresh socket can tell."""
        return UpstreamRejected(self.name, "no audio") if fresh else SocketLost(Loss.OUT_OF_TURN)

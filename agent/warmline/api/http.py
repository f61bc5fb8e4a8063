"""The callers' endpoints: `/v1/agents/{agent}/answer` and `/v1/agents/{agent}/speech`.

GET with the text in the query is idempotent, so a proxy may retry it; POST carries the same in a JSON body.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from warmline.accounts.accounts import Accounts
from warmline.api import lines, openapi, wire
from warmline.api.keys import NAME, ApiKeys
from warmline.errors import AgentNotFound, UpstreamRejected
from warmline.services.agents import AgentConfig, Agents
from warmline.services.answers import Answers
from warmline.services.speech import Speech, wave_header
from warmline_cache import Found, Source

_NAME = re.compile(NAME)


class CallerApi:
    """Translates callers' requests into the services' words and back."""

    def __init__(
        self,
        keys: ApiKeys,
        accounts: Accounts,
        agents: Agents,
        answers: Answers,
        speech: Speech,
        *,
        identity: Mapping[str, str],
    ) -> None:
        self._keys = keys
        self._accounts = accounts
        self._agents = agents
        self._answers = answers
        self._speech = speech
        self._identity = identity

    def routes(self) -> list[Route]:
        """The endpoints, for the application to mount."""
        return [
            Route("/v1/agents/{agent}/answer", self.answer, methods=["GET", "POST"], name="answer"),
            Route("/v1/agents/{agent}/speech", self.speak, methods=["GET", "POST"], name="speech"),
            Route("/v1/health", self.health, name="health"),
            Route("/v1/openapi.json", self.document, name="openapi"),
        ]

    async def health(self, request: Request) -> Response:
        """Name the worker that answers. Load balancers ask this; deploys ask it of each slot through every edge."""
        return JSONResponse(dict(self._identity), headers={"Cache-Control": "no-store"})

    async def answer(self, request: Request) -> Response:
        """Text → the agent's answer, and who answered each lookup."""
        organisation, agent = self._caller(request)
        question = wire.question_of(await wire.text_of(request))
        answer = await self._answers.answer(organisation, agent, question)
        body = {
            "answer": answer.text,
            "passages": [
                {"id": passage.id, "question": passage.question, "score": round(passage.score, 4)}
                for passage in answer.passages
            ],
            "from": answer.sources,
        }
        return JSONResponse(body, headers=self._headers(answer.sources))

    async def speak(self, request: Request) -> Response:
        """Text → audio in the agent's voice: a WAVE file, or, as it comes, headerless s16le mono PCM."""
        organisation, agent = self._caller(request)
        media_type = wire.audio_type_of(lines.join(request.headers, "accept"))
        text = await wire.text_of(request)
        config = await self._agents.config(organisation, agent)
        if media_type == "audio/pcm":
            return await self._stream(organisation, agent, config, text)
        voice = config.value.voice
        audio = await self._speech.speak(organisation, agent, voice, text)
        headers = self._headers({"config": config.source, "tts": audio.source})
        header = wave_header(len(audio.value), voice.sample_rate)  # it holds the length: nothing can be sent before
        return Response(header + audio.value, media_type="audio/wav", headers=headers)

    async def _stream(self, organisation: str, agent: str, config: Found[AgentConfig], text: str) -> Response:
        """Stream the audio. An error before the first chunk has its own status; a later one ends the connection."""
        voice = config.value.voice
        async with contextlib.AsyncExitStack() as stack:
            listening = await stack.enter_async_context(self._speech.stream(organisation, agent, voice, text))
            chunks = aiter(listening)
            first = await anext(chunks, b"")
            if not first or listening.source is None:
                raise UpstreamRejected(self._speech.provider, "no audio")
            headers = self._headers({"config": config.source, "tts": listening.source})
            audio = _audio(first, chunks, stack.pop_all())
        return StreamingResponse(audio, media_type=f"audio/pcm;rate={voice.sample_rate}", headers=headers)

    async def document(self, request: Request) -> Response:
        """Describe the callers' endpoints as OpenAPI. No key is needed: the documents say the same."""
        return JSONResponse(openapi.callers())

    def _caller(self, request: Request) -> tuple[str, str]:
        organisation = self._keys.organisation(lines.bearer(request.headers))
        self._accounts.admit(organisation)
        agent = str(request.path_params["agent"])
        if not _NAME.fullmatch(agent):
            raise AgentNotFound("there is no such agent in your organisation", field="agent")
        return organisation, agent

    def _headers(self, sources: Mapping[str, Source]) -> dict[str, str]:
        return {
            "Cache-Status": cache_status(sources),
            "X-Warmline-Slot": self._identity["slot"],
            "Cache-Control": "private, no-store",
        }


async def _audio(first: bytes, rest: AsyncIterator[bytes], held: contextlib.AsyncExitStack) -> AsyncIterator[bytes]:
    async with held:
        yield first
        async for chunk in rest:
            yield chunk


def cache_status(sources: Mapping[str, Source]) -> str:
    """RFC 9211: one member for each cache asked, a hit or a forward to the origin, the layer as detail."""
    return ", ".join(
        f"warmline-{cache}; {_HOW.get(source, 'hit')}; detail={source}" for cache, source in sources.items()
    )


_HOW = {Source.ORIGIN: "fwd=miss", Source.JOINED: "fwd=miss; collapsed"}

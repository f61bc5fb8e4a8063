"""The callers' endpoints: `/v1/agents/{agent}/answer` and `/v1/agents/{agent}/speech`.

GET with the text in the query is idempotent, so a proxy may retry it; POST carries the same in a JSON body.
"""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline.api import openapi, wire
from warmline.api.keys import NAME, ApiKeys
from warmline.cache import Source
from warmline.errors import AgentNotFound
from warmline.services.accounts import Accounts
from warmline.services.agents import Agents
from warmline.services.answers import Answers
from warmline.services.speech import Speech, wave_header

_NAME = re.compile(NAME)


class CallerApi:
    """Translates callers' requests into the services' words and back."""

    def __init__(
        self, keys: ApiKeys, accounts: Accounts, agents: Agents, answers: Answers, speech: Speech, *, slot: str
    ) -> None:
        self._keys = keys
        self._accounts = accounts
        self._agents = agents
        self._answers = answers
        self._speech = speech
        self._slot = slot

    def routes(self) -> list[Route]:
        """The endpoints, for the application to mount."""
        return [
            Route("/v1/agents/{agent}/answer", self.answer, methods=["GET", "POST"], name="answer"),
            Route("/v1/agents/{agent}/speech", self.speak, methods=["GET", "POST"], name="speech"),
            Route("/v1/openapi.json", self.document, name="openapi"),
        ]

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
        """Text → audio in the agent's voice: a WAVE file, or headerless s16le mono PCM if the caller prefers."""
        organisation, agent = self._caller(request)
        media_type = wire.audio_type_of(request.headers.get("accept"))
        text = await wire.text_of(request)
        config = await self._agents.config(organisation, agent)
        voice = config.value.voice
        audio = await self._speech.speak(organisation, agent, voice, text)
        headers = self._headers({"config": config.source, "tts": audio.source})
        if media_type == "audio/pcm":
            return Response(audio.value, media_type=f"audio/pcm;rate={voice.sample_rate}", headers=headers)
        header = wave_header(len(audio.value), voice.sample_rate)
        return Response(header + audio.value, media_type="audio/wav", headers=headers)

    async def document(self, request: Request) -> Response:
        """The callers' endpoints as OpenAPI; for everybody, for it says nothing that docs do not."""
        return JSONResponse(openapi.callers())

    def _caller(self, request: Request) -> tuple[str, str]:
        organisation = self._keys.organisation(request.headers.get("authorization"))
        self._accounts.admit(organisation)
        agent = str(request.path_params["agent"])
        if not _NAME.match(agent):
            raise AgentNotFound("there is no such agent in your organisation", field="agent")
        return organisation, agent

    def _headers(self, sources: Mapping[str, Source]) -> dict[str, str]:
        return {
            "Cache-Status": cache_status(sources),
            "X-Warmline-Slot": self._slot,
            "Cache-Control": "private, no-store",
        }


def cache_status(sources: Mapping[str, Source]) -> str:
    """RFC 9211: one member for each cache asked, a hit or a forward to the origin, the layer as detail."""
    return ", ".join(
        f"warmline-{cache}; {_HOW.get(source, 'hit')}; detail={source}" for cache, source in sources.items()
    )


_HOW = {Source.ORIGIN: "fwd=miss", Source.JOINED: "fwd=miss; collapsed"}

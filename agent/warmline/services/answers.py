"""A question to an agent → what the agent says."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from warmline.errors import UpstreamRejected
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.knowledge import Knowledge, Passage
from warmline.services.normalise import normalise
from warmline_cache import Source

T = TypeVar("T")

_LONGEST = 1_000_000
"""Characters of an answer: two hundred times what is spoken as one text."""
_PLACE = "{answer}"


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What the agent says, the passages it rests on (none if it does not know), who answered each lookup, and in how
    many seconds."""

    text: str
    passages: list[Passage]
    sources: dict[str, Source]
    seconds: dict[str, float]


OnQuestion = Callable[[str, str, str], None]
"""Told of an organisation, an agent and a normalised question. Called synchronously; must not raise."""


def _ignore(organisation: str, agent: str, question: str) -> None:
    """Count no question."""


class Answers:
    """Answers from an agent's prompt and its organisation's knowledge. `clock` is monotonic, in seconds.

    `on_question` is told of every question that the knowledge could answer, and of no other.
    """

    def __init__(
        self,
        agents: Agents,
        knowledge: Knowledge,
        *,
        on_question: OnQuestion = _ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agents = agents
        self._knowledge = knowledge
        self._on_question = on_question
        self._clock = clock

    @property
    def provider(self) -> str:
        """Whose words an agent speaks, as it is named in errors and metrics."""
        return self._knowledge.provider

    async def answer(self, organisation: str, agent: str, question: str) -> AgentAnswer:
        """Raises AgentNotFound; UpstreamRejected for an answer longer than anybody hears; UpstreamError or
        SpendLimitReached when something had to be loaded and could not."""
        agents, knowledge = self._agents, self._knowledge
        seconds: dict[str, float] = {}
        config = await self._time("config", seconds, lambda: agents.config(organisation, agent))
        updated_at, top_k = config.value.prompt_updated_at, config.value.top_k
        language = config.value.voice.language
        prompt, found = await asyncio.gather(
            self._time("prompt", seconds, lambda: agents.prompt(organisation, agent, updated_at)),
            self._time(
                "rag", seconds, lambda: knowledge.search(organisation, question, top_k=top_k, language=language)
            ),
        )
        passages = relevant(found.value, config.value)
        if passages:
            self._on_question(organisation, agent, normalise(question, language))
        return AgentAnswer(
            text=word_answer(self.provider, prompt.value, passages),
            passages=passages,
            sources={"config": config.source, "prompt": prompt.source, "rag": found.source},
            seconds=seconds,
        )

    async def _time(self, name: str, seconds: dict[str, float], lookup: Callable[[], Awaitable[T]]) -> T:
        began = self._clock()
        result = await lookup()
        seconds[name] = self._clock() - began
        return result


def relevant(passages: list[Passage], config: AgentConfig) -> list[Passage]:
    """The passages that are close enough to the question for this agent."""
    return [passage for passage in passages if passage.score >= config.minimum_score]


def word_answer(provider: str, prompt: Prompt, passages: list[Passage]) -> str:
    """Word the answer: the best passage as the agent says it, or what the agent says when it does not know.

    Raises UpstreamRejected for more than anybody hears: a prompt may name the passage many times, each of them as long.
    """
    field, said = ("answer", prompt.answer) if passages else ("unknown", prompt.unknown)
    passage = passages[0].answer if passages else _PLACE
    length = len(said) + said.count(_PLACE) * (len(passage) - len(_PLACE))
    if length > _LONGEST:
        raise UpstreamRejected(provider, f"prompt: {length} characters to say - at `$.{field}`")
    return said.replace(_PLACE, passage)

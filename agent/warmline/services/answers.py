"""A question to an agent → what the agent says."""

import asyncio
from dataclasses import dataclass

from warmline.cache import Source
from warmline.services.agents import AgentConfig, Agents, Prompt
from warmline.services.knowledge import Knowledge, Passage


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent says, the passages it rests on (none if it does not know), and who answered each lookup."""

    text: str
    passages: list[Passage]
    sources: dict[str, Source]


class Answers:
    """Answers from an agent's prompt and its organisation's knowledge."""

    def __init__(self, agents: Agents, knowledge: Knowledge) -> None:
        self._agents = agents
        self._knowledge = knowledge

    async def answer(self, organisation: str, agent: str, question: str) -> Answer:
        """Raises AgentNotFound, or UpstreamError or SpendLimitReached when something had to be loaded and could not."""
        config = await self._agents.config(organisation, agent)
        prompt, found = await asyncio.gather(
            self._agents.prompt(organisation, agent, config.value.prompt_updated_at),
            self._knowledge.search(organisation, question, top_k=config.value.top_k),
        )
        passages = relevant(found.value, config.value)
        return Answer(
            text=worded(prompt.value, passages),
            passages=passages,
            sources={"config": config.source, "prompt": prompt.source, "rag": found.source},
        )


def relevant(passages: list[Passage], config: AgentConfig) -> list[Passage]:
    """The passages that are close enough to the question for this agent."""
    return [passage for passage in passages if passage.score >= config.minimum_score]


def worded(prompt: Prompt, passages: list[Passage]) -> str:
    """The best passage in the agent's own words, or what it says when it does not know."""
    if not passages:
        return prompt.unknown
    return prompt.answer.replace("{answer}", passages[0].answer)

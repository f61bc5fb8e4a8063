"""How answers are chosen and worded. The whole path is in tests/integration/test_answers.py."""

import pytest

from warmline.errors import UpstreamRejected
from warmline.services.agents import AgentConfig, Prompt
from warmline.services.answers import relevant, word_answer
from warmline.services.knowledge import Passage
from warmline.upstream.ports import Voice

PROMPT = Prompt(instructions="", answer="{answer} Bye.", unknown="No idea.")
CONFIG = AgentConfig(
    name="Asha",
    voice=Voice(model="m", speaker="s", language="en-IN"),
    greeting="Hi",
    prompt_updated_at=1,
    minimum_score=0.3,
)


def test_passages_below_the_agents_bar_are_left_out() -> None:
    near, far = Passage("1", 0.31, "q", "a"), Passage("2", 0.29, "q", "b")
    assert relevant([near, far], CONFIG) == [near]


def test_the_best_passage_is_put_into_the_prompts_words() -> None:
    passages = [Passage("1", 0.9, "q", "It aches."), Passage("2", 0.8, "q", "b")]
    assert word_answer("convex", PROMPT, passages) == "It aches. Bye."


def test_without_a_passage_the_agent_says_that_it_does_not_know() -> None:
    assert word_answer("convex", PROMPT, []) == "No idea."


def test_an_answer_that_its_prompt_makes_endless_is_the_providers_fault_and_never_made() -> None:
    passage = Passage("1", 0.9, "q", "a" * 1_000_000)
    prompt = Prompt(instructions="", answer="{answer}" * 100_000, unknown="")
    with pytest.raises(UpstreamRejected, match=r"100000000000 characters to say - at `\$\.answer`"):
        word_answer("convex", prompt, [passage])
    assert word_answer("convex", PROMPT, [Passage("1", 0.9, "q", "a" * 900_000)]).endswith("a Bye.")

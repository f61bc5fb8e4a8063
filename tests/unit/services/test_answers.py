"""How questions are compared and answers are worded. The whole path is in tests/integration/test_answers.py."""

import pytest

from warmline.services.agents import AgentConfig, Prompt
from warmline.services.answers import relevant, worded
from warmline.services.knowledge import Passage, normalised
from warmline.upstream.ports import Voice

PROMPT = Prompt(instructions="", answer="{answer} Bye.", unknown="No idea.")
CONFIG = AgentConfig(
    name="Asha",
    voice=Voice(model="m", speaker="s", language="en-IN"),
    greeting="Hi",
    prompt_updated_at=1,
    minimum_score=0.3,
)


@pytest.mark.parametrize(
    "spelling", ["What is knee pain?", "what is knee pain", "  WHAT is\tknee  pain ?!", "What is knee pain…"]
)
def test_spellings_of_one_question_are_one_question(spelling: str) -> None:
    assert normalised(spelling) == "what is knee pain"


def test_questions_that_differ_in_a_word_stay_apart() -> None:
    assert normalised("what is hip pain") != normalised("what is knee pain")


def test_passages_below_the_agents_bar_are_left_out() -> None:
    near, far = Passage("1", 0.31, "q", "a"), Passage("2", 0.29, "q", "b")
    assert relevant([near, far], CONFIG) == [near]


def test_the_best_passage_is_put_into_the_prompts_words() -> None:
    assert worded(PROMPT, [Passage("1", 0.9, "q", "It aches."), Passage("2", 0.8, "q", "b")]) == "It aches. Bye."


def test_without_a_passage_the_agent_says_that_it_does_not_know() -> None:
    assert worded(PROMPT, []) == "No idea."

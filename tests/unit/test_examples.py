"""Who runs the tests does not matter: Hypothesis tries the same examples for everybody, unless asked to search."""

import os
import subprocess
import sys

from tests.support.processes import ROOT

DRAWS = """
from hypothesis import given, settings, strategies as st
from tests.support.examples import examples, register

register()
drawn = []

@examples(40)
@given(st.text(), st.integers())
def draw(text, number):
    drawn.append((text, number))

draw()
print(len(drawn), drawn)
"""


def drawn(**environment: str) -> str:
    """What a machine with these variables draws."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"CI", "GITHUB_ACTIONS"}}
    command = [sys.executable, "-X", "utf8", "-c", DRAWS]
    return subprocess.run(
        command, cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True, check=True
    ).stdout


def test_every_machine_tries_the_same_examples_in_ci_and_elsewhere() -> None:
    assert drawn(PYTHONHASHSEED="1") == drawn(PYTHONHASHSEED="2", CI="true")


def test_a_search_tries_others_and_twenty_times_as_many() -> None:
    one, other = drawn(WARMLINE_HYPOTHESIS="search"), drawn(WARMLINE_HYPOTHESIS="search", CI="true")
    assert one != other
    assert (one.split()[0], other.split()[0], drawn().split()[0]) == ("800", "800", "40")

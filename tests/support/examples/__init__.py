"""How many examples Hypothesis tries, and which: the same ones for everybody, or a search for new ones.

`fixed` is what every `pytest` runs, wherever it runs. `search` is random; a seed, given as `--hypothesis-seed`, makes
it that search again. A test that says nothing has the profile's number; one that needs another says `@examples(40)`,
which a search multiplies like all others.
"""

import os

from hypothesis import HealthCheck, settings

FIXED, SEARCH = "fixed", "search"
_USUAL = 100
"""Examples of a test in `fixed`; what `examples` counts in."""


def register() -> None:
    """Name both profiles, and load the one that WARMLINE_HYPOTHESIS names, `fixed` if it names none.

    `--hypothesis-profile` is heard later, and wins. WARMLINE_EXAMPLES: how many examples a test has in a search.
    """
    settings.register_profile(
        FIXED,
        max_examples=_USUAL,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],  # a machine's speed is no property of what is tested
    )
    settings.register_profile(
        SEARCH,
        settings.get_profile(FIXED),
        derandomize=False,
        max_examples=int(os.environ.get("WARMLINE_EXAMPLES", 20 * _USUAL)),
    )
    settings.load_profile(os.environ.get("WARMLINE_HYPOTHESIS", FIXED))


def searching() -> bool:
    """Whether this run looks for new examples."""
    return settings.get_current_profile_name().startswith(SEARCH)


def scaled(count: int) -> int:
    """As many examples as a test with `count` of them has in this run."""
    usual = settings.get_profile(settings.get_current_profile_name())
    return max(1, count * usual.max_examples // _USUAL)


def examples(count: int, parent: settings | None = None) -> settings:
    """The settings of a test that has `count` examples in `fixed`; `parent`: whatever else is not as in the profile."""
    return settings(parent, max_examples=scaled(count))

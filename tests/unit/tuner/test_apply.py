import textwrap

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from warmline.errors import SettingsError
from warmline.tuner import applied

NUMBERS = {"cache_rag_ttl": 1800, "cache_tts_max_entries": 181}


def test_settings_are_changed_in_their_places_and_every_comment_stays() -> None:
    before = textwrap.dedent("""\
        # What production is.
        agent_profile: high_traffic   # the larger one
        agent_settings:   # any further setting
          # the account's own
          sarvam_sockets_account: 100
          cache_rag_ttl: 600  # half of what it was

        # Your provider signs webhooks with it.
        agent_webhook_secrets: ["{{ vault_webhook_secret }}"]
        """)
    assert applied(before, NUMBERS) == before.replace(
        "cache_rag_ttl: 600  # half of what it was",
        "cache_rag_ttl: 1800  # half of what it was\n  cache_tts_max_entries: 181",
    )


@pytest.mark.parametrize("before", ["", "---\n", "agent_profile: low_traffic\n"])
def test_a_file_without_settings_gets_them_at_its_end(before: str) -> None:
    after = applied(before, NUMBERS)
    assert after.startswith(before.rstrip("\n"))
    assert yaml.safe_load(after)["agent_settings"] == NUMBERS


@pytest.mark.parametrize("empty", ["agent_settings: {}", "agent_settings: {}  # none", "agent_settings:"])
def test_empty_settings_are_filled(empty: str) -> None:
    assert yaml.safe_load(applied(f"{empty}\nb: 1\n", NUMBERS)) == {"agent_settings": NUMBERS, "b": 1}


@pytest.mark.parametrize(
    "before",
    [
        "agent_settings: {cache_rag_ttl: 600}\n",
        'agent_settings: "{{ other }}"\n',
        "agent_settings:\n  a: 1\nagent_settings:\n  b: 1\n",
    ],
)
def test_what_cannot_be_changed_safely_is_refused(before: str) -> None:
    with pytest.raises(SettingsError, match="one setting a line"):
        applied(before, NUMBERS)


NAMES = st.sampled_from(["cache_rag_ttl", "cache_tts_ttl", "profile", "warming_seconds", "log_level"])
VALUES = st.one_of(st.integers(0, 10**6), st.sampled_from(["debug", "'a # b'", "[1, 2]", '"{{ x }}"']))
COMMENTS = st.sampled_from(["", "  # why", " #", "   # a: b"])
SETTINGS = st.dictionaries(NAMES, st.tuples(VALUES, COMMENTS), min_size=1)
AROUND = st.lists(st.sampled_from(["", "# a comment", "other: 1  # x", "list:\n  - 1"]), max_size=3, unique=True)


@given(before=AROUND, settings=SETTINGS, after=AROUND, indent=st.sampled_from(["  ", "    "]))
def test_whatever_else_stands_in_the_file_stands_there_afterwards(
    before: list[str], settings: dict[str, tuple[object, str]], after: list[str], indent: str
) -> None:
    body = [f"{indent}{name}: {value}{comment}" for name, (value, comment) in settings.items()]
    rest = [line.replace("other", "another").replace("list", "lists") for line in after]
    text = "\n".join([*before, "agent_settings:", *body, *rest, ""])
    result = applied(text, NUMBERS)
    was, now = yaml.safe_load(text), yaml.safe_load(result)
    assert now == {**was, "agent_settings": {**was["agent_settings"], **NUMBERS}}
    changed = [line for line in text.split("\n") if line not in result.split("\n")]
    assert all("cache_rag_ttl" in line for line in changed)
    assert result.count("#") == text.count("#")
    assert applied(result, NUMBERS) == result

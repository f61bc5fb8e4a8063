import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from warmline.errors import SettingsError
from warmline_studies.tuner import applied, write

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


HARMLESS = "\nagent_settings:\n  cache_rag_ttl: 1\n"


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "encrypted by ansible-vault"),
        ('"agent_settings":\n  a: 1\n', "line 1 begins neither"),
        ("'agent_settings':\n  a: 1\n", "line 1 begins neither"),
        ("agent_settings :\n  a: 1\n", "line 1 begins neither"),
        ("agent_settings:{}\n", "line 1 begins neither"),
        ("? agent_settings\n: {}\n", "line 1 begins neither"),
        ("\ufeffagent_settings:\n  a: 1\n", "line 1 begins neither"),
        ("{other: 1}\n", "line 1 begins neither"),
        ("- one\n- two\n", "line 1 begins neither"),
        ("---\n- one\n", "line 2 begins neither"),
        ("other: 1\n...\n", "line 2 begins neither"),
        ("other: 'two\nlines'\n" + HARMLESS, "line 2 begins neither"),
        ("\tother: 1\n", "line 1 begins neither"),
        ("a: 1\n---\nb: 1\n---\n", "more than one document"),
        ("a: 1\r\nb: 2\n", "line break of another kind"),
        ("a: 1\rb: 2\n", "line break of another kind"),
        ("agent_settings: &anchor\n  a: 1\n", "one setting a line"),
        ('agent_settings:\n  "cache_rag_ttl": 600\n', "one setting a line"),
        ("agent_settings:\n  cache_rag_ttl : 600\n", "one setting a line"),
        ("agent_settings:\n  cache_rag_ttl: >-\n    600\n", "one setting a line"),
        ("agent_settings:\n  cache_rag_ttl:\n    600\n", "one setting a line"),
        ("agent_settings:\n    a: 1\n  b: 1\n", "one setting a line"),
        ("agent_settings:\n  - a\n", "one setting a line"),
        ("other: 'one\nagent_settings:\n  a: 1'\n", "would not say what it said"),
        ("other: |+\n  kept to its end\n\n\n", "would not say what it said"),
        ("other: [1\n", "would not say what it said"),
    ],
)
def test_a_file_that_says_more_than_its_lines_show_is_refused(before: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        applied(before, NUMBERS)


def test_lists_of_variables_and_secrets_between_plain_ones_are_no_hindrance() -> None:
    before = "---\nlist:\n- 1\n- {a: 1}\nsecret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: '{{ c }}'\n"
    assert applied(before, NUMBERS).startswith(before + "\nagent_settings:\n")


def test_lines_end_as_they_did() -> None:
    before = "a: 1\r\nagent_settings:\r\n  cache_rag_ttl: 600\r\nb: 2\r\n"
    after = applied(before, NUMBERS)
    assert after == before.replace("600", "1800\r\n  cache_tts_max_entries: 181")
    assert applied("a: 1\r\n", NUMBERS).count("\n") == applied("a: 1\r\n", NUMBERS).count("\r\n") == 5


def test_settings_that_belong_to_others_may_take_more_than_a_line() -> None:
    before = "agent_settings:\n  popular_opt_out:\n    - lakeside\n  cache_rag_ttl:  # none yet\n"
    assert applied(before, {"cache_rag_ttl": 60}) == before.replace("ttl:  #", "ttl: 60  #")


def test_a_link_stays_a_link_and_what_it_leads_to_is_changed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file, link = tmp_path / "real" / "vars.yml", tmp_path / "vars.yml"
    file.write_bytes(b"agent_settings:\r\n  cache_rag_ttl: 1\r\n")
    link.symlink_to(file)
    write(link, {"cache_rag_ttl": 60})
    assert link.is_symlink()
    assert file.read_bytes() == b"agent_settings:\r\n  cache_rag_ttl: 60\r\n"
    assert [one.name for one in file.parent.iterdir()] == ["vars.yml"]


def test_what_cannot_be_changed_is_refused_by_the_name_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "vars.yml"
    for content in (b"$ANSIBLE_VAULT;1.1;AES256\n", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(SettingsError, match=r"vars\.yml"):
            write(file, NUMBERS)
        assert file.read_bytes() == content


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

import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from warmline.errors import SettingsError
from warmline_studies.tuner import edit, write

NUMBERS = {"cache_rag_ttl": 1800, "cache_tts_max_entries": 181}


def test_settings_are_changed_in_their_places_and_every_comment_stays() -> None:
    before = textwrap.dedent("""\
        # What production is.
        agent_profile: high_traffic   # the larger one
        agent_settings:   # any further setting
          # the account's own
          speech_sockets_account: 100
          cache_rag_ttl: 600  # half of what it was

        # Your provider signs webhooks with it.
        agent_webhook_secrets: ["{{ vault_webhook_secret }}"]
        """)
    assert edit(before, NUMBERS) == before.replace(
        "cache_rag_ttl: 600  # half of what it was",
        "cache_rag_ttl: 1800  # half of what it was\n  cache_tts_max_entries: 181",
    )


@pytest.mark.parametrize(
    "before", ["", "---\n", "agent_profile: low_traffic\n", "a: 1\n\n\n", "a: 1", "a: |+\n  kept to its end\n\n\n"]
)
def test_a_file_without_settings_gets_them_at_its_end(before: str) -> None:
    after = edit(before, NUMBERS)
    assert after.startswith(before)
    assert yaml.safe_load(after)["agent_settings"] == NUMBERS


@pytest.mark.parametrize("empty", ["agent_settings: {}", "agent_settings: {}  # none", "agent_settings:"])
def test_empty_settings_are_filled(empty: str) -> None:
    assert yaml.safe_load(edit(f"{empty}\nb: 1\n", NUMBERS)) == {"agent_settings": NUMBERS, "b": 1}


def test_empty_settings_leave_no_trace_and_keep_their_comment() -> None:
    assert edit("agent_settings: {}  # none\nb: 1\n", {"a": 1}) == "agent_settings:  # none\n  a: 1\nb: 1\n"
    assert edit("agent_settings: {}\nb: 1\n", {"a": 1}) == "agent_settings:\n  a: 1\nb: 1\n"


def test_settings_are_added_below_the_last_even_if_it_repeats_what_stands_elsewhere() -> None:
    for last in ("b: *base", "b:\n    - {c: *base}", "b: |\n    # text"):
        before = f"base: &base [1]\nagent_settings:\n  {last}\n"
        assert edit(before, {"a": 1}) == before + "  a: 1\n"


@pytest.mark.parametrize(
    "before",
    [
        "agent_settings: {cache_rag_ttl: 600}\n",
        'agent_settings: "{{ other }}"\n',
        "? agent_settings\n: {}\n",
        "agent_settings:\n  cache_rag_ttl: >-\n    600\n",
        "agent_settings:\n  cache_rag_ttl:\n    600\n",
        "agent_settings:\n  cache_rag_ttl:\n    a: 1\n# a comment\n",
        "agent_settings:\n  a: &a 1\n  cache_rag_ttl: *a\n",
        "agent_settings:\n  cache_rag_ttl: &a 1\n  a: *a\n",
        "agent_settings:\n  - a\n",
        "agent_settings: {  # a comment\n}\n",
        "base: &base\n  cache_rag_ttl: 1\nagent_settings: *base\n",
    ],
)
def test_what_cannot_be_changed_safely_is_refused(before: str) -> None:
    with pytest.raises(SettingsError, match="one setting a line"):
        edit(before, NUMBERS)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "encrypted by ansible-vault"),
        ("agent_settings:{}\n", "line 1: this is no dictionary"),
        ("- one\n- two\n", "line 1: this is no dictionary"),
        ("---\n- one\n", "line 2: this is no dictionary"),
        ("\tother: 1\n", "line 1: while scanning for the next token"),
        ("a: 1\n---\nb: 1\n---\n", "line 2: expected a single document"),
        ("agent_settings:\n    a: 1\n  b: 1\n", "line 3: while parsing a block mapping"),
        ("agent_settings:\n  a: 1\nagent_settings:\n  b: 1\n", "a key stands twice"),
        ("other: [1\n", "line 2: while parsing a flow sequence"),
        ("[" * 5000, "recursion"),
        ("{other: 1}\n", "would not say what it said"),
        ("other: 1\n...\n", "would not say what it said"),
        ("other: |+\n  kept to its end\n", "would not say what it said"),
    ],
)
def test_a_file_that_is_not_one_document_of_variables_or_would_say_something_else_is_refused(
    before: str, says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        edit(before, NUMBERS)


@pytest.mark.parametrize(
    "before",
    [
        '"agent_settings":\n  cache_rag_ttl: 600\n',
        "'agent_settings':\n  cache_rag_ttl: 600\n",
        "agent_settings :\n  cache_rag_ttl: 600\n",
        "\ufeffagent_settings:\n  cache_rag_ttl: 600\n",
        "agent_settings: &anchor\n  cache_rag_ttl: 600\n",
        "agent_settings:\n  cache_rag_ttl: &anchor 600\n",
        "agent_settings:\n  cache_rag_ttl: !!int &anchor 600  # why\n",
        'agent_settings:\n  "cache_rag_ttl": 600\n',
        "agent_settings:\n  cache_rag_ttl : 600\n",
        "agent_settings:\n  cache_rag_ttl:    600   # far\n",
        "other: 'two\nlines'\nagent_settings:\n  cache_rag_ttl: 600\n",
        "other: 'one\nagent_settings:\n  a: 1'\nagent_settings:\n  cache_rag_ttl: 600\n",
        "a: 1\r\nb: 2\nagent_settings:\r\n  cache_rag_ttl: 600\r\n",
    ],
)
def test_however_a_setting_is_written_its_number_alone_is_changed(before: str) -> None:
    assert edit(before, {"cache_rag_ttl": 1800}) == before.replace("600", "1800")


def test_lists_of_variables_and_secrets_between_plain_ones_are_no_hindrance() -> None:
    before = "---\nlist:\n- 1\n- {a: 1}\nsecret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: '{{ c }}'\n"
    assert edit(before, NUMBERS).startswith(before + "\nagent_settings:\n")


def test_lines_end_as_they_did() -> None:
    before = "a: 1\r\nagent_settings:\r\n  cache_rag_ttl: 600\r\nb: 2\r\n"
    after = edit(before, NUMBERS)
    assert after == before.replace("600", "1800\r\n  cache_tts_max_entries: 181")
    assert edit("a: 1\r\n", NUMBERS).count("\n") == edit("a: 1\r\n", NUMBERS).count("\r\n") == 5


@pytest.mark.parametrize(
    "before", ["agent_settings:", "agent_settings:\n  cache_rag_ttl:", "agent_settings: {}", "a: 1"]
)
def test_a_file_whose_last_line_has_no_end_is_changed_too(before: str) -> None:
    assert yaml.safe_load(edit(before, NUMBERS))["agent_settings"] == NUMBERS


def test_settings_that_belong_to_others_may_take_more_than_a_line() -> None:
    before = "agent_settings:\n  popular_opt_out:\n    - lakeside\n  cache_rag_ttl:  # none yet\n"
    assert edit(before, {"cache_rag_ttl": 60}) == before.replace("ttl:  #", "ttl: 60  #")


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
LONG = st.sampled_from([">-\n{0}  a # b\n{0}  c", "\n{0}  - a\n{0}  # b\n{0}  - c", "\n{0}  a: 1\n{0}  b:", "&a 1"])
COMMENTS = st.sampled_from(["", "  # why", " #", "   # a: b"])
SETTINGS = st.dictionaries(NAMES, st.tuples(VALUES, COMMENTS), min_size=1)
AROUND = st.lists(st.sampled_from(["", "# a comment", "other: 1  # x", "list:\n  - 1"]), max_size=3, unique=True)


@given(
    before=AROUND,
    settings=SETTINGS,
    long=st.none() | LONG,
    after=AROUND,
    indent=st.sampled_from(["  ", "    "]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_else_stands_in_the_file_stands_there_afterwards(
    before: list[str],
    settings: dict[str, tuple[object, str]],
    long: str | None,
    after: list[str],
    indent: str,
    ends: str,
) -> None:
    rest = [line.replace("other", "another").replace("list", "lists") for line in after]
    last = [] if long is None else [f"{indent}long: {long.format(indent)}"]

    def file(numbers: dict[str, int]) -> str:
        changed = {name: (numbers.get(name, value), comment) for name, (value, comment) in settings.items()}
        body = [f"{indent}{name}: {value}{comment}" for name, (value, comment) in changed.items()]
        added = [f"{indent}{name}: {number}" for name, number in numbers.items() if name not in settings]
        return "\n".join([*before, "agent_settings:", *body, *last, *added, *rest, ""]).replace("\n", ends)

    result = edit(file({}), NUMBERS)
    assert result == file(NUMBERS)
    was, now = yaml.safe_load(file({})), yaml.safe_load(result)
    assert now == {**was, "agent_settings": {**was["agent_settings"], **NUMBERS}}
    assert edit(result, NUMBERS) == result

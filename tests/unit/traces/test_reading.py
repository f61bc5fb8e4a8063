import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline_studies.traces import Entry, Kind, Problems, TraceError, line, read

GOOD = Entry(1.5, "sahyadri", "reception", "127.1.2.1", Kind.QUESTION, "What is knee pain?")


def broken(**fields: object) -> str:
    """A line that differs from a good one in these fields; None takes one away."""
    whole = {**json.loads(line(GOOD)), **fields}
    return json.dumps({name: value for name, value in whole.items() if value is not None})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    entries = [GOOD, Entry(2.0, "sahyadri", "", "", Kind.INVALIDATE, "knowledge")]
    file = tmp_path / "trace.jsonl"
    file.write_bytes(b"\n".join([line(one) for one in entries]))
    assert list(read(file)) == entries


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        (broken(at=None), "missing required field `at`"),
        (broken(at="1"), "Expected `float`, got `str` - at `$.at`"),
        (broken(at=-1), "$.at"),
        (broken(kind="shout"), "'shout'"),
        (broken(caller="127.1.2.256"), "$.caller"),
        (broken(caller="2001:db8::1"), "$.caller"),
        (broken(organisation="A b"), "$.organisation"),
        (broken(organisation="a\n"), "$.organisation"),
        (broken(agent="a\n"), "$.agent"),
        (broken(agent="\n"), "$.agent"),
        (broken(caller="127.1.2.1\n"), "$.caller"),
        (broken(caller="\n"), "$.caller"),
        ('{"at":' + "[" * 20_000 + "]" * 20_000 + "}", "$.at"),
        ('{"colour":' + "[" * 20_000 + "]" * 20_000 + "}", "colour"),
        (broken(colour="red"), "`colour`"),
        (broken(text="x" * 6000), "$.text"),
        (broken(text=" "), "a question needs its text"),
        (broken(agent="", caller="", kind="greeting"), "a greeting needs its agent and caller"),
        (broken(at=1.0), "at 1 comes after 1.5: a trace is sorted by `at`"),
        (broken(text="x" * 70_000), "longer than 65,536 bytes"),
    ],
)
def test_a_wrong_line_is_named_with_its_number_and_what_is_wrong(wrong: str, says: str) -> None:
    with pytest.raises(TraceError) as caught:
        list(read([line(GOOD), "\n", wrong]))
    assert caught.value.lines[0].startswith("line 3: ")
    assert says in caught.value.lines[0]


def test_bytes_that_are_no_text_are_a_wrong_line(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_bytes(line(GOOD) + line(GOOD).replace(b"knee", b"\xff\xfe"))
    with pytest.raises(TraceError, match="line 2: "):
        list(read(file))


def test_a_report_names_ten_lines_and_no_more() -> None:
    with pytest.raises(TraceError) as caught:
        list(read(["{"] * 1000))
    assert len(caught.value.lines) == 11
    assert caught.value.lines[-1] == "nothing beyond that was looked at"


def test_nothing_after_a_wrong_line_is_handed_out() -> None:
    entries = read([line(GOOD), "{", line(GOOD)])
    assert next(entries) == GOOD
    with pytest.raises(TraceError):
        next(entries)


def test_wrong_lines_are_left_out_and_counted_if_asked() -> None:
    problems = Problems()
    lines: list[str | bytes] = [line(GOOD), *["{"] * 12, broken(at=0.5), line(GOOD)]
    assert list(read(lines, skip=True, problems=problems)) == [GOOD, GOOD]
    assert problems.count == 13
    assert problems.report()[-1] == "and 3 more"


@pytest.mark.parametrize("lines", [[], ["\n", "  "]])
def test_a_trace_without_entries_is_refused(lines: list[str]) -> None:
    with pytest.raises(TraceError, match="there are no entries"):
        list(read(lines))


def test_a_trace_is_read_as_it_comes() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield line(GOOD)

    assert list(islice(read(endless()), 3)) == [GOOD] * 3


def test_a_line_without_end_does_not_fill_memory(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    with file.open("wb") as out:
        out.truncate(200_000_000)
        out.seek(0, 2)
        out.write(b"\n" + line(GOOD))
    problems = Problems()
    assert list(read(file, skip=True, problems=problems)) == [GOOD]
    assert problems.report() == ["line 1: longer than 65,536 bytes"]


@given(st.lists(st.one_of(st.binary(max_size=50), st.text(max_size=50))))
def test_no_line_whatever_breaks_the_reader(lines: list[bytes | str]) -> None:
    problems = Problems()
    assert list(read([*lines, line(GOOD)], skip=True, problems=problems)) == [GOOD]

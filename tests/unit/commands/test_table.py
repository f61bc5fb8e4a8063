"""The table that every command draws, and the JSON beside it."""

from warmline.commands.table import as_json, draw


def test_cells_stand_under_each_other_and_numbers_end_alike() -> None:
    assert draw([("name", "ms"), ("a", "1"), ("longer", "12")], right=(1,), indent="  ") == [
        "  name    ms",
        "  a        1",
        "  longer  12",
    ]


def test_no_line_ends_in_spaces() -> None:
    assert draw([("a", ""), ("abc", "b")]) == ["a", "abc  b"]


def test_a_table_without_rows_has_no_lines() -> None:
    assert draw([]) == []


def test_json_is_one_line_that_keeps_letters_as_they_are() -> None:
    assert as_json({"answer": "घुटने\n"}) == '{"answer": "घुटने\\n"}'

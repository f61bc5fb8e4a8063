"""What the check makes of Prometheus' answers."""

import re
from collections.abc import Mapping
from typing import Any

from dashboards import check
from dashboards.check import Question
from dashboards.expressions import parsed


def answering(*values: str) -> check.Ask:
    """A Prometheus with one series of these values for every question, or none."""
    result = [{"metric": {}, "values": [[at, value] for at, value in enumerate(values)]}] if values else []
    return lambda path, parameters: {"status": "success", "data": {"result": result}}


def found(ask: check.Ask, *, must: bool = True) -> list[str]:
    return [one.error for one in check.findings(ask, [Question("a panel", "up", must)], end=1000, seconds=60)]


def test_a_panel_has_data_if_it_had_a_number_at_any_time() -> None:
    assert found(answering("NaN", "0", "NaN")) == []


def test_no_series_and_nothing_but_ratios_of_nought_are_no_data() -> None:
    assert found(answering()) == found(answering("NaN", "NaN")) == ["no data"]


def test_what_only_shows_after_something_happened_may_be_empty_but_not_wrong() -> None:
    def refusing(path: str, parameters: Mapping[str, str]) -> Any:
        return {"status": "error", "error": "unknown function"}

    assert found(answering(), must=False) == []
    assert found(refusing, must=False) == ["unknown function"]


def test_every_question_is_promql_with_no_variable_left_in_it() -> None:
    asked = list(check.questions())
    assert len(asked) > 150
    for one in asked:
        assert not re.search(r"\$[a-z_]", one.expr), one
        parsed(one.expr)


def test_hardly_a_panel_is_excused() -> None:
    panels = [one for one in check.questions() if ", panel " in one.place]
    assert sum(one.must for one in panels) > 0.85 * len(panels)

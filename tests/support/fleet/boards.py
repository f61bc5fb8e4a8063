"""What Grafana's boards ask of Prometheus, as their JSON says it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Board = Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """One question of one panel. The board's variables are filled in; Grafana's own, as $__rate_interval, are not."""

    panel: str
    ref: str
    expression: str
    instant: bool


def queries(board: Board) -> Iterator[Query]:
    """Every query of every panel, those in collapsed rows as well."""
    for panel in _panels(board.get("panels", [])):
        for target in panel.get("targets", []):
            if target.get("expr"):
                expression = _filled(target["expr"], board)
                yield Query(panel["title"], target["refId"], expression, bool(target.get("instant")))


def _panels(listed: list[Board]) -> Iterator[Board]:
    for panel in listed:
        yield panel
        yield from _panels(panel.get("panels", []))


def _filled(expression: str, board: Board) -> str:
    """`$name`, `${name}` and `${name:format}` become what is chosen or, for "All", what matches everything."""
    for variable in board.get("templating", {}).get("list", []):
        chosen = variable.get("current", {}).get("value")
        value = chosen if isinstance(chosen, str) and chosen not in {"", "$__all"} else ".+"
        name = re.escape(variable["name"])
        expression = re.sub(rf"\$(?:{name}\b|\{{{name}(?::\w+)?\}})", value.replace("\\", r"\\"), expression)
    return expression

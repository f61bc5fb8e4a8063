"""PromQL as boards and rules write it, taken apart: which series it reads, and which labels its answer has."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import promql_parser as promql

RATE_INTERVAL = timedelta(seconds=7919)
"""Stands for `$__rate_interval`: no range that anybody would write."""
_VARIABLES = {"$__rate_interval": "7919s"}
_CHOSEN = re.compile(r"\$\{?[a-z]+\}?")

Labels = Callable[[str], frozenset[str] | None]
"""The labels that a metric's series have; None for a metric that does not exist."""


@dataclass(frozen=True)
class Selector:
    """One metric that is read: its matchers by label, over which range, and the function around it, if there is one."""

    metric: str
    matchers: dict[str, str]
    range: timedelta | None
    function: str | None


def parsed(expr: str) -> promql.Expr:
    """Raises ValueError for what is no PromQL."""
    for name, value in _VARIABLES.items():
        expr = expr.replace(name, value)
    return promql.parse(expr)


def selectors(node: promql.Expr, function: str | None = None) -> Iterator[Selector]:
    """Every selector in it."""
    match node:
        case promql.VectorSelector():
            yield _selector(node, None, function)
        case promql.MatrixSelector():
            yield _selector(node.vector_selector, node.range, function)
        case promql.Call():
            for argument in node.args:
                yield from selectors(argument, node.func.name)
        case _:
            for child in children(node):
                yield from selectors(child)


def _selector(node: promql.VectorSelector, range_: timedelta | None, function: str | None) -> Selector:
    matchers = {one.name: one.value for one in node.matchers.matchers}
    return Selector(node.name or matchers.get("__name__", ""), matchers, range_, function)


def children(node: promql.Expr) -> list[promql.Expr]:
    """What it is made of."""
    match node:
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql.Call():
            return list(node.args)
        case promql.MatrixSelector():
            return [node.vector_selector]
        case promql.AggregateExpr():
            return [node.expr, *([node.param] if node.param else [])]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [node.expr]
        case _:
            return []


def walk(node: promql.Expr) -> Iterator[promql.Expr]:
    """It and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)


def bare(node: promql.Expr) -> promql.Expr:
    """Without the parentheses around it."""
    while isinstance(node, promql.ParenExpr):
        node = node.expr
    return node


def result_labels(node: promql.Expr, known: Labels) -> frozenset[str]:
    """The labels that the answer's series can have."""
    node = bare(node)
    match node:
        case promql.VectorSelector():
            return known(_selector(node, None, None).metric) or frozenset()
        case promql.AggregateExpr():
            return _aggregated(node, result_labels(node.expr, known))
        case promql.BinaryExpr():
            return _joined(node, known)
        case promql.Call():
            return _called(node, known)
        case _:
            return frozenset().union(*(result_labels(child, known) for child in children(node)))


def _called(node: promql.Call, known: Labels) -> frozenset[str]:
    match node.func.name:
        case "histogram_quantile":
            return result_labels(node.args[1], known) - {"le"}
        case "vector" | "time" | "scalar":
            return frozenset()
        case "absent" | "absent_over_time":
            return frozenset(label for one in selectors(node) for label in one.matchers)
        case _:
            return frozenset().union(*(result_labels(argument, known) for argument in node.args))


def _aggregated(node: promql.AggregateExpr, inner: frozenset[str]) -> frozenset[str]:
    operator = str(node.op)
    if operator.startswith(("topk", "bottomk")):
        return inner
    if node.modifier is None:
        return frozenset()
    named = frozenset(node.modifier.labels)
    return inner - named if node.modifier.type == promql.AggModifierType.Without else named


def _joined(node: promql.BinaryExpr, known: Labels) -> frozenset[str]:
    left, right = result_labels(node.lhs, known), result_labels(node.rhs, known)
    if str(node.op) == "or":
        return left | right
    if isinstance(bare(node.lhs), promql.NumberLiteral):
        return right
    return left | frozenset(node.modifier.group_labels or () if node.modifier is not None else ())


def grouped(node: promql.Expr) -> Iterator[tuple[promql.AggregateExpr, frozenset[str]]]:
    """Every aggregation in it that names labels, with them."""
    for one in walk(node):
        if isinstance(one, promql.AggregateExpr) and one.modifier is not None:
            yield one, frozenset(one.modifier.labels)


def chosen(value: str) -> bool:
    """Whether a matcher's value is a board's variable."""
    return bool(_CHOSEN.fullmatch(value))

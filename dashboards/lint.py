"""What is wrong with a board, a rule or an alert. The rules are those of Grafana's dashboard-linter where they fit a
fleet whose jobs are known, and ours: titles to scan, axes from nought, metrics and labels that exist, ratios of
sums.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import promql_parser as promql

from dashboards.contract import Contract, level, recorded
from dashboards.expressions import RATE_INTERVAL, bare, grouped, parsed, result_labels, selectors, walk

UNITS = frozenset("none s bytes percentunit ops reqps Bps dateTimeFromNow".split())
"""Those of Grafana's units that our boards use; a misspelt one shows as plain numbers."""
_RATES = frozenset({"rate", "increase", "irate", "resets"})
_EVERYBODYS = ("process_", "python_", "go_")
_SHORTEST = timedelta(seconds=20)
"""Four scrapes: a rate over less loses series by chance."""
_SCANNED = 40
_LETTERS = 7.7
"""How many more letters of a title each column of Grafana's grid shows on a screen of 1,600 pixels."""
_ENVIRONMENT = "environment"
_LEGEND = re.compile(r"{{\s*(\w+)\s*}}")
_REF = {"type": "prometheus", "uid": "${datasource}"}


# -- expressions


def expression(expr: str, contract: Contract, *, board: bool) -> Iterator[str]:
    """What is wrong with it; `board` if it is asked with Grafana's variables."""
    try:
        node = parsed(expr)
    except ValueError as error:
        yield f"is no PromQL: {error}"
        return
    yield from _series(node, contract, board=board)
    yield from _ratios(node)
    for aggregation, names in grouped(node):
        if missing := names - result_labels(aggregation.expr, contract.labels):
            yield f"groups by {', '.join(sorted(missing))}, which nothing in it has"


def _series(node: promql.Expr, contract: Contract, *, board: bool) -> Iterator[str]:
    for one in selectors(node):
        metric = contract.find(one.metric)
        if metric is None:
            yield f"there is no metric {one.metric}"
            continue
        if one.metric.startswith(_EVERYBODYS) and "job" not in one.matchers:
            yield f"{one.metric} is every program's and must name a job"
        if unknown := one.matchers.keys() - metric.labels - {"__name__"}:
            yield f"{one.metric} has no label {', '.join(sorted(unknown))}"
        if metric.type == "counter" and one.function not in _RATES:
            yield f"{one.metric} is a counter and must stand in rate or increase"
        if one.function in _RATES and one.range is not None:
            yield from _range(one.metric, one.range, board=board)


def _range(metric: str, range_: timedelta, *, board: bool) -> Iterator[str]:
    if board and range_ != RATE_INTERVAL:
        yield f"{metric} is not read over $__rate_interval"
    if range_ < _SHORTEST:
        yield f"{metric} is read over less than four scrapes"


def _ratios(node: promql.Expr) -> Iterator[str]:
    for one in walk(node):
        if isinstance(one, promql.AggregateExpr) and str(one.op).startswith("avg") and _divides(one.expr):
            yield "an average of ratios is no ratio: divide sums"
        if isinstance(one, promql.BinaryExpr) and str(one.op) == "/":
            sides = (bare(one.lhs), bare(one.rhs))
            if any(isinstance(side, promql.Call) and side.func.name in _RATES for side in sides):
                yield "a ratio of single rates leaves out what has no partner: divide sums"


def _divides(node: promql.Expr) -> bool:
    return any(isinstance(one, promql.BinaryExpr) and str(one.op) == "/" for one in walk(node))


# -- boards


def board(built: dict[str, Any], contract: Contract) -> list[str]:
    """What is wrong with a board as Grafana reads it, each with where."""
    panels = [panel for panel in built["panels"] if panel["type"] not in {"row", "text"}]
    ids = [panel["id"] for panel in built["panels"]]
    found = [*_frame(built)]
    found += [f"panel id {id_} is there twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})]
    variables = {one["name"] for one in built["templating"]["list"]}
    for panel in panels:
        problems = (*_words(panel), *_looks(panel), *_targets(panel, contract, variables))
        found += [f"panel {panel['id']} ({panel['title']}): {problem}" for problem in problems]
    found += [
        f"annotation {one['name']}: {problem}"
        for one in built["annotations"]["list"]
        for problem in expression(one["expr"], contract, board=True)
    ]
    return [f"{built['uid']}: {problem}" for problem in found]


def _frame(built: dict[str, Any]) -> Iterator[str]:
    if built["schemaVersion"] != 42:
        yield "is not of the classic schema 42"
    if built["editable"]:
        yield "can be edited in Grafana, where the change would be lost"
    sources = [one for one in built["templating"]["list"] if one["type"] == "datasource"]
    if [(one["name"], one["label"], one["query"]) for one in sources] != [("datasource", "Data source", "prometheus")]:
        yield "must have one variable `datasource`, labelled `Data source`"
    for one in built["templating"]["list"]:
        if one["type"] == "query":
            yield from _variable(one)
    if not any(link["keepTime"] and link["includeVars"] and link["type"] == "dashboards" for link in built["links"]):
        yield "must link to the other boards, keeping time and variables"


def _variable(one: dict[str, Any]) -> Iterator[str]:
    wanted: dict[str, Any] = {"datasource": _REF, "refresh": 2}
    if one["name"] == _ENVIRONMENT:  # commands name one fleet
        wanted |= {"multi": False, "includeAll": False}
    else:
        wanted |= {"multi": True, "includeAll": True, "allValue": ".+"}
    for name, value in wanted.items():
        if one.get(name) != value:
            yield f"variable {one['name']}: {name} must be {value}"


def _words(panel: dict[str, Any]) -> Iterator[str]:
    if panel["title"].endswith("?") or len(panel["title"]) > _SCANNED:
        yield f"its title must be a name of at most {_SCANNED} letters, to scan"
    if len(panel["title"]) > _LETTERS * panel["gridPos"]["w"] - 5:
        yield "its title is cut off"
    question, asked, answer = panel.get("description", "").partition("? ")
    if not asked or "." in question:
        yield "its description must begin with a question"
    if len(answer) < 40 or not answer.endswith("."):
        yield "its description must say what the answer means and what to do"


def _looks(panel: dict[str, Any]) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    if defaults.get("unit") not in UNITS:
        yield f"{defaults.get('unit')} is no unit of ours"
    if defaults.get("min") != 0:
        yield "its axis must begin at 0"
    legend = panel["options"].get("legend", {})
    if panel["type"] == "timeseries" and (legend.get("displayMode"), legend.get("showLegend")) != ("table", True):
        yield "its legend must be a table"
    if panel.get("datasource") != _REF:
        yield "it must ask ${datasource}"


def _targets(panel: dict[str, Any], contract: Contract, variables: set[str]) -> Iterator[str]:
    if not panel.get("targets"):
        yield "it asks nothing"
    for target in panel.get("targets", ()):
        if target["datasource"] != _REF:
            yield "it must ask ${datasource}"
        yield from expression(target["expr"], contract, board=True)
        yield from _choices(target["expr"], contract, variables)
        yield from _legend(target, contract)


def _choices(expr: str, contract: Contract, variables: set[str]) -> Iterator[str]:
    """A variable that a board offers narrows every selector that has its label, and is offered where it is used."""
    used = set(re.findall(r"\$([a-z]+)", expr))
    if unknown := used - variables:
        yield f"it uses ${', $'.join(sorted(unknown))}, which the board does not offer"
    for one in selectors(parsed(expr)):
        metric = contract.find(one.metric)
        if metric is None or metric.job == "*":
            continue
        for name in (variables - {"datasource"}) & metric.labels:
            if one.matchers.get(name) != f"${name}" and name not in one.matchers:
                yield f'{one.metric} must have {name}=~"${name}"'


def _legend(target: dict[str, Any], contract: Contract) -> Iterator[str]:
    named = set(_LEGEND.findall(target.get("legendFormat", "")))
    if missing := named - result_labels(parsed(target["expr"]), contract.labels):
        yield f"its legend names {', '.join(sorted(missing))}, which the answer does not have"


# -- rules


def rules(of: Iterable[dict[str, Any]], contract: Contract) -> list[str]:
    """What is wrong with recording rules and alerts, each with its name."""
    found = []
    for rule in of:
        name = rule.get("record") or rule["alert"]
        problems = [*expression(rule["expr"], contract, board=False)]
        problems += [*(_recorded(rule, contract) if "record" in rule else _alert(rule))]
        found += [f"{name}: {problem}" for problem in problems]
    return found


def _recorded(rule: dict[str, Any], contract: Contract) -> Iterator[str]:
    name = rule["record"]
    if not re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", name):
        yield "must be named level:metric:operation"
    labels = result_labels(parsed(rule["expr"]), contract.labels) | rule.get("labels", {}).keys()
    if labels != level(name):
        yield f"its series have the labels {', '.join(sorted(labels)) or 'none'}, its name says otherwise"


SEVERITIES: Sequence[str] = ("critical", "warning", "none")
"""Somebody is woken; somebody looks in the morning; nobody (the watchdog)."""


def _alert(rule: dict[str, Any]) -> Iterator[str]:
    if rule.get("labels", {}).get("severity") not in SEVERITIES:
        yield f"its severity must be one of {', '.join(SEVERITIES)}"
    for annotation in ("summary", "description", "runbook", "runbook_url", "dashboard"):
        if not rule.get("annotations", {}).get(annotation):
            yield f"has no {annotation}"


def links(alerts: Iterable[dict[str, Any]], boards: Iterable[dict[str, Any]], contract: Contract) -> list[str]:
    """Alerts whose panel is missing or shows something else, and whose text names labels that they do not have."""
    panels = {f"/d/{one['uid']}?viewPanel={panel['id']}": panel for one in boards for panel in one["panels"]}
    found = []
    for alert in alerts:
        name, says = alert["alert"], alert["annotations"]
        if says["dashboard"] not in panels:
            found.append(f"{name}: there is no panel {says['dashboard']}")
        elif not _same_subject(alert, panels[says["dashboard"]]):
            found.append(f"{name}: {says['dashboard']} shows nothing of what it is about")
        named = {label for text in says.values() for label in re.findall(r"\$labels\.(\w+)", text)}
        if missing := named - result_labels(parsed(alert["expr"]), contract.labels):
            found.append(f"{name}: its text names {', '.join(sorted(missing))}, which it does not have")
    return found


def _same_subject(alert: dict[str, Any], panel: dict[str, Any]) -> bool:
    about = sources(alert["expr"])
    return not about or any(about & sources(target["expr"]) for target in panel.get("targets", ()))


def sources(expr: str) -> set[str]:
    """The metrics that an expression reads in the end, through whatever rules record; a histogram by its own name."""
    found: set[str] = set()
    for one in selectors(parsed(expr)):
        if one.metric in recorded():
            found |= sources(recorded()[one.metric])
        else:
            found.add(re.sub(r"_(bucket|count|sum)$", "", one.metric))
    return found

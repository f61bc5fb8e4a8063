"""A board's frame in Grafana's classic schema: variables, links, annotations, and where each panel stands.

The SDK's defaults are overruled where they hide something: it shows no legend, gives no panel an id, and lays rows out
with gaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import GridPos
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from dashboards.boards.colours import LAYERS, pattern
from dashboards.boards.panels import Kind, Panel, Row

TAG = "warmline"
WIDTH = 24
DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True)
class Variable:
    """Something that a viewer chooses: the values of a label of a metric. `single` allows one value and no `All`."""

    label: str
    metric: str
    title: str
    single: bool = False


SLOT = Variable("slot", "warmline_build_info", "Slot")
ENVIRONMENT = Variable("environment", 'up{job="prometheus"}', "Environment", single=True)
"""What `ENV=` names: Prometheus' own target carries the label of every alert."""
CACHE = Variable("cache", "warmline_cache_lookups_total", "Cache")


@dataclass(frozen=True)
class Board:
    """One board. `uid` is for ever: alerts and links name it."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = (SLOT,)

    def build(self) -> dashboard.Dashboard:
        """As Grafana reads it."""
        made = (
            builders.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .time("now-1h", "now")
            .refresh("30s")
            .timezone("browser")
            .readonly()
            .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
            .link(_links())
            .with_variable(_datasource())
            .annotation(_rollouts())
        )
        for variable in self.variables:
            made = made.with_variable(_variable(variable))
        top = 0
        for number, row in enumerate(self.rows, start=1):
            if row.title:
                made = made.with_row(_heading(row, number, top))
                top += 1
            for panel in _placed(row, top):
                made = made.with_panel(panel)
            top += row.height
        return made.build()


def _placed(row: Row, top: int) -> list[Any]:
    edges = [place * WIDTH // len(row.panels) for place in range(len(row.panels) + 1)]
    made = (_text(panel) if panel.kind is Kind.TEXT else _panel(panel) for panel in row.panels)
    return [
        panel.grid_pos(GridPos(h=row.height, w=right - left, x=left, y=top))
        for panel, left, right in zip(made, edges, edges[1:], strict=False)
    ]


def _heading(row: Row, number: int, top: int) -> builders.Row:
    return builders.Row(row.title).id(1000 + number).grid_pos(GridPos(h=1, w=WIDTH, x=0, y=top))


# -- panels


def _text(panel: Panel) -> Any:
    return text.Panel().id(panel.id).title(panel.title).mode(TextMode.MARKDOWN).content(panel.text)


def _panel(panel: Panel) -> Any:
    made = _KINDS[panel.kind](panel)
    made = made.id(panel.id).title(panel.title).description(panel.why).datasource(DATASOURCE).unit(panel.unit).min(0)
    if panel.most is not None:
        made = made.max(panel.most)
    for place, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + place)).datasource(DATASOURCE)
        if query.legend:
            target = target.legend_format(query.legend)
        if query.exemplars:
            target = target.exemplar(exemplar=True)
        if panel.kind is Kind.TABLE:
            target = target.instant().format(PromQueryFormat.TABLE)
        elif panel.kind is Kind.HEAT:
            target = target.range().format(PromQueryFormat.HEATMAP)
        else:
            target = target.range()
        made = made.with_target(target)
    return made


_FEW = 3
"""Lines of a legend that stand whole below a panel of a usual height: Grafana gives a legend there a third of it."""


def _legend(panel: Panel) -> common_builders.VizLegendOptions:
    """Below the lines if it is sure to be short, else beside them, where it has the panel's whole height."""
    short = len(panel.queries) <= _FEW and not any("{{" in query.legend for query in panel.queries)
    legend = common_builders.VizLegendOptions().show_legend(show_legend=True)
    legend = legend.display_mode(common.LegendDisplayMode.TABLE)
    if short:
        return legend.placement(common.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"])
    return legend.placement(common.LegendPlacement.RIGHT).calcs(["lastNotNull"])


def _fixed(colour: str) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})


def _series(panel: Panel) -> timeseries.Panel:
    tooltip = (
        common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    )
    made = timeseries.Panel().legend(_legend(panel)).tooltip(tooltip)
    made = made.line_width(1).fill_opacity(40 if panel.stacked else 0)
    if any("{{colour}}" in query.legend for query in panel.queries):
        for colour in ("blue", "green"):
            made = made.override_by_regexp(pattern(colour), [_fixed(colour)])
    if any("{{source}}" in query.legend for query in panel.queries):
        for layer in LAYERS:
            made = made.override_by_regexp(pattern(layer), [_fixed(LAYERS[layer])])
    if panel.stacked:
        made = made.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    return made.show_points(common.VisibilityMode.NEVER)


def _number(panel: Panel) -> stat.Panel:
    steps = [dashboard.Threshold(color="green", value=None)] if 0 not in panel.marks else []
    steps += [dashboard.Threshold(color=color, value=value or None) for value, color in sorted(panel.marks.items())]
    thresholds = builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
    reduced = common_builders.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        stat.Panel()
        .thresholds(thresholds)
        .reduce_options(reduced)
        .no_value("nothing to count")
        .graph_mode(common.BigValueGraphMode.AREA)
        .color_mode(common.BigValueColorMode.VALUE)
    )


def _heat(_: Panel) -> heatmap.Panel:
    color = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64).exponent(0.5)
    axis = heatmap.YAxisConfig().unit("s").min(0)
    return heatmap.Panel().calculate(calculate=False).color(color).y_axis(axis).show_legend().cell_gap(1)


def _table(panel: Panel) -> table.Panel:
    hidden = {"Time", "__name__", "instance", "job", *panel.hidden}
    if "Value" not in panel.columns:
        hidden.add("Value")
    options = {
        "excludeByName": dict.fromkeys(sorted(hidden), True),
        "indexByName": {name: place for place, name in enumerate(panel.columns)},
        "renameByName": dict(panel.columns),
    }
    made = table.Panel().with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=options))
    for name, word in panel.links.items():
        made = made.override_by_name(panel.columns[name], _way(word))
    return made


def _way(word: str) -> list[dashboard.DynamicConfigValue]:
    """How a column shows paths on Grafana: a word that leads there, with the environment and the time chosen here."""
    shown = {"type": "regex", "options": {"pattern": "^/d/.*", "result": {"index": 0, "text": word}}}
    link = {"title": word, "url": "${__value.raw}&${environment:queryparam}&${__url_time_range}"}
    value = dashboard.DynamicConfigValue
    return [value(id_val="mappings", value=[shown]), value(id_val="links", value=[link])]


_KINDS: dict[Kind, Callable[[Panel], Any]] = {
    Kind.SERIES: _series,
    Kind.NUMBER: _number,
    Kind.HEAT: _heat,
    Kind.TABLE: _table,
}


# -- the frame


def _links() -> builders.DashboardLink:
    """To every other board, with the time and the choices that were made."""
    link = builders.DashboardLink("Warmline").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(as_dropdown=True).keep_time(keep_time=True).include_vars(include_vars=True)


def _datasource() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").type("prometheus").label("Data source")


def _variable(variable: Variable) -> builders.QueryVariable:
    made = (
        builders.QueryVariable(variable.label)
        .label(variable.title)
        .query(f"label_values({variable.metric}, {variable.label})")
        .datasource(DATASOURCE)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.NATURAL_ASC)
        .multi(multi=not variable.single)
        .include_all(include_all=not variable.single)
    )
    if variable.single:
        return made
    return made.all_value(".+").current(dashboard.VariableOption(selected=True, text=["All"], value=["$__all"]))


def _rollouts() -> builders.AnnotationQuery:
    """A line for each deploy, rollback, scaling and drain, at the time that its metric says."""
    return (
        builders.AnnotationQuery()
        .name("Rollouts")
        .datasource(DATASOURCE)
        .enable(enable=True)
        .icon_color("blue")
        .expr("max by (kind, outcome) (warmline_last_rollout_timestamp_seconds) * 1000")
        .step("30s")
        .title_format("{{kind}}")
        .text_format("{{outcome}}")
        .use_value_for_time(use_value_for_time=True)
    )

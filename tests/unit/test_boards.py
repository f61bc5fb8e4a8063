"""Queries are read from boards as Grafana would send them."""

from tests.support.fleet.boards import Query, queries

BOARD = {
    "templating": {
        "list": [
            {"name": "cache", "current": {"value": ["$__all"]}},
            {"name": "slot", "current": {"value": "agent-1/1"}},
            {"name": "cache_layer"},
        ]
    },
    "panels": [
        {"title": "Text", "type": "text"},
        {
            "title": "Row",
            "panels": [{"title": "In it", "targets": [{"refId": "A", "expr": 'up{slot="$slot"}', "instant": True}]}],
        },
        {
            "title": "Hits",
            "targets": [
                {"refId": "A", "expr": 'rate(a{cache=~"$cache",layer=~"${cache_layer:regex}"}[$__rate_interval])'},
                {"refId": "B", "expr": ""},
            ],
        },
    ],
}


def test_every_panels_queries_are_found_with_the_boards_variables_filled_in() -> None:
    assert list(queries(BOARD)) == [
        Query("In it", "A", 'up{slot="agent-1/1"}', instant=True),
        Query("Hits", "A", 'rate(a{cache=~".+",layer=~".+"}[$__rate_interval])', instant=False),
    ]

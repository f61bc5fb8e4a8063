"""From a run that was written down to what is read of it."""

from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from tests.measure.bench import report
from tests.measure.evidence import scale
from tests.measure.evidence.record import Change, Run, Seen, Worker
from tests.measure.evidence.setups import SETUPS
from tests.measure.evidence.shown import page
from tests.measure.evidence.shown.summary import Row, summary
from tests.measure.evidence.shown.tables import part

SECONDS = 40.0
NUMBERS = scale.lifetimes("low_traffic", 1)


def seen(at: float, what: str, text: str, *, slot: str = "test/1", status: int = 200, **sources: str) -> Seen:
    return Seen(at, 0.002, what, "org", "agent", text, sources, 10.0, 20.0, slot, status)


def run(*log: Seen, failures: float = 0) -> Run:
    worker = Worker(
        rss=50 * 1024**2,
        l1={"tts": 1024**2, "rag": 0, "config": 0, "prompt": 0},
        cost={"tts": 1.5},
        saved={"tts": 0.5},
        leases={"warm": 3, "opened": 1, "none": 0},
        failures={"read": failures},
    )
    calls = {"text-to-speech/ws": 2, "text-to-speech": 1, "knowledge:search": 1, "characters": 99}
    return Run(list(log), [Change(30, "org", "", 4.2)], [worker, worker], [worker], calls, 1024**2, "0.1 0.1 0.1")


LOG = (
    seen(0, "answer", "What is it?", config="origin", prompt="origin", rag="origin"),
    seen(1, "speech", "This.", config="l1", tts="origin"),
    seen(20, "answer", "what IS it", config="l2", prompt="l1", rag="origin", slot="test/2"),
    seen(21, "speech", "This.", config="stale", tts="joined", slot="test/2"),
    seen(22, "speech", "This.", slot="", status=502),
)


@pytest.fixture
def row() -> Row:
    return summary(SETUPS[4], run(*LOG), NUMBERS, SECONDS)


def test_all_but_loads_are_hits_and_each_layer_has_its_share(row: Row) -> None:
    config = row.caches["config"]
    assert (config.lookups, config.hits) == (4, 0.75)
    assert config.shares == {"l1": 0.25, "l2": 0.25, "joined": 0, "stale": 0.25, "origin": 0.25}
    assert row.caches["tts"].shares["joined"] == 0.5


def test_the_best_possible_knows_a_question_however_it_is_spelt(row: Row) -> None:
    assert (row.caches["rag"].hits, row.caches["rag"].best) == (0, 0.5)


def test_hits_are_shown_for_each_quarter(row: Row) -> None:
    assert row.caches["rag"].phases == {"cold start": 0, "steady": None, "deploy": 0, "knowledge update": None}


def test_calls_of_both_transports_money_of_replaced_workers_and_failures_are_counted(row: Row) -> None:
    assert row.caches["tts"].calls == 3
    assert (row.cost, row.saved, row.sockets) == (4.5, 1.5, 0.75)
    assert (row.requests, row.failed, row.spread) == (5, 1, [2, 2])
    assert row.times["speech"].count == 2


def test_a_cache_too_far_from_the_best_possible_is_a_number_missed_and_says_whose_fault_it_was(row: Row) -> None:
    bars = {bar.what.rpartition(" ")[2]: bar for bar in part([row]).bars}
    assert not bars["rag"].reached
    assert bars["config"].reached
    assert "No call of Redis failed" in bars["rag"].why
    busy = summary(SETUPS[4], run(*LOG, failures=2), NUMBERS, SECONDS)
    assert "6 calls of Redis were given up" in next(bar.why for bar in part([busy]).bars if not bar.reached)


def test_fleets_that_share_nothing_have_nothing_to_reach() -> None:
    assert part([summary(SETUPS[1], run(*LOG), NUMBERS, SECONDS)]).bars == []


def test_the_page_stands_alone_and_its_drawings_are_whole(row: Row) -> None:
    alone = summary(SETUPS[0], run(*LOG[:1]), NUMBERS, SECONDS)  # a fleet that never spoke
    html = page.render({"trace": "a <trace>"}, [alone, row], part([alone, row]))
    drawings = ["<svg" + rest.partition("</svg>")[0] + "</svg>" for rest in html.split("<svg")[1:]]
    assert len(drawings) == 5
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert "a &lt;trace&gt;" in html
    assert _addresses(html) == []


def _addresses(html: str) -> list[str]:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attributes if name in {"src", "href"})

    Links().feed(html)
    return found


def test_the_text_has_every_fleet_and_cache(row: Row) -> None:
    shown = report.text({"trace": "t"}, [part([row])])
    for words in ("tts: lookups", "e  round robin + Redis, 2", "85-95 %", "e  config", "MISSED"):
        assert words in shown

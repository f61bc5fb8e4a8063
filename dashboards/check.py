"""Asks a Prometheus what every board, rule and alert asks, and says which panels had no data.

    python -m dashboards.check --url http://127.0.0.1:9090 [--minutes 60]
    python -m dashboards.check --ssh ~/.local/state/warmline/staging/ssh_config

Ends with 1 if an expression failed, or a panel had no data that it must have had. What only shows after something
happened (`seen` in exporters.yml) is told apart.
"""

import argparse
import http.client
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

from dashboards.contract import HERE, rule_files, rules

Ask = Callable[[str, Mapping[str, str]], Any]
"""GETs a path of Prometheus' API with parameters: its whole answer."""

SCRAPE_SECONDS = 5
STEP_SECONDS = 15
_CHOSEN = re.compile(r'"\$[a-z]+"')


@dataclass(frozen=True)
class Question:
    """One expression and where it stands. `must` says whether an answer has to have data."""

    place: str
    expr: str
    must: bool


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer: an error of Prometheus', or nothing in it."""

    question: Question
    error: str

    def __str__(self) -> str:
        return f"{self.question.place}: {self.error}\n    {self.question.expr}"


def questions() -> Iterator[Question]:
    """Everything that boards, rules and alerts ask, as Grafana and Prometheus would send it."""
    rare = set(yaml.safe_load((HERE / "exporters.yml").read_text(encoding="utf-8"))["seen"])
    for file in sorted((HERE / "json").glob("*.json")):
        board = json.loads(file.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                expr = substituted(target["expr"])
                yield Question(f"{board['uid']}, panel {panel['id']} ({panel['title']})", expr, not _names(expr, rare))
        for annotation in board["annotations"]["list"]:
            yield Question(f"{board['uid']}, annotation {annotation['name']}", annotation["expr"], must=False)
    for file in rule_files():
        for rule in rules(file):
            name = rule.get("record") or rule["alert"]
            yield Question(f"{file.name}, {name}", rule["expr"], must=False)


def of_panel(board: str, panel: int) -> list[str]:
    """What one panel asks. Raises StopIteration if the board has none with that id."""
    shown = json.loads((HERE / "json" / f"{board}.json").read_text(encoding="utf-8"))["panels"]
    return [substituted(target["expr"]) for target in next(one for one in shown if one["id"] == panel)["targets"]]


def substituted(expr: str, *, step: int = STEP_SECONDS) -> str:
    """As Grafana sends it with every variable on All, for a value every `step` seconds."""
    return _CHOSEN.sub('".+"', expr).replace("$__rate_interval", f"{4 * max(SCRAPE_SECONDS, step)}s")


def findings(ask: Ask, of: Iterable[Question], *, end: float, seconds: float) -> list[Finding]:
    """What is wrong with the answers of the last `seconds` before `end`, a wall-clock time."""
    return [found for one in of if (found := _judged(one, answered(ask, one.expr, end=end, seconds=seconds)))]


def answered(ask: Ask, expr: str, *, end: float, seconds: float) -> Any:
    """What Prometheus says to an expression, for every STEP_SECONDS of the last `seconds` before `end`."""
    span = {"start": f"{end - seconds:.3f}", "end": f"{end:.3f}", "step": str(STEP_SECONDS)}
    return ask("query_range", {"query": expr, **span})


def _judged(question: Question, answer: Any) -> Finding | None:
    if answer["status"] != "success":
        return Finding(question, answer["error"])
    values = (float(value) for series in answer["data"]["result"] for _, value in series["values"])
    if question.must and all(math.isnan(value) for value in values):
        return Finding(question, "no data")
    return None


def _names(expr: str, metrics: set[str]) -> bool:
    """Whether it reads one of these."""
    return any(re.sub(r"_(bucket|count|sum)$", "", word) in metrics for word in re.findall(r"\w+", expr))


def over_http(url: str) -> Ask:
    """Asks a Prometheus that can be reached from here."""
    parts = urlsplit(url)

    def ask(path: str, parameters: Mapping[str, str]) -> Any:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 9090, timeout=30)
        try:
            connection.request("GET", f"{parts.path.rstrip('/')}/api/v1/{path}?{urlencode(parameters)}")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    return ask


def over_ssh(config: Path, host: str = "monitor-1") -> Ask:
    """Asks the Prometheus that listens on a host's own address, from that host: nobody else is answered."""
    ssh = ["ssh", "-F", str(config)]
    settings = subprocess.run([*ssh, "-G", host], capture_output=True, text=True, check=True).stdout
    address = re.search(r"^hostname (\S+)$", settings, re.MULTILINE)
    assert address

    def ask(path: str, parameters: Mapping[str, str]) -> Any:
        command = f"curl --silent --data @- http://{address[1]}:9090/api/v1/{path}"
        body = urlencode(parameters)
        done = subprocess.run([*ssh, host, command], input=body, capture_output=True, text=True, check=True, timeout=60)
        return json.loads(done.stdout)

    return ask


def add_prometheus(parser: argparse.ArgumentParser) -> None:
    """The two ways to say which Prometheus is asked."""
    ways = parser.add_mutually_exclusive_group(required=True)
    ways.add_argument("--url", help="of a Prometheus that can be reached from here, such as http://127.0.0.1:9090")
    ways.add_argument("--ssh", type=Path, help="the fleet's ssh_config: ask from the host monitor-1")


def prometheus(given: argparse.Namespace) -> Ask:
    """The one that was said."""
    return over_http(given.url) if given.url else over_ssh(given.ssh)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.check", description=(__doc__ or "").split("\n", 1)[0])
    add_prometheus(parser)
    parser.add_argument("--minutes", type=float, default=60, help="how far back data is looked for")
    given = parser.parse_args()
    asked = list(questions())
    found = findings(prometheus(given), asked, end=time.time(), seconds=given.minutes * 60)
    for one in found:
        print(one)
    print(f"{len(asked)} expressions asked, {len(found)} with a finding")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

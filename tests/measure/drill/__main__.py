"""`make incident-drill`: incidents on the staging fleet, one after the other, and which alerts came when."""

import argparse
import json
import sys
import time
from typing import Any

from tests.support import fleet
from tests.support.fleet import Edge
from tests.support.fleet.incidents import INCIDENTS, Incident

PAGER = "/var/lib/warmline/pager/alerts.jsonl"
ALWAYS = {"Watchdog"}
Alert = dict[str, Any]


def told(since: float) -> dict[str, Alert]:
    """Alerts that reached the pager since then, by name: each as it came first, firing because of what began since."""
    lines = fleet.host("monitor-1").run("tail -n 500 %s", PAGER).stdout.splitlines()
    came: dict[str, Alert] = {}
    for alert in map(json.loads, lines):
        if alert["at"] >= since and _begins_after(alert, since):
            came.setdefault(alert["labels"]["alertname"], alert)
    return {name: alert for name, alert in came.items() if name not in ALWAYS}


def _begins_after(alert: Alert, since: float) -> bool:
    """Earlier alerts are told again."""
    begins = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    return bool(alert["status"] == "firing" and alert["startsAt"] >= begins)


def drill(incident: Incident, edge: Edge) -> tuple[float, dict[str, Alert]]:
    """Let it happen until all that should be told was, or the time is over, then mend it. When it began, what was told.

    Where nothing should be told, that is waited for as long.
    """
    began = time.time()
    with incident.happens(edge):
        _wait(incident.alerts, began, incident.seconds)
    if incident.after:
        _wait(incident.alerts + incident.after, began, incident.seconds)
    return began, told(began)


def _wait(alerts: tuple[str, ...], since: float, seconds: float) -> None:
    ends = time.time() + seconds
    while time.time() < ends and not (alerts and {*alerts} <= {*told(since)}):
        time.sleep(2)


def lines(incident: Incident, began: float, came: dict[str, Alert]) -> list[str]:
    """What became of it, for people."""
    expected = incident.alerts + incident.after
    said = [f"  {name:<24} NOT told in {incident.seconds} s" for name in expected if name not in came]
    for name, alert in came.items():
        surprise = "" if name in expected else ", which nobody expected"
        said.append(f"  {name:<24} after {alert['at'] - began:.0f} s{surprise}")
        said += [f"  {'':<24} {what}: {alert['annotations'][what]}" for what in ("dashboard", "runbook_url", "runbook")]
    return said or ["  nobody is told, as it should be"]


def main() -> int:
    """The command line: 1 if an alert that should have come did not, or one came that should not."""
    parser = argparse.ArgumentParser(prog="make incident-drill", description=__doc__)
    parser.add_argument("--only", default="", help="incidents whose name has this in it, such as Redis")
    given = parser.parse_args()
    incidents = [incident for incident in INCIDENTS if given.only in incident.what]
    edge = Edge((fleet.STATE / "edge_url").read_text(encoding="utf-8").strip())
    wrong = 0
    for incident in incidents:
        print(f"\n{incident.what}", flush=True)
        began, came = drill(incident, edge)
        wrong += {*came} != {*incident.alerts, *incident.after}
        print("\n".join(lines(incident, began, came)), flush=True)
    print(f"\n{len(incidents)} incidents, {wrong} with other alerts than expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

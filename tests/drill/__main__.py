"""`make incident-drill`: incidents on the staging fleet, one after the other, and which alerts came when."""

import argparse
import json
import sys
import time
from typing import Any

from tests.drill.incidents import INCIDENTS, Incident
from tests.support import fleet

PAGER = "/var/lib/warmline/pager/alerts.jsonl"
QUIET = {"Watchdog"}


def paged(since: float) -> dict[str, float]:
    """Alert → seconds from `since` until it first reached the pager as firing."""
    lines = fleet.host("monitor-1").run("tail -n 500 %s", PAGER).stdout.splitlines()
    came: dict[str, float] = {}
    for alert in map(json.loads, lines):
        if alert["at"] >= since and _begins_after(alert, since):
            came.setdefault(alert["labels"]["alertname"], alert["at"] - since)
    return {name: seconds for name, seconds in came.items() if name not in QUIET}


def _begins_after(alert: dict[str, Any], since: float) -> bool:
    """Whether it fires because of something that began by then; earlier alerts are told again."""
    begins = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    return bool(alert["status"] == "firing" and alert["startsAt"] >= begins)


def drill(incident: Incident) -> dict[str, float]:
    """Let it happen until all that should be told was, or the time is over; then mend it. What was told, when."""
    where = {"worker": fleet.slot("agent-1", 1)["container"], "address": fleet.addresses()[incident.host]}
    host = fleet.host(incident.host)
    began = time.time()
    host.check_output(incident.begin.format(**where))
    try:
        while not {*incident.expected} <= {*(told := paged(began))} and time.time() - began < incident.seconds:
            time.sleep(2)
        return told
    finally:
        host.check_output(incident.end.format(**where))


def main() -> int:
    """The command line: 1 if an alert that should have come did not."""
    parser = argparse.ArgumentParser(prog="make incident-drill", description=__doc__)
    parser.parse_args()
    missed = 0
    for incident in INCIDENTS:
        print(f"\n{incident.what}")
        told = drill(incident)
        for alert in incident.expected:
            missed += alert not in told
            print(f"  {alert:<24} {f'after {told[alert]:.0f} s' if alert in told else f'NOT in {incident.seconds} s'}")
        for alert in sorted({*told} - {*incident.expected}):
            print(f"  {alert:<24} after {told[alert]:.0f} s, too")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

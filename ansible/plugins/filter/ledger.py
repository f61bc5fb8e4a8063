"""The ledger: the fleet's slots in the order in which every edge lists them, and what serves in each. Pure.

Every edge keeps a copy, as every edge is told at once; the newest is true. A slot's position is its index: slots are
appended and never taken out; one that takes nobody is `down`. A slot has two colours, each a port: one serves, the
other is idle, or being started, or kept for a rollback.

    {"serial": 7, "workers": 8, "normal": 4, "drained": ["agent-2"],
     "slots": [{"name": "agent-1/1", "host": "agent-1", "worker": 1, "address": "10.0.1.21",
                "colour": "green", "release": "dev-1f2e3d-9a8b7c6d", "down": false}, ...]}

`workers` is what somebody scaled the fleet to, in place of the inventory's number of that time, `normal`.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

# Ports by colour, to which a worker's number on its host is added: the callers' and the fleet's.
PORTS = {"blue": (8100, 8200), "green": (8150, 8250)}
MOST_ON_A_HOST = 49
NOTHING: Mapping[str, Any] = {}


def slots(ledger: Mapping[str, Any]) -> list[Json]:
    """The slots as edges and monitors list them: see `ported`."""
    return ported(ledger["slots"])


def ported(slots: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The slots, each with the two ports and the container of its colour."""
    return [
        {
            **slot,
            "port": PORTS[slot["colour"]][0] + slot["worker"],
            "admin_port": PORTS[slot["colour"]][1] + slot["worker"],
            "container": f"warmline-agent-{slot['worker']}-{slot['colour']}",
        }
        for slot in slots
    ]


def found(listed: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[Json]:
    """The workers' containers, from what the Docker Engine of each host lists."""
    return [
        {
            "host": host,
            "container": one["Names"][0].lstrip("/"),
            "slot": one["Labels"]["io.warmline.slot"],
            "colour": one["Labels"].get("io.warmline.colour", "blue"),
            "release": one["Labels"].get("io.warmline.release", ""),
            "image": one["Image"],
            "running": one["State"] == "running",
        }
        for host, containers in listed.items()
        for one in containers
        if one["Labels"].get("io.warmline.service") == "agent"
    ]


def ledger(
    copies: Iterable[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], inventory: Mapping[str, Any]
) -> Json:
    """The fleet as it is: the newest copy, or, where no edge has one, what is found on the inventory's hosts.

    `inventory` has `hosts`, in its order, `addresses` by host, and `per_host`, the workers of each.
    """
    copy = max(copies, key=lambda one: one.get("serial", 0), default={})
    if copy:
        return dict(copy)
    empty: Json = {"serial": 0, "workers": None, "normal": None, "drained": [], "slots": []}
    appended = _appended([], inventory, len(inventory["hosts"]) * int(inventory["per_host"]))
    serving = {one["slot"]: one for one in found if one["running"]}
    return {**empty, "slots": [_as_found(slot, serving.get(slot["name"])) for slot in appended if serving]}


def remember(copies: Iterable[str], found: Sequence[Mapping[str, Any]], inventory: Mapping[str, Any]) -> Json:
    """The fleet as it is (see `ledger`), from the edges' copies as Ansible reads files.

    A copy is JSON in base64, and empty of an edge that has none.
    """
    return ledger([json.loads(base64.b64decode(copy)) for copy in copies if copy], found, inventory)


def wish(ledger: Mapping[str, Any], inventory: Mapping[str, Any], asked: Mapping[str, Any] = NOTHING) -> Json:
    """The ledger as it shall be, but for colours and releases. `asked` may hold one of:

    `workers`, the number to scale to; `drain` or `undrain`, a host. Whoever changes the inventory's number afterwards
    has said the last word: the number scaled to is forgotten then.
    """
    normal = len(inventory["hosts"]) * int(inventory["per_host"])
    workers = ledger["workers"] if ledger["normal"] == normal else None
    if (number := _number(asked.get("workers"))) is not None:
        workers = number if number != normal else None
    drained = {*ledger["drained"], *filter(None, [asked.get("drain")])} - {asked.get("undrain")}
    number = normal if workers is None else workers
    housed = [_housed(slot, inventory["addresses"]) for slot in ledger["slots"]]
    listed = _appended(housed, inventory, number)
    present = [slot["name"] for slot in listed if slot["host"] in inventory["hosts"]]
    up = {slot["name"] for slot in listed if slot["name"] in present[:number] and slot["host"] not in drained}
    return {
        "serial": ledger["serial"],
        "workers": workers,
        "normal": None if workers is None else normal,
        "drained": sorted(drained),
        "slots": [{**slot, "down": slot["name"] not in up} for slot in listed],
    }


def problems(
    ledger: Mapping[str, Any], wished: Mapping[str, Any], inventory: Mapping[str, Any], asked: Mapping[str, Any]
) -> list[str]:
    """Why that cannot be had, each in a sentence that says what to do."""
    hosts = inventory["hosts"]
    said = [
        f"There is no host {host} in the group agents: {', '.join(hosts)}."
        for host in (asked.get("drain"), asked.get("undrain"))
        if host and host not in hosts
    ]
    if asked.get("workers") is not None and _number(asked["workers"]) is None:
        said.append(f"WORKERS={asked['workers']} is no number of workers.")
    if all(slot["down"] for slot in wished["slots"]):
        said.append("Nobody would be left to take a call: undrain a host, or ask for at least one worker.")
    counts = Counter(slot["host"] for slot in wished["slots"])
    said += [
        f"{host} would get {count} workers; its ports reach for {MOST_ON_A_HOST}."
        for host, count in counts.items()
        if count > MOST_ON_A_HOST
    ]
    said += [
        f"{host} left the inventory while it serves: put it back, `make drain HOST={host}`, then take it out."
        for host in sorted({slot["host"] for slot in ledger["slots"] if not slot["down"]} - {*hosts})
    ]
    said += [
        f"{host} has another address while it serves at the old one: `make drain HOST={host}` first."
        for host in sorted({slot["host"] for slot in ledger["slots"] if _moved(slot, inventory["addresses"])})
    ]
    return said


def _number(asked: object) -> int | None:
    """The number that was asked for; one of more than nine digits is none."""
    text = str(asked)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _moved(slot: Json, addresses: Mapping[str, str]) -> bool:
    return not slot["down"] and addresses.get(slot["host"], slot["address"]) != slot["address"]


def _housed(slot: Json, addresses: Mapping[str, str]) -> Json:
    return {**slot, "address": addresses.get(slot["host"], slot["address"])}


def _as_found(slot: Json, container: Mapping[str, Any] | None) -> Json:
    if container is None:
        return slot
    return {**slot, "colour": container["colour"], "release": container["release"], "down": False}


def _appended(slots: Sequence[Json], inventory: Mapping[str, Any], number: int) -> list[Json]:
    """The slots, and as many more as are missing to `number` on the hosts that are there: the emptiest host is next."""
    listed, number = list(slots), min(number, len(inventory["hosts"]) * (MOST_ON_A_HOST + 1))  # one too many is said
    counts = {host: sum(slot["host"] == host for slot in slots) for host in inventory["hosts"]}
    while counts and sum(counts.values()) < number:
        host = min(counts, key=lambda one: counts[one])
        counts[host] += 1
        listed.append(
            {
                "name": f"{host}/{counts[host]}",
                "host": host,
                "worker": counts[host],
                "address": inventory["addresses"][host],
                "colour": "blue",
                "release": "",
                "down": True,
            }
        )
    return listed


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {
            "warmline_slots": slots,
            "warmline_ported": ported,
            "warmline_found": found,
            "warmline_ledger": ledger,
            "warmline_remembered": remember,
            "warmline_wish": wish,
            "warmline_problems": problems,
        }

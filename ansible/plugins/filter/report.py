"""Findings as people read them: one table of hosts, then a sentence for all that is not as it should be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Finding = dict[str, str]

HERE = "inventory"
"""The host of findings that are no host's."""
WIDEST = 24
"""Characters of a cell; what is longer is in the sentence below."""


def report(findings: Sequence[Finding]) -> list[str]:
    """The lines. `!` stands before what stops a deploy, `?` before what may.

    What is looked at nowhere but in the inventory is a line below the table.
    """
    here = {one["what"] for one in findings if one["host"] == HERE}
    order = list(dict.fromkeys(one["what"] for one in findings if one["what"] not in here))
    hosts = list(dict.fromkeys(one["host"] for one in findings if one["host"] != HERE))
    cells = {(one["host"], one["what"]): _cell(one) for one in findings}
    rows = [["", *order], *([host, *(cells.get((host, what), "") for what in order)] for host in hosts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += ["", f"{HERE}: " + "; ".join(f"{what} {cell}" for (host, what), cell in cells.items() if host == HERE)]
    sentences = [sentence(one) for mark in ("FAIL", "warn") for one in findings if one["mark"] == mark]
    return [*lines, *([""] if sentences else []), *sentences]


def fails(findings: Iterable[Finding]) -> list[str]:
    """A sentence for each finding that stops a deploy."""
    return [sentence(one) for one in findings if one["mark"] == "FAIL"]


def sentence(finding: Finding) -> str:
    """What was found where, what is wanted, and what mends it."""
    text = f"{finding['mark']} {finding['host']} {finding['what']}: {finding['found']}"
    return f"{text}; wanted: {finding['wanted']}. To mend it: {finding['mend']}"


def _cell(finding: Finding) -> str:
    found = finding["found"]
    mark = {"ok": "", "warn": "? ", "FAIL": "! "}[finding["mark"]]
    return mark + (found if len(found) <= WIDEST else f"{found[: WIDEST - 1]}…")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {"warmline_report": report, "warmline_fails": fails}

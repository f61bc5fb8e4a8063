"""`warmline plan`: what a fleet would do, and how far that is from what was measured."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from warmline.study.source import entries, left_out

if TYPE_CHECKING:
    from warmline.traces import Entry


def plan(options: argparse.Namespace) -> int:
    from warmline import planner, traces
    from warmline.services.prices import read_prices

    if options.validate:
        return _validate(options)
    problems = [traces.Problems()]

    def trace() -> "Iterator[Entry]":
        problems[0] = traces.Problems()
        return entries(options, problems[0])

    capacity = planner.Capacity(memory=options.redis_mib * planner.MIB)
    wish = planner.Wish(
        profile=planner.numbers(options.profile, options.set),
        affinity=planner.Affinity(options.affinity),
        shared=options.shared == "yes",
        sessions=options.over == "sessions",
        weight=options.stands_for * options.sample,
        warm_up=options.warm_up,
        sockets_account=options.sockets_account,
        prices=read_prices(options.prices),
        capacity=replace(capacity, calls=options.redis_calls or capacity.calls),
    )
    for planned in planner.plans(trace, options.workers, wish):
        if options.json:
            print(planner.as_json(planned))
        else:
            print(*planner.lines(*planned), "", sep="\n")
    left_out(problems[0])
    return 0


def _validate(options: argparse.Namespace) -> int:
    from warmline import planner, traces
    from warmline.planner import validate

    evidence = validate.read_evidence(options.validate)
    found = list(entries(options, traces.Problems()))
    print(*validate.lines(validate.errors(evidence, found, planner.numbers(options.profile, options.set))), sep="\n")
    return 0

"""`warmline plan`: what a fleet would do, and how far that is from what was measured."""

import argparse
from dataclasses import replace

from warmline.accounts.prices import read_prices
from warmline.settings import Profile
from warmline_studies import planner
from warmline_studies.commands.room import require_plannable, require_regular_file
from warmline_studies.commands.source import TraceSource
from warmline_studies.planner import validate


def plan(options: argparse.Namespace) -> int:
    """Print a plan for each size of fleet; with `--validate` the errors, and 1 if one is too large."""
    if options.validate:
        return _validate(options)
    require_plannable(options.trace, options.sample)
    source, wish = TraceSource(options), _wish(options)
    sizes = [size for sizes in options.workers for size in sizes]
    for planned in planner.plans(source.entries, sizes, wish, sampled=lambda: source.part.weight):
        if options.json:
            print(planner.as_json(planned))
        else:
            print(*planner.lines(*planned), "", sep="\n")
    source.report_left_out()
    return 0


def _wish(options: argparse.Namespace) -> planner.Wish:
    capacity = planner.Capacity(memory=options.redis_mib * planner.MIB)
    return planner.Wish(
        profile=_profile(options),
        affinity=planner.Affinity(options.affinity),
        shared=options.shared == "yes",
        sessions=options.over == "sessions",
        weight=options.stands_for,
        warm_up=options.warm_up,
        sockets_account=options.sockets_account,
        prices=read_prices(options.prices),
        capacity=replace(capacity, calls=capacity.calls if options.redis_calls is None else options.redis_calls),
    )


def _validate(options: argparse.Namespace) -> int:
    require_regular_file(options.trace)
    source, evidence = TraceSource(options), validate.read_evidence(options.validate)
    validate.recognise(evidence, source.entries())
    errors = list(validate.errors(evidence, list(source.entries()), _profile(options)))
    print(*validate.lines(errors), sep="\n")
    return 0 if validate.good(errors) else 1


def _profile(options: argparse.Namespace) -> Profile:
    return planner.numbers(options.profile or "low_traffic", options.set)

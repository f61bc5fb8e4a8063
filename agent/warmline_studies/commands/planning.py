"""`warmline plan`: what a fleet would do, and how far that is from what was measured."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from warmline_studies.commands.room import plannable, readable_again
from warmline_studies.commands.source import Source

if TYPE_CHECKING:
    from warmline.settings import Profile


def plan(options: argparse.Namespace) -> int:
    """Print a plan for each size of fleet; with `--validate` the errors, and 1 if one is too large."""
    from warmline.accounts.prices import read_prices
    from warmline_studies import planner

    if options.validate:
        return _validate(options)
    plannable(options.trace, options.sample)
    source = Source(options)
    sizes = [size for sizes in options.workers for size in sizes]
    capacity = planner.Capacity(memory=options.redis_mib * planner.MIB)
    wish = planner.Wish(
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
    for planned in planner.plans(source.entries, sizes, wish, sampled=lambda: source.part.weight):
        if options.json:
            print(planner.as_json(planned))
        else:
            print(*planner.lines(*planned), "", sep="\n")
    source.left_out()
    return 0


def _validate(options: argparse.Namespace) -> int:
    from warmline_studies.planner import validate

    readable_again(options.trace)
    source, evidence = Source(options), validate.read_evidence(options.validate)
    validate.recognise(evidence, source.entries())
    errors = list(validate.errors(evidence, list(source.entries()), _profile(options)))
    print(*validate.lines(errors), sep="\n")
    return 0 if validate.good(errors) else 1


def _profile(options: argparse.Namespace) -> "Profile":
    from warmline_studies import planner

    return planner.numbers(options.profile or "low_traffic", options.set)

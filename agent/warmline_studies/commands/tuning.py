"""`warmline tune`: sizes and lifetimes, from a trace or from metrics, and into an inventory's variables."""

import argparse
import sys
from pathlib import Path

from warmline.accounts.prices import read_prices
from warmline.settings import PROFILES, Profile
from warmline_studies import planner, tuner
from warmline_studies.commands.room import size
from warmline_studies.commands.source import TraceSource
from warmline_studies.tuner import metrics


def tune(options: argparse.Namespace) -> int:
    """Print what is advised, and write it if told to. Raises TraceError, SettingsError, ValueError, OSError."""
    _require_writable(options)
    profile = planner.numbers(options.profile or "low_traffic", options.set)
    if not options.metrics:
        return _tune_by_trace(options, profile)
    own, room = profile if options.profile else None, options.l1_mib * planner.MIB
    found = metrics.watch(metrics.prometheus(options.metrics), options.window)
    print(*metrics.lines(found, own, room), sep="\n")
    _apply(options.apply, metrics.settings(found, own, room))
    return 0


def _require_writable(options: argparse.Namespace) -> None:
    """Raise OSError for a file that could not be written when, minutes later, everything has been worked out."""
    if options.apply is not None:
        options.apply.open("r+b").close()
    if options.svg is not None:
        options.svg.open("ab").close()


def _tune_by_trace(options: argparse.Namespace, profile: Profile) -> int:
    source = TraceSource(options)
    prices = read_prices(options.prices)
    script = planner.Script(planner.Origin(prices=prices), sessions=options.over == "sessions")
    rate = tuner.choose_rate(size(options.trace) / options.sample) if options.rate is None else options.rate
    setting = tuner.Setting(options.workers, planner.Affinity(options.affinity), rate)
    found = tuner.study(source.entries(), script, profile, setting)._replace(weight=source.part.weight)
    given = tuner.advice(found, room=options.l1_mib * planner.MIB)
    for said in tuner.report_sample(found, rate, len(source.part.organisations)):
        print(said)
    print(*tuner.lines(given, seconds=found.seconds, currency=prices.currency, profiles=PROFILES), sep="\n")
    if options.svg:
        drawn = tuner.draw_advice(given, "What a longer ttl and a larger L1 would bring")
        options.svg.write_text(drawn, encoding="utf-8")
    if options.apply:
        tuner.require_enough(found)
    _apply(options.apply, {name: number for one in given for name, number in one.settings().items()})
    source.report_left_out()
    return 0


def _apply(file: Path | None, settings: dict[str, int]) -> None:
    if file is None or not settings:
        return
    tuner.write(file, settings)
    print(f"warmline: wrote {len(settings)} settings into {file}", file=sys.stderr)

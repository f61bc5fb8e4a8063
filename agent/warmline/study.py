"""The command line of what is worked out from traces: `warmline trace`, `warmline plan`, `warmline tune`.

Every command of the program passes through here, so what a study is made of is imported when one is run.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from warmline.errors import SettingsError, TraceError

if TYPE_CHECKING:
    from warmline.settings import Profile
    from warmline.traces import Entry, Problems


def add_trace(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `trace`."""
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    make = commands.add_parser("generate", help="write a trace that was never recorded, one JSON object a line")
    _shape(make)
    make.add_argument("--utterances", type=Path, metavar="FILE", help="take questions from lines of {text, intent}")
    make.set_defaults(run=_told(_generate))
    knowledge = commands.add_parser("knowledge", help="write the questions of a generated trace and their answers")
    _shape(knowledge)
    knowledge.set_defaults(run=_told(_knowledge))
    show = commands.add_parser("describe", help="what is in a trace")
    _trace(show)
    _shape(show)
    show.set_defaults(run=_told(_describe))


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The options of `plan`."""
    _trace(parser)
    _shape(parser)
    _numbers(parser)
    parser.add_argument("--workers", type=int, nargs="+", default=[10], metavar="N", help="one or more sizes of fleet")
    parser.add_argument("--affinity", choices=["ip_hash", "session", "none"], default="ip_hash")
    parser.add_argument("--shared", choices=["yes", "no"], default="yes", help="whether entries are in Redis too")
    parser.add_argument("--over", choices=["sessions", "requests"], default="sessions", help="how callers talk to it")
    parser.add_argument("--stands-for", type=float, default=1, metavar="N", help="so many times as many organisations")
    parser.add_argument("--warm-up", type=float, default=0, metavar="SECONDS", help="count what comes after them")
    parser.add_argument("--redis-mib", type=int, default=2048, help="what one Redis may hold")
    parser.add_argument("--redis-calls", type=float, help="what one Redis carries a second, if you have measured it")
    parser.add_argument("--sockets-account", type=int, default=100, help="that the account may have open at once")
    parser.add_argument("--json", action="store_true", help="one JSON object for each size of fleet")
    parser.add_argument("--validate", type=Path, metavar="FILE", help="compare with what `make evidence` measured")
    parser.set_defaults(run=_told(_plan))


def add_tune(parser: argparse.ArgumentParser) -> None:
    """The options of `tune`."""
    _trace(parser)
    _shape(parser)
    _numbers(parser)
    parser.add_argument("--metrics", metavar="URL", help="ask a Prometheus such as http://127.0.0.1:9090 instead")
    parser.add_argument("--window", default="1d", help="of the metrics, as Prometheus writes it")
    parser.add_argument("--workers", type=int, default=10, metavar="N", help="whose L1 is sized")
    parser.add_argument("--affinity", choices=["ip_hash", "session", "none"], default="ip_hash")
    parser.add_argument("--over", choices=["sessions", "requests"], default="sessions", help="how callers talk to it")
    parser.add_argument("--rate", type=float, help="the part of all keys that is looked at; default: what fits memory")
    parser.add_argument(
        "--l1-mib", type=int, default=64, metavar="N", help="what L1 may have in a worker for one cache"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the curves")
    parser.add_argument("--apply", type=Path, metavar="FILE", help="write agent_settings of the inventory's variables")
    parser.set_defaults(run=_told(_tune))


def _numbers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", choices=["low_traffic", "high_traffic"], default="low_traffic")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=NUMBER", help="numbers that differ, such as cache_rag_ttl=600"
    )
    parser.add_argument("--prices", type=Path, metavar="FILE", help="a price table instead of the built-in one")


def _trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trace", type=Path, metavar="FILE", help="one JSON object a line; else --shape is invented")
    parser.add_argument("--skip-broken", action="store_true", help="leave out lines that are wrong, and count them")


def _shape(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shape", nargs="*", default=[], metavar="NAME=NUMBER", help="what to invent, such as conversations=5000"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed invents the same")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="look at one in N organisations only")


def _told(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command, which says in a few lines why what it was given cannot be used."""

    def told(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except (TraceError, SettingsError, ValueError) as error:
            lines = getattr(error, "lines", None) or getattr(error, "problems", None) or [str(error)]
            print("warmline: this cannot be used:", *lines, sep="\n  ", file=sys.stderr)
            return 2
        except BrokenPipeError:  # whoever read this has seen enough
            sys.stdout = None
            return 0

    return told


def _entries(options: argparse.Namespace, problems: "Problems") -> "Iterator[Entry]":
    from warmline import traces

    if options.trace is None:
        shape = traces.parsed(options.shape)
        return traces.generate(shape.sampled(options.sample) if options.sample > 1 else shape, options.seed)
    entries = traces.read(options.trace, skip=options.skip_broken, problems=problems)
    return traces.sampled(entries, options.sample) if options.sample > 1 else entries


def _left_out(problems: "Problems") -> None:
    if problems.count:
        print(f"warmline: lines left out: {problems.count:,}", *problems.report(), sep="\n  ", file=sys.stderr)


def _generate(options: argparse.Namespace) -> int:
    from warmline import traces

    shape = traces.parsed(options.shape)
    catalogue = traces.Uttered(options.utterances, exponent=shape.zipf) if options.utterances else None
    for entry in traces.generate(shape, options.seed, catalogue):
        sys.stdout.buffer.write(traces.line(entry))
    return 0


def _knowledge(options: argparse.Namespace) -> int:
    import json

    from warmline import traces

    for question, answer in traces.Invented(traces.parsed(options.shape).questions).everything():
        print(json.dumps({"question": question, "answer": answer}))
    return 0


def _describe(options: argparse.Namespace) -> int:
    from warmline import traces

    problems = traces.Problems()
    found = traces.describe(_entries(options, problems))
    print(*found.lines(), sep="\n")
    _left_out(problems)
    return 0


def _plan(options: argparse.Namespace) -> int:
    from warmline import planner, traces
    from warmline.services.prices import read_prices

    if options.validate:
        return _validate(options)
    problems = [traces.Problems()]

    def trace() -> "Iterator[Entry]":
        problems[0] = traces.Problems()
        return _entries(options, problems[0])

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
    _left_out(problems[0])
    return 0


def _validate(options: argparse.Namespace) -> int:
    from warmline import planner, traces
    from warmline.planner import validate

    evidence = validate.read_evidence(options.validate)
    entries = list(_entries(options, traces.Problems()))
    print(*validate.lines(validate.errors(evidence, entries, planner.numbers(options.profile, options.set))), sep="\n")
    return 0


def _tune(options: argparse.Namespace) -> int:
    from warmline import planner
    from warmline.tuner import metrics

    profile = planner.numbers(options.profile, options.set)
    if not options.metrics:
        return _tuned(options, profile)
    found = metrics.watched(metrics.prometheus(options.metrics), options.window)
    print(*metrics.lines(found, profile), sep="\n")
    settings = {name: number for one in found for name, number in metrics.advised(one, found[one], profile)[0].items()}
    _apply(options.apply, settings)
    return 0


def _tuned(options: argparse.Namespace, profile: "Profile") -> int:
    from warmline import planner, traces, tuner
    from warmline.services.prices import read_prices
    from warmline.settings import PROFILES

    problems = traces.Problems()
    prices = read_prices(options.prices)
    script = planner.Script(planner.Origin(prices=prices), sessions=options.over == "sessions")
    rate = options.rate or tuner.fitting(options.trace.stat().st_size if options.trace else 0)
    setting = tuner.Setting(options.workers, planner.Affinity(options.affinity), rate)
    found = tuner.studied(_entries(options, problems), script, profile, setting)
    given = tuner.advice(found, room=options.l1_mib * planner.MIB)
    if rate < 1:
        print(f"from {rate:.1%} of all phrases and questions: what L1 finds is uncertain by several points\n")
    print(*tuner.lines(given, seconds=found.seconds, currency=prices.currency, profiles=PROFILES), sep="\n")
    if options.svg:
        options.svg.write_text(tuner.drawing(given, "What a longer ttl and a larger L1 would bring"), encoding="utf-8")
    _apply(options.apply, {name: number for one in given for name, number in one.settings().items()})
    _left_out(problems)
    return 0


def _apply(file: Path | None, settings: dict[str, int]) -> None:
    """Write them all or nothing: the file is replaced when the new one is complete."""
    from warmline.tuner import applied

    if file is None or not settings:
        return
    text = applied(file.read_text(encoding="utf-8"), settings)
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    new.chmod(file.stat().st_mode)
    new.replace(file)
    print(f"warmline: wrote {len(settings)} settings into {file}", file=sys.stderr)

"""The options of the studies."""

import argparse

from warmline.commands.arguments import path
from warmline.settings import PROFILES
from warmline_studies.commands import planning, tracing, tuning
from warmline_studies.commands.number import MOST, real, whole, workers
from warmline_studies.planner import Affinity


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all studies; what it parses has the command to call with it as `run`."""
    parser = argparse.ArgumentParser(prog="warmline", description="What caches would do, worked out from a trace.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    _add_trace(commands.add_parser("trace", help="invent what callers ask, and say what is in a trace"))
    _add_plan(commands.add_parser("plan", help="work out what a fleet's caches would do on a trace, without the fleet"))
    _add_tune(commands.add_parser("tune", help="recommend sizes and lifetimes of caches, from a trace or from metrics"))
    return parser


def _add_trace(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    make = commands.add_parser("generate", help="write a trace that was never recorded, one JSON object a line")
    _add_shape(make)
    _add_seed(make)
    make.add_argument("--utterances", type=path, metavar="FILE", help="take questions from lines of {text, intent}")
    make.set_defaults(run=tracing.generate)
    knowledge = commands.add_parser("knowledge", help="write the questions of a generated trace and their answers")
    _add_shape(knowledge)
    knowledge.set_defaults(run=tracing.knowledge)
    show = commands.add_parser("describe", help="say what is in a trace")
    _add_source(show)
    show.set_defaults(run=tracing.describe)


def _add_plan(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    _add_numbers(parser)
    parser.add_argument(
        "--workers",
        type=workers,
        nargs="+",
        default=[[10]],
        metavar="N",
        help="one or more sizes of fleet, such as 10 or 10..10000, which is 10, 100, 1000 and 10000",
    )
    _add_edge(parser)
    parser.add_argument("--shared", choices=["yes", "no"], default="yes", help="whether entries are in Redis too")
    parser.add_argument(
        "--stands-for", type=real(least=1), default=1, metavar="N", help="plan for N times as many organisations"
    )
    parser.add_argument(
        "--warm-up", type=real(least=0), default=0, metavar="SECONDS", help="leave the first SECONDS out of all counts"
    )
    parser.add_argument("--redis-mib", type=whole(1), default=2048, help="the most MiB that one Redis may hold")
    parser.add_argument(
        "--redis-calls", type=real(above=0), help="calls a second that one Redis carries, if you have measured it"
    )
    parser.add_argument(
        "--sockets-account", type=whole(0), default=100, help="sockets that the account may have open at once"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each size of fleet")
    parser.add_argument("--validate", type=path, metavar="FILE", help="compare with what `make evidence` measured")
    parser.set_defaults(run=planning.plan)


def _add_tune(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    _add_numbers(parser)
    parser.add_argument("--metrics", metavar="URL", help="ask a Prometheus such as http://127.0.0.1:9090 instead")
    parser.add_argument("--window", default="1d", help="window of the metrics, as Prometheus writes it")
    parser.add_argument(
        "--workers", type=whole(1, MOST), default=10, metavar="N", help="size of the fleet whose L1 is sized"
    )
    _add_edge(parser)
    parser.add_argument(
        "--rate", type=real(above=0, most=1), help="the part of all keys to look at; default: as many as fit memory"
    )
    parser.add_argument(
        "--l1-mib", type=whole(1), default=64, metavar="N", help="the most MiB of L1 for one cache in a worker"
    )
    parser.add_argument("--svg", type=path, metavar="FILE", help="draw the curves")
    parser.add_argument("--apply", type=path, metavar="FILE", help="write agent_settings of the inventory's variables")
    parser.set_defaults(run=tuning.tune)


def _add_edge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--affinity",
        choices=list(map(str, Affinity)),
        default=str(Affinity.IP_HASH),
        help="what keeps a caller at a worker",
    )
    parser.add_argument(
        "--over", choices=["sessions", "requests"], default="sessions", help="how callers talk to the fleet"
    )


def _add_numbers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", choices=list(PROFILES), help="default: low_traffic")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=NUMBER", help="numbers that differ, such as cache_rag_ttl=600"
    )
    parser.add_argument("--prices", type=path, metavar="FILE", help="a price table instead of the built-in one")


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trace", type=path, metavar="FILE", help="one JSON object a line; else --shape is invented")
    parser.add_argument("--skip-broken", action="store_true", help="leave out lines that are wrong, and count them")
    _add_shape(parser)
    _add_seed(parser)
    parser.add_argument("--sample", type=whole(1), default=1, metavar="N", help="look at one in N organisations only")


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="the same seed invents the same trace")


def _add_shape(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shape", nargs="*", default=[], metavar="NAME=NUMBER", help="what to invent, such as conversations=5000"
    )

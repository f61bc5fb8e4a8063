"""The command line: `python -m warmline <command>`. Each command imports only what it needs."""

import argparse
import os
import re
import sys
from collections.abc import Sequence

from warmline import __version__
from warmline.commands import arguments as typed
from warmline.commands import ends

_ELSEWHERE = {
    "plan": "warmline_studies",
    "simulate": "warmline_simulators",
    "trace": "warmline_studies",
    "tune": "warmline_studies",
}
"""Commands that are no part of a worker, and the package that has each."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    return ends.run(lambda: _run(words), refusal="cannot start")


def _run(words: Sequence[str]) -> int:
    if words and words[0] in _ELSEWHERE:
        return _elsewhere(words[0])
    options = _parser().parse_args(words)
    code: int = options.run(options)
    return code


def _elsewhere(command: str) -> int:
    """Say where a command is that a worker does not have."""
    print(
        f"warmline: {command} is not a worker's command. From a clone: agent/bin/warmline {command} "
        f"(python -m {_ELSEWHERE[command]}{'' if command == 'simulate' else ' ' + command})",
        file=sys.stderr,
    )
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="warmline", description="A voice-agent worker whose caches never go cold.")
    parser.add_argument("--version", action="version", version=f"warmline {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    worker = commands.add_parser("worker", help="serve callers; settings come from WARMLINE_* variables")
    worker.set_defaults(run=_worker)

    check = commands.add_parser("check", help="read settings and files as the worker would, serve nothing")
    check.add_argument("--api-keys", type=typed.path, metavar="FILE", help="check this file of API keys alone")
    check.add_argument(
        "--redis", action="store_true", help="ask both Redis instances too, and print what they refuse in their words"
    )
    check.add_argument(
        "--list", action="store_true", help="print every setting with unit, default and meaning, and check none"
    )
    check.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    check.set_defaults(run=_check)

    health = commands.add_parser("health", help="exit 0 if the worker of these settings is alive")
    health.set_defaults(run=_health)

    warm = commands.add_parser("warm", help="have the worker of these settings warm itself now")
    warm.set_defaults(run=_warm)

    invalidate = commands.add_parser(
        "invalidate", help="make every worker forget what was cached; for whoever changed data behind our back"
    )
    invalidate.add_argument("--organisation", required=True, type=_name, help="whose")
    invalidate.add_argument("--knowledge", action="store_true", help="the organisation's knowledge answers")
    invalidate.add_argument(
        "--agent", action="append", default=[], type=_name, help="an agent, again for each; default: everything"
    )
    invalidate.set_defaults(run=_invalidate)

    probe = commands.add_parser("probe", help="ask a question and speak a phrase, cold and warm, and print the times")
    _add_edge(probe)
    probe.add_argument("--question", type=typed.question, default="What is knee pain?", help="what to ask")
    probe.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    probe.set_defaults(run=_probe)

    talk = commands.add_parser("talk", help="hold a voice session by typing; shows layers and milliseconds")
    _add_edge(talk)
    talk.add_argument("--save", type=typed.path, metavar="FILE.wav", help="keep what the agent says")
    talk.set_defaults(run=_talk)
    return parser


def _add_edge(parser: argparse.ArgumentParser) -> None:
    """Add what a client of the edge has to be told."""
    believed = "PEM file of the authority that signed the edge's certificate; default: this machine's authorities"
    parser.add_argument("--url", required=True, type=typed.url, help="the edge, such as https://127.0.0.1:8443")
    parser.add_argument("--agent", required=True, type=_name, help="the agent's name, such as reception")
    parser.add_argument(
        "--key-file", required=True, type=typed.key, dest="key", metavar="FILE", help="file that holds the API key"
    )
    parser.add_argument("--ca-file", type=typed.path, metavar="FILE", help=believed)


def _worker(options: argparse.Namespace) -> int:
    import asyncio
    import faulthandler

    import uvloop

    from warmline import app, settings
    from warmline.telemetry import logs

    faulthandler.enable()  # what ends a worker that stands still asks it first where it stands, by SIGABRT
    found = settings.read(os.environ)
    log = logs.configure(found.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(app.run(found, log))
    return 0


def _check(options: argparse.Namespace) -> int:
    import asyncio

    from warmline import app, settings
    from warmline.api.keys import ApiKeys
    from warmline.commands import check

    def refusals() -> Sequence[str]:
        if options.api_keys is not None:
            ApiKeys.read(options.api_keys)
            return ()
        found = settings.read(os.environ)
        app.check(found)
        return asyncio.run(app.check_redis(found)) if options.redis else ()

    if options.list:
        return check.show_settings(as_json=options.json)
    return check.run(refusals, as_json=options.json)


def _health(options: argparse.Namespace) -> int:
    from warmline.commands import health

    return health.check(os.environ)


def _warm(options: argparse.Namespace) -> int:
    from warmline.commands import warm

    return warm.run(os.environ)


def _invalidate(options: argparse.Namespace) -> int:
    from warmline import settings
    from warmline.commands import invalidate
    from warmline.services import groups

    wanted = groups.targets(options.organisation, with_knowledge=options.knowledge, agents=options.agent)
    return invalidate.run(settings.read(os.environ), wanted)


def _name(text: str) -> str:
    """What may be somebody's name: of any other there is nothing to forget, and nobody should be told otherwise."""
    from warmline.api.keys import NAME

    if not re.fullmatch(NAME, text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: lower-case letters, digits and hyphens")
    return text


def _probe(options: argparse.Namespace) -> int:
    from warmline.commands import probe

    return probe.run(
        options.url,
        agent=options.agent,
        key=options.key,
        question=options.question,
        ca_file=options.ca_file,
        as_json=options.json,
    )


def _talk(options: argparse.Namespace) -> int:
    from warmline.commands import talk

    return talk.run(options.url, agent=options.agent, key=options.key, save=options.save, ca_file=options.ca_file)


if __name__ == "__main__":
    sys.exit(main())

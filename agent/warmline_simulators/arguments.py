"""The command line of the simulators: `warmline simulate sarvam`, `convex` and `pager`.

Every command of the program passes through here, so what a simulator is made of is imported when one is run.
"""

import argparse
import math
from pathlib import Path
from urllib.parse import urlsplit


def add(parser: argparse.ArgumentParser) -> None:
    """Add the providers, the pager and their options to the command `simulate`."""
    providers = parser.add_subparsers(title="providers", required=True, metavar="provider")
    for name, options, run, what in (
        ("sarvam", _sarvam, _run_sarvam, "speak as Sarvam's text to speech does: REST, streamed and over WebSockets"),
        ("convex", _convex, _run_convex, "answer as a Convex deployment with the reference agent's functions does"),
        ("pager", _pager, _run_pager, "take alerts as a pager does, and write them into a file"),
    ):
        provider = providers.add_parser(
            name, help=what, description=f"{what}.".capitalize(), formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        provider.add_argument("--host", default="127.0.0.1", help="address to listen on")
        provider.add_argument("--port", type=_port, required=True, help="port to listen on")
        options(provider)
        provider.set_defaults(run=run)


def _sarvam(parser: argparse.ArgumentParser) -> None:
    _number(parser, "--speech-ms", 1000, "what a REST synthesis takes")
    _number(parser, "--connect-ms", 150, "what a WebSocket handshake takes")
    _number(parser, "--first-chunk-ms", 400, "from an utterance's text to its first audio, streamed or on a socket")
    _number(parser, "--chunk-ms", 200, "audio in each chunk")
    parser.add_argument("--speed", type=_speed, default=4, help="how much faster than real time the later chunks come")
    _number(parser, "--idle-seconds", 60, "a socket on which nothing is said for so long is closed")
    parser.add_argument(
        "--idle-close", choices=["frame", "cut"], default="frame", help="with a close frame, or TCP alone"
    )
    parser.add_argument("--sockets", type=_count, default=100, help="that the account may have open at once")
    _number(parser, "--requests-per-minute", 6000, "REST and stream requests, refilled continuously")
    parser.add_argument("--burst", type=_count, default=1000, help="REST and stream requests that may come at once")
    parser.add_argument(
        "--lenient", action="store_true", help="take what the provider refuses: docs/integrate/simulators.md"
    )


def _convex(parser: argparse.ArgumentParser) -> None:
    _number(parser, "--query-ms", 100, "what a query takes")
    _number(parser, "--mutation-ms", 100, "what a mutation takes")
    _number(parser, "--search-ms", 200, "what an action takes")
    parser.add_argument("--queries", type=_count, default=256, help="that may run at once; as many mutations")
    parser.add_argument("--actions", type=_count, default=512, help="that may run at once")
    parser.add_argument(
        "--error-status", type=int, choices=[200, 560], default=200, help="HTTP status when a function threw"
    )
    parser.add_argument("--data", type=_path, help="folder of organisations, a JSON file each, instead of the three")
    parser.add_argument(
        "--webhook-url", type=_url, default="", help="URL above the worker's webhooks, such as .../v1/webhooks"
    )
    parser.add_argument("--webhook-secret-file", type=_path, help="secrets that sign them, whsec_<base64>, one a line")
    parser.add_argument("--webhook-ca-file", type=_path, help="PEM file of the authority that an https URL is held to")
    _number(parser, "--webhook-retry-ms", 500, "before the first retry; doubled for each that follows")


def _pager(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=_path, required=True, help="to which alerts are appended, a JSON object a line")


def _number(parser: argparse.ArgumentParser, name: str, default: float, what: str) -> None:
    parser.add_argument(name, type=_amount, default=default, help=what)


def _amount(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is no number") from None
    if not math.isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError(f"must be a number at least 0, not {word}")
    return number


def _speed(word: str) -> float:
    if not (number := _amount(word)):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _count(word: str) -> int:
    try:
        number = int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is no whole number") from None
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {word}")
    return number


def _port(word: str) -> int:
    number = _count(word)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"must be at most 65535, not {word}")
    return number


def _path(word: str) -> Path:
    if not word:
        raise argparse.ArgumentTypeError("name a file")
    return Path(word)


def _url(word: str) -> str:
    try:
        parts = urlsplit(word)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if word and not good:
        raise argparse.ArgumentTypeError(f"{word!r} is no URL such as http://127.0.0.1:8101/v1/webhooks")
    return word


def _run_sarvam(options: argparse.Namespace) -> int:
    from warmline_simulators.sarvam import SarvamOptions, SarvamSimulator
    from warmline_simulators.server import serve

    how = SarvamOptions(
        speech=options.speech_ms / 1000,
        connect=options.connect_ms / 1000,
        first_chunk=options.first_chunk_ms / 1000,
        chunk=options.chunk_ms / 1000,
        speed=options.speed,
        idle=options.idle_seconds,
        idle_close_frame=options.idle_close == "frame",
        sockets=options.sockets,
        requests_per_minute=options.requests_per_minute,
        burst=options.burst,
        lenient=options.lenient,
    )
    serve(SarvamSimulator(how).app(), host=options.host, port=options.port)
    return 0


def _run_convex(options: argparse.Namespace) -> int:
    from warmline_simulators.convex import ConvexOptions, ConvexSimulator
    from warmline_simulators.convex.webhooks import poster, read_secrets
    from warmline_simulators.server import serve

    how = ConvexOptions(
        query=options.query_ms / 1000,
        mutation=options.mutation_ms / 1000,
        action=options.search_ms / 1000,
        most_queries=options.queries,
        most_mutations=options.queries,
        most_actions=options.actions,
        error_status=options.error_status,
        data=options.data,
        webhook_url=options.webhook_url,
        webhook_secrets=read_secrets(options.webhook_secret_file) if options.webhook_secret_file else (),
        webhook_retry=options.webhook_retry_ms / 1000,
    )
    serve(ConvexSimulator(how, send=poster(options.webhook_ca_file)).app(), host=options.host, port=options.port)
    return 0


def _run_pager(options: argparse.Namespace) -> int:
    from warmline_simulators.pager import Pager
    from warmline_simulators.server import serve

    options.file.open("ab").close()  # what cannot be written is said before alerts come
    serve(Pager(options.file).app(), host=options.host, port=options.port)
    return 0

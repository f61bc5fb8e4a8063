"""The command line of the simulators: `warmline simulate sarvam` and `warmline simulate convex`.

Every command of the program passes through here, so what a simulator is made of is imported when one is run.
"""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add both providers and their options to the command `simulate`."""
    providers = parser.add_subparsers(title="providers", required=True, metavar="provider")
    for name, options, run in (("sarvam", _sarvam, _run_sarvam), ("convex", _convex, _run_convex)):
        provider = providers.add_parser(
            name, help=f"simulate {name}", formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        provider.add_argument("--host", default="127.0.0.1", help="address to listen on")
        provider.add_argument("--port", type=int, required=True, help="port to listen on")
        options(provider)
        provider.set_defaults(run=run)


def _sarvam(parser: argparse.ArgumentParser) -> None:
    _number(parser, "--speech-ms", 1000, "what a REST synthesis takes")
    _number(parser, "--connect-ms", 150, "what a WebSocket handshake takes")
    _number(parser, "--first-chunk-ms", 400, "from an utterance's text to its first audio, streamed or on a socket")
    _number(parser, "--chunk-ms", 200, "audio in each chunk")
    _number(parser, "--speed", 4, "how much faster than real time the later chunks come")
    _number(parser, "--idle-seconds", 60, "a socket on which nothing is said for so long is closed")
    parser.add_argument(
        "--idle-close", choices=["frame", "cut"], default="frame", help="with a close frame, or TCP alone"
    )
    parser.add_argument("--sockets", type=int, default=100, help="that the account may have open at once")
    _number(parser, "--requests-per-minute", 6000, "REST and stream requests, refilled continuously")
    parser.add_argument("--burst", type=int, default=1000, help="REST and stream requests that may come at once")


def _convex(parser: argparse.ArgumentParser) -> None:
    _number(parser, "--query-ms", 100, "time of a query")
    _number(parser, "--search-ms", 200, "time of an action")


def _number(parser: argparse.ArgumentParser, name: str, default: float, what: str) -> None:
    parser.add_argument(name, type=float, default=default, help=what)


def _run_sarvam(options: argparse.Namespace) -> int:
    from warmline.simulators.sarvam import SarvamOptions, SarvamSimulator
    from warmline.simulators.server import serve

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
    )
    serve(SarvamSimulator(how).app(), host=options.host, port=options.port)
    return 0


def _run_convex(options: argparse.Namespace) -> int:
    from warmline.simulators.convex import ConvexSimulator
    from warmline.simulators.server import serve

    simulator = ConvexSimulator(query_seconds=options.query_ms / 1000, action_seconds=options.search_ms / 1000)
    serve(simulator.app(), host=options.host, port=options.port)
    return 0

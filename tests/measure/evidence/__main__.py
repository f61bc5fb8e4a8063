"""`python -m tests.measure.evidence`: measure every fleet, show it, and keep it if told to."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import msgspec

from tests.measure.bench import report
from tests.measure.bench.environment import load, processor
from tests.measure.evidence import scale
from tests.measure.evidence.kept import Kept, named
from tests.measure.evidence.progress import Progress
from tests.measure.evidence.record import Run
from tests.measure.evidence.row import measure
from tests.measure.evidence.setups import SETUPS, Setup
from tests.measure.evidence.shown import page
from tests.measure.evidence.shown.drawings import draw_hits
from tests.measure.evidence.shown.summary import Row, summary
from tests.measure.evidence.shown.tables import part
from tests.measure.evidence.trace import FULL, QUICK, Size, Trace, chosen
from tests.support.processes import ROOT
from warmline.settings import PROFILES
from warmline_studies.traces import TraceError, line

DOCS = ROOT / "docs" / "results"


def main() -> int:
    """The command line; the exit code: 0 measured, 1 failed, 2 the trace cannot be used, 130 interrupted."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    size = QUICK if options.quick else FULL
    try:
        trace = chosen(options.trace, size)
        rows, about = _measured(trace, size, options)
    except TraceError as error:
        sys.stderr.write("evidence: the trace cannot be used:\n" + "".join(f"  {line}\n" for line in error.lines))
        return 2
    except (OSError, RuntimeError, AssertionError) as error:
        said = str(error) or "a run took too long"
        sys.stderr.write(f"\nevidence: {said}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nevidence: interrupted; what was finished is kept, and the next run goes on from there\n")
        return 130
    sys.stdout.write(report.text(about, [part(rows)]))
    _write(DOCS if options.write else options.state, trace, rows, about)
    _keep_trace(options.state, trace)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.measure.evidence", description=main.__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="three workers and a few seconds each: to see that it runs"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"into {DOCS.relative_to(ROOT)} instead of the state folder"
    )
    parser.add_argument("--fresh", action="store_true", help="measure anew what was measured already")
    parser.add_argument("--trace", type=Path, help="lines of a trace, or of utterances; default: an invented one")
    parser.add_argument("--rows", default="".join(one.letter for one in SETUPS), help="letters of the rows to measure")
    parser.add_argument("--profile", choices=list(PROFILES), default="low_traffic", help="cache sizes and lifetimes")
    parser.add_argument("--state", type=Path, default=_state(), help="where finished rows are kept")
    return parser


def _state() -> Path:
    base = os.environ.get("WARMLINE_STATE") or Path.home() / ".local" / "state" / "warmline"
    return Path(base) / "evidence"


def _measured(trace: Trace, size: Size, options: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    kept = Kept(options.state, named(trace.digest, repr(size), options.profile))
    if options.fresh:
        kept.forget()
    began, about = time.monotonic(), _about(trace, options.profile)
    lifetimes = scale.lifetimes(options.profile, trace.factor)
    rows = []
    for setup in SETUPS:
        if setup.letter in options.rows:
            run = kept.find(setup.letter) or _run(setup, trace, size, options.profile, kept)
            rows.append(summary(setup, run, lifetimes, trace.seconds))
    return rows, about | {"run": f"{time.monotonic() - began:.0f} s, load {load()} after it"}


def _run(setup: Setup, trace: Trace, size: Size, profile: str, kept: Kept) -> Run:
    progress = Progress(f"{setup.letter}, {setup.title}", len(trace.steps))
    numbers = scale.settings(profile, trace.factor)
    run = measure(setup, trace.steps, seconds=trace.seconds, workers=size.workers, numbers=numbers, done=progress.step)
    kept.keep(setup.letter, run)
    progress.end("measured")
    return run


def _about(trace: Trace, profile: str) -> dict[str, str]:
    return {
        "machine": f"{os.cpu_count()} cores, {processor()}, load {load()} before the run",
        "trace": "; ".join(" ".join(line.split()) for line in trace.about),
        "time": f"played in {trace.seconds:.0f} s, {trace.factor:.1f} times faster than in truth; the lifetimes of the "
        f"profile {profile} are as many times shorter. Latencies are not scaled: {_latencies()}; so a load is a larger "
        f"part of a lifetime than in truth, and more callers join one. Redis may cost a lookup "
        f"{scale.REDIS_SECONDS * 1000:.0f} ms instead of 50, for all processes share this machine's cores.",
        "hits": "all lookups but those whose caller had to wait for a load of his own; those who waited for another's "
        "are hits, shown as joined. The best possible is one cache without bounds for the same requests at the same "
        "times, with the same lifetimes and changes of knowledge, computed. Quoted is what is commonly said.",
    }


def _latencies() -> str:
    speech, connect, search, query = (
        f"{seconds * 1000:.0f} ms" for seconds in (scale.FIRST_CHUNK, scale.CONNECT, scale.SEARCH, scale.QUERY)
    )
    return f"speech {speech} to its first audio after a handshake of {connect}, search {search}, query {query}"


def _write(folder: Path, trace: Trace, rows: list[Row], about: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shown = part(rows)
    data = {
        "environment": about,
        "trace": {"about": trace.about, "seconds": trace.seconds, "factor": trace.factor, "digest": trace.digest},
        "rows": msgspec.to_builtins(rows),
        "bars": msgspec.to_builtins(shown.bars),
    }
    (folder / "evidence.txt").write_text(report.text(about, [shown]), encoding="utf-8")
    (folder / "evidence.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    (folder / "evidence.svg").write_text(draw_hits(rows), encoding="utf-8")
    (folder / "evidence.html").write_text(page.render(about, rows, shown), encoding="utf-8")
    sys.stderr.write(f"evidence: the report is {folder}/evidence.html, and beside it as txt, json and svg\n")


def _keep_trace(folder: Path, trace: Trace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    played = folder / "trace.jsonl"
    played.write_bytes(b"".join(line(step.entry) for step in trace.steps))
    sys.stderr.write(f"evidence: what was played is {played}\n")


if __name__ == "__main__":
    sys.exit(main())

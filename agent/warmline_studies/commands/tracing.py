"""`warmline trace`: invent a trace, and describe one."""

import argparse
import json
import sys

from warmline_studies import traces
from warmline_studies.commands.source import TraceSource


def generate(options: argparse.Namespace) -> int:
    """Write entries to standard output."""
    shape = traces.parse_shape(options.shape)
    catalogue = traces.Uttered(options.utterances, exponent=shape.zipf) if options.utterances else None
    for entry in traces.generate(shape, options.seed, catalogue):
        sys.stdout.buffer.write(traces.line(entry))
    return 0


def knowledge(options: argparse.Namespace) -> int:
    """Print questions with their answers, a JSON object a line."""
    for question, answer in traces.Invented(traces.parse_shape(options.shape).questions).everything():
        print(json.dumps({"question": question, "answer": answer}))
    return 0


def describe(options: argparse.Namespace) -> int:
    """Print what is in a trace."""
    source = TraceSource(options)
    print(*traces.describe(source.entries()).lines(), sep="\n")
    source.report_left_out()
    return 0

"""Structured logs on standard output, one JSON object a line. Texts of callers are never logged."""

import atexit
import json
import logging
import logging.config
import os
import sys
from datetime import UTC, datetime

import structlog

from warmline.telemetry.log_writer import LogWriter

LAST_WORDS_SECONDS = 2.0
"""How long the end of the process waits for somebody to read what is still to be written."""


def configure(level: str) -> LogWriter:
    """Send structlog's and the standard library's records to standard output, alike. Returns who writes them."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without the frames' variables: they hold texts of callers, and keys.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    out = sys.stdout.fileno()
    writer = LogWriter(lambda line: _write(out, line), _report_loss)
    atexit.register(writer.close, LAST_WORDS_SECONDS)
    handler = logging.StreamHandler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    return writer


def _write(descriptor: int, line: bytes) -> None:
    """All of it; not through sys.stdout, whose lock the interpreter takes when it ends."""
    while line:
        line = line[os.write(descriptor, line) :]


def _report_loss(lines: int) -> str:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    said = {"event": "lines of the log were lost", "lines": lines, "level": "warning", "timestamp": now}
    return json.dumps(said) + "\n"

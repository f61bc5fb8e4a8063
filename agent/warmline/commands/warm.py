"""`warmline warm`: ask the worker of these settings to warm itself now, and say what became of it."""

import json
import sys
from collections.abc import Mapping

from warmline.commands.health import ask
from warmline.commands.table import draw

_SECONDS = 120


def run(environment: Mapping[str, str]) -> int:
    """Print the entries by cache; 0 if the worker warmed itself, else 1. Raises OSError if nothing answers."""
    status, body = ask(environment, "POST", "/v1/admin/warm", seconds=_SECONDS)
    if status != 200:
        print(f"warmline: not warmed: HTTP {status}", file=sys.stderr)
        return 1
    found = json.loads(body)["entries"]
    rows = [
        (cache, ", ".join(f"{count} {what}" for what, count in entries.items())) for cache, entries in found.items()
    ]
    print(*draw(rows), sep="\n")
    return 0

"""`warmline warm`: ask the worker of these settings to warm itself now, and say what became of it."""

import http.client
import json
from collections.abc import Mapping

_SECONDS = 120


def run(environment: Mapping[str, str]) -> int:
    """Print the entries by cache; 0 if the worker warmed itself, else 1. Raises OSError if nothing answers."""
    host = environment.get("WARMLINE_LISTEN_HOST", "127.0.0.1")
    port = int(environment.get("WARMLINE_ADMIN_PORT", "8200"))
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("POST", "/v1/admin/warm")
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        print(f"warmline: not warmed: HTTP {response.status}")
        return 1
    for cache, entries in json.loads(body)["entries"].items():
        print(f"{cache:<8}", ", ".join(f"{count} {what}" for what, count in entries.items()))
    return 0

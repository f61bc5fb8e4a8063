"""The container's health check: one request to the worker's own fleet port, with nothing but the standard library."""

import http.client
from collections.abc import Mapping


def check(environment: Mapping[str, str]) -> int:
    """0 if `/livez` answers 200 within two seconds, else 1. Raises OSError if nothing answers."""
    host = environment.get("WARMLINE_LISTEN_HOST", "127.0.0.1")
    port = int(environment.get("WARMLINE_ADMIN_PORT", "8200"))
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/livez")
        status = connection.getresponse().status
    finally:
        connection.close()
    return 0 if status == 200 else 1

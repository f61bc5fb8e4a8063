"""The container's health check: one request to the worker's own fleet port, with little but the standard library."""

import http.client
from collections.abc import Mapping

from warmline.commands.ends import describe
from warmline.errors import SettingsError


def check(environment: Mapping[str, str]) -> int:
    """0 if `/livez` answers 200 within two seconds, else 1. Raises OSError if nothing answers, SettingsError."""
    status, _ = ask(environment, "GET", "/livez", seconds=2)
    return 0 if status == 200 else 1


def ask(environment: Mapping[str, str], method: str, path: str, *, seconds: float) -> tuple[int, bytes]:
    """Ask the worker of these settings on its fleet port; the status and the body.

    Raises OSError, which names the address, if no whole answer came within so many seconds; SettingsError for a port
    that is none.
    """
    host, port = _fleet_address(environment)
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise OSError(f"no worker answers at {host}:{port}: {describe(error)}") from error
    finally:
        connection.close()


def _fleet_address(environment: Mapping[str, str]) -> tuple[str, int]:
    port = environment.get("WARMLINE_ADMIN_PORT", "8200")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise SettingsError([f"WARMLINE_ADMIN_PORT: {port!r} is no port between 1 and 65535"])
    return environment.get("WARMLINE_LISTEN_HOST", "127.0.0.1"), int(port)

"""Whose certificate a client of the edge believes."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path


def context(ca_file: Path | None) -> ssl.SSLContext:
    """A client's side of TLS: believes this machine's authorities or, if there is a PEM file, those in it alone.

    Raises OSError for a file that cannot be read or holds no certificate.
    """
    if ca_file is None:
        return ssl.create_default_context()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        made.load_verify_locations(cadata=ca_file.read_text(encoding="ascii", errors="ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise OSError(
            f"{ca_file} holds no certificate: name a PEM file of the authority that signed the edge's"
        ) from error
    return made


@contextlib.contextmanager
def explain() -> Iterator[None]:
    """What to do about a certificate that is not believed: OSError says it in place of the library's error."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise OSError(
            f"the edge's certificate is not believed ({error}): name its authority's file with --ca-file"
        ) from error

"""Secrets, which are in files."""

from pathlib import Path

from warmline.errors import SettingsError


def read_secret(path: Path | None) -> str | None:
    """The secret that a file holds; None where there is no file. Hand it to its client, keep it nowhere else.

    Raises OSError, and SettingsError for what can be no secret: it would fail wherever it were used.
    """
    try:
        secret = None if path is None else path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise SettingsError([f"secret file {path}: is not UTF-8"]) from error
    if secret and not secret.isprintable():
        raise SettingsError([f"secret file {path}: must hold one line, without control characters"])
    return secret

"""Read secrets from files."""

from pathlib import Path

from warmline.errors import SettingsError


def read_secret(path: Path | None) -> str | None:
    """Read the secret in a file, without white space around it. Return None if `path` is None.

    Give the secret to the client that needs it and keep it nowhere else. Raises OSError if the file cannot be read, and
    SettingsError if its content cannot be a secret: not UTF-8, or with control characters.
    """
    try:
        secret = None if path is None else path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise SettingsError([f"secret file {path}: is not UTF-8"]) from error
    if secret and not secret.isprintable():
        raise SettingsError([f"secret file {path}: must hold one line, without control characters"])
    return secret

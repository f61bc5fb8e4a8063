"""Readers of what is typed after options: each returns the value, or says in words why the text is none."""

import argparse
import re
from pathlib import Path
from urllib.parse import urlsplit

from warmline.commands.ends import describe

_URL = re.compile(r"[!-~]+")
_KEY = re.compile(r"[!-~]+")


def url(text: str) -> str:
    """Read the URL of an edge, without a slash at its end."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL: {error}") from None
    if not good or not _URL.fullmatch(text) or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL such as https://127.0.0.1:8443")
    return text.rstrip("/")


def question(text: str) -> str:
    """Read a text that says something."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def key(file: str) -> str:
    """Read the API key that a file holds. No message repeats what is in the file."""
    if not file:
        raise argparse.ArgumentTypeError("name a file")
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise argparse.ArgumentTypeError(describe(error)) from None
    except UnicodeError:
        raise argparse.ArgumentTypeError(f"{file} is no text, so it holds no API key") from None
    if not text:
        raise argparse.ArgumentTypeError(f"{file} is empty, and should hold an API key")
    if not _KEY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{file} should hold one API key and nothing else")
    return text


def path(text: str) -> Path:
    """Read the name of a file, which an empty text is not."""
    if not text:
        raise argparse.ArgumentTypeError("name a file")
    return Path(text)

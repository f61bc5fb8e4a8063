"""Headers that may come in several lines.

Lines of one name are one list, in their order (RFC 9110, 5.3), however they travelled: a proxy may join them. Where
only one value makes sense, lines that agree are one, and lines that do not are a list, which is then no good value.
"""

from starlette.datastructures import Headers


def join(headers: Headers, name: str) -> str | None:
    """Join all lines of a header to one value; None if the request has no such header."""
    return ", ".join(dict.fromkeys(headers.getlist(name))) or None


def bearer(headers: Headers) -> str | None:
    """The `Authorization: Bearer` there is; None without one, whatever else is authorised to somebody on the way."""
    lines = dict.fromkeys(headers.getlist("authorization"))
    return ", ".join(line for line in lines if line.partition(" ")[0].lower() == "bearer") or None

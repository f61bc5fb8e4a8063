"""Requests of every kind, good, odd and broken, for what reads them: strategies for Hypothesis."""

import json
from urllib.parse import quote

from hypothesis import strategies as st

from tests.support.clients.raw import HANDSHAKE
from tests.support.processes.stack import key_of

KEY = f"Bearer {key_of('sahyadri')}"
ANSWER, SPEECH = "/v1/agents/reception/answer", "/v1/agents/reception/speech"
HOOKS = tuple(f"/v1/webhooks/{name}-updated" for name in ("knowledge", "agent", "prompt"))
TEXTS = st.sampled_from(["What is knee pain?", "When are you open?", "क्या आप खुले हैं?"]) | st.text(max_size=40)
VISIBLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-_!#$%&'*+.^`|~0123456789", min_size=1, max_size=12)
NO_FRAMING = {"content-length", "transfer-encoding", "host", "connection", "authorization", "expect"}


class Sent:
    """One connection's request. `parts` go out in writes of their own; `cut`: it has no end, and the client says so."""

    def __init__(self, parts: tuple[bytes, ...], *, cut: bool, handshake: bool) -> None:
        self.parts = parts
        self.cut = cut
        self.handshake = handshake

    def __repr__(self) -> str:
        """Its head and where it is cut; a body may be long."""
        return f"Sent({self.parts[0][:200]!r}, sizes={[len(part) for part in self.parts]}, cut={self.cut})"


OFFERS = st.sampled_from(
    [
        {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAA"},
        {"Connection": "close, Upgrade", "Upgrade": "websocket"},
        {"Connection": "upgrade", "Upgrade": "TLS/1.3, foo"},
        {"Connection": "Upgrade", "Upgrade": ""},
        HANDSHAKE,
    ]
)
KNOWN = st.sampled_from(
    [
        ("Accept", "audio/pcm"),
        ("Accept", "text/html, audio/wav;q=0.5"),
        ("Accept", "*/*;q=x"),
        ("Authorization", "Basic eDp5"),
        ("Cookie", "a=" + "b" * 9000),
        ("Cookie", "warmline_session=abc; x=y"),
        ("Expect", "100-continue"),
        ("Forwarded", "for=1.2.3.4"),
        ("If-None-Match", "*"),
        ("Keep-Alive", "timeout=1"),
        ("Proxy-Connection", "keep-alive"),
        ("Range", "bytes=0-1"),
        ("TE", "trailers, deflate"),
        ("Trailer", "Authorization"),
        ("Transfer-Encoding", "gzip"),
        ("Content-Encoding", "gzip"),
        ("X-Forwarded-For", "203.0.113.7, 10.0.0.1"),
        ("X-Forwarded-For", "not an address"),
        ("X-Forwarded-Proto", "https"),
        ("X-Request-ID", "x" * 300),
        ("X-Warmline-Session", "chosen"),
        ("Sec-WebSocket-Protocol", "a, b"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=99"),
        ("Sec-WebSocket-Key", "short"),
    ]
)
ANY = st.tuples(TOKENS.filter(lambda name: name not in NO_FRAMING), VISIBLE)
EXTRA = st.lists(KNOWN | ANY, max_size=4)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NOTICES = st.fixed_dictionaries({"organisation": st.just("sahyadri")}, optional={"agent": st.just("reception")})
BODIES = (
    TEXTS.map(lambda text: json.dumps({"text": text}).encode())
    | st.binary(max_size=60)
    | (JSONS | NOTICES).map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"[" * 5000, b'{"text": "' + b"x" * 20_000 + b'"}', b"x" * 66_000])
)


def _chunked(body: bytes, sizes: list[int], trailer: str) -> bytes:
    """In chunks of these sizes, the rest in one; with what may follow the last."""
    framed = b""
    for size in [*sizes, len(body)]:
        piece, body = body[:size], body[size:]
        framed += b"%x;a=b\r\n%s\r\n" % (len(piece), piece) if piece else b""
    return framed + b"0\r\n" + trailer.encode("latin-1") + b"\r\n"


@st.composite
def _targets(draw: st.DrawFn) -> str:
    path = draw(st.sampled_from([ANSWER] * 6 + [SPEECH, "/v1/health", "/v1/openapi.json", "/demo", "/demo/demo.js"]))
    if draw(st.integers(0, 9)) == 0:
        path = draw(
            st.sampled_from(["/v1/sessions", "/v1/%73essions", "/v1//health", "/v1/health/", "/v1/agents/%00/answer"])
        )
    query = f"text={quote(draw(TEXTS).encode(), safe='')}"
    more = draw(st.sampled_from(["", "", "", "&x=%FF", "&session=a", "&text=b", "&" + "a" * 5000, "&é=\x80"]))
    return f"{path}?{query}{more}"


@st.composite
def _headers(draw: st.DrawFn) -> list[tuple[str, str]]:
    offer = draw(st.sampled_from([{}] * 3) | OFFERS)
    headers = [("Host", "localhost"), ("Authorization", KEY), *(offer or {"Connection": "close"}).items()]
    return headers + draw(EXTRA)


@st.composite
def _posts(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]], bytes]:
    body, trailer = draw(BODIES), draw(st.sampled_from(["", "", "Authorization: Basic x\r\n"]))
    kind = [("Content-Type", draw(st.sampled_from(["application/json"] * 4 + ["text/plain", "application/json; a=b"])))]
    target = draw(st.sampled_from([ANSWER] * 6 + [SPEECH, *HOOKS, "/v1/health"]))
    if draw(st.booleans()):
        return target, [*kind, ("Content-Length", str(len(body)))], body
    sizes = draw(st.lists(st.integers(1, 40), max_size=3))
    return target, [*kind, ("Transfer-Encoding", "chunked")], _chunked(body, sizes, trailer)


@st.composite
def sent(draw: st.DrawFn) -> Sent:
    """A request with a good key, whole or cut, in one write or several."""
    method = draw(st.sampled_from(["GET"] * 6 + ["HEAD", "PUT", "BREW"] + ["POST"] * 6))
    target, kind, body = draw(_posts()) if method == "POST" else (draw(_targets()), [], b"")
    version = draw(st.sampled_from(["1.1"] * 9 + ["1.0"]))
    headers = draw(_headers()) + kind
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in headers), "", ""]
    whole = "\r\n".join(lines).encode("latin-1") + body
    cut = draw(st.integers(0, 19)) == 0
    if cut:
        whole = whole[: draw(st.integers(1, len(whole) - 1))]
    at = sorted(draw(st.lists(st.integers(1, len(whole)), max_size=2)))
    parts = [whole[start:end] for start, end in zip([0, *at], [*at, len(whole)], strict=True)]
    return Sent(tuple(part for part in parts if part), cut=cut, handshake=("Upgrade", "websocket") in headers)

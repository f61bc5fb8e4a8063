"""One connection of HTTP/1. Beyond uvicorn's: every head and body has its time and its size, what cannot be read is
answered, offers of other protocols are ignored but for the WebSockets that there are, and a client that says that it
has sent all is still answered.
"""

import asyncio
from collections.abc import Collection
from typing import ClassVar

import httptools
import structlog
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from warmline.connection import lingering, offer, parsing, refusal
from warmline.connection.exchange import Exchange
from warmline.connection.refusal import ConnectionRefusal, RequestRefused
from warmline.connection.websocket import WebSocketConnection

HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection's begin, to the end of its head: nginx's own limit."""

BODY_SECONDS = 30.0
"""From there to the end of its body."""

HEAD_BYTES = 64 * 1024
"""Of a request's line and headers together: what four of nginx's large buffers hold."""

BODY_BYTES = 1024 * 1024
"""Of a body with its framing and trailers; handlers read less, and nginx lets less through."""

MOST_WAITING = 16
"""Requests that one connection may send before the first of them is answered."""

_log = structlog.get_logger(__name__)


class HttpConnection(HttpToolsProtocol):
    """See the module; `http_protocol` says where WebSockets are."""

    sockets: ClassVar[Collection[str]] = ()

    _timer: asyncio.TimerHandle | None = None
    _reading = False  # a request has begun and is not complete
    _head_ends = False  # its head is
    _bytes = 0  # of its head or, behind that, of its body, in writes after the one in which that began
    _deaf = False  # nothing more is read: what is under way is answered, then the connection ends
    _running: RequestResponseCycle | None = None
    _current: Exchange | None = None  # the answer to what is being read, from the end of its head on

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._allow(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._allow(None)
        if self._running is not None:  # uvicorn tells the newest alone
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        try:
            while data and not self._deaf:
                data = self._feed(data)
            if self._reading and self._bytes > (BODY_BYTES if self._head_ends else HEAD_BYTES):
                raise RequestRefused(refusal.LONG_BODY if self._head_ends else refusal.LONG_HEAD)
        except RequestRefused as refused:
            self._refuse(refused.refusal)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # what asyncio's may return
        """True while an answer is owed: the client has only said that it sends nothing more."""
        if self._reading:
            self._refuse(refusal.CUT_SHORT)
        elif self._running is not None and not self._running.response_complete:
            self._end_after_answers()
        else:
            return None
        return True

    def shutdown(self) -> None:
        """What was asked is answered; what has not been asked to its end is not waited for."""
        if self._reading:
            self._refuse(refusal.STOPPING)
        else:
            super().shutdown()

    def _feed(self, data: bytes) -> bytes:
        """Have it parsed; what is left behind an offer that was not taken comes back. Raises RequestRefused."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as found:
            return self._offer(data[found.args[0] :])
        except httptools.HttpParserError as error:
            raise parsing.refuse(error, data) from error
        return b""

    def _offer(self, rest: bytes) -> bytes:
        method, version = self.scope["method"].encode("ascii"), self.scope["http_version"]
        headers = list(self.headers)
        if method == b"CONNECT":
            raise RequestRefused(refusal.NO_METHOD)
        if offer.is_handshake(method, version, headers) and parsing.path(self.url) in self.sockets:
            if self._busy():
                raise RequestRefused(refusal.NOT_HTTP)
            self._hand_over(offer.head(method, parsing.origin_form(self.url), "1.1", headers), rest)
            return b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return offer.head(method, self.url, version, offer.without(headers)) + rest

    def _hand_over(self, head: bytes, rest: bytes) -> None:
        """From here on it is a WebSocket's."""
        self._allow(None)
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        socket = WebSocketConnection(config=self.config, server_state=self.server_state, app_state=self.app_state)
        self.transport.set_protocol(socket)
        self._deaf = True
        socket.connection_made(self.transport)
        socket.data_received(head)
        if rest and not socket.close_sent:
            socket.data_received(rest)

    # -- what the parser calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._reading, self._head_ends, self._bytes, self._current = True, False, 0, None
        self._allow(HEAD_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_ends:  # a trailer is no header: RFC 9110, 6.5.1
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_ends, self._bytes = True, 0
        self._allow(BODY_SECONDS)
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = self.parser.get_http_version()
        if self.scope["http_version"] not in {"1.0", "1.1"}:
            raise RequestRefused(refusal.NO_VERSION)
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_BYTES:
            raise RequestRefused(refusal.LONG_HEAD)
        if not self.parser.should_upgrade():
            self._begin()

    def on_message_complete(self) -> None:
        self._reading = False
        self._allow(None)
        if not self.parser.should_upgrade() and not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _begin(self) -> None:
        path, raw, query = parsing.target(self.url)
        self.scope["path"], self.scope["raw_path"], self.scope["query_string"] = path, raw, query
        if len(self.pipeline) >= MOST_WAITING:
            raise RequestRefused(refusal.NOT_HTTP)
        self.cycle = self._current = self._exchange()
        if self._busy():
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _exchange(self) -> Exchange:
        modern = self.scope["http_version"] == "1.1"
        exchange = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=modern and self.expect_100_continue,
            keep_alive=modern and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        exchange.left_unread = self._end_unread
        return exchange

    def _end_unread(self) -> None:
        self._deaf, self._reading = True, False
        self._allow(None)
        self._unset_keepalive_if_required()
        self._say_last(b"")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        self._unset_keepalive_if_required()  # set when an earlier answer ended while this request was being read
        super()._start_asgi_task(cycle, app)

    def timeout_keep_alive_handler(self) -> None:
        if not self._reading:
            super().timeout_keep_alive_handler()

    # -- refusing

    def _busy(self) -> bool:
        """Whether an earlier request is still being answered."""
        return self._running is not None and not self._running.response_complete

    def _refuse(self, refused: ConnectionRefusal) -> None:
        """Answer what is being read, unless something is being answered already: that is then the last."""
        _log.info("request_refused", status=refused.status, why=refused.message)
        self._deaf, self._reading = True, False
        self._allow(None)
        self._unset_keepalive_if_required()
        ours = self._current
        answers = ours is not None and ours.response_started
        if self._busy() and (answers or ours is not self._running):
            self._end_after_answers()
        elif answers:
            self._say_last(b"")
        elif ours is None:
            self._say_last(refused.write())
        else:
            ours.disconnected = True
            ours.message_event.set()
            self._say_last(refused.write(head=ours.scope["method"] == "HEAD"))

    def _end_after_answers(self) -> None:
        """What was asked completely is answered, then the connection ends."""
        self._deaf = True
        complete = [(cycle, app) for cycle, app in self.pipeline if not cycle.more_body]
        self.pipeline.clear()
        self.pipeline.extend(complete)
        last = self.pipeline[0][0] if self.pipeline else self._running
        assert last is not None
        last.keep_alive = False

    def _say_last(self, said: bytes) -> None:
        self.flow.resume_reading()
        self.flow.resume_writing()
        lingering.take(self, self.transport, said)

    def _allow(self, seconds: float | None) -> None:
        """How long what is read now may take; None for as long as it likes."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        self._timer = None
        if self._reading:
            self._refuse(refusal.TOO_SLOW)
        else:
            self.transport.close()


def http_protocol(sockets: Collection[str]) -> type[HttpConnection]:
    """Connections on which `sockets` are the paths of the WebSockets that there are."""

    class Connection(HttpConnection):
        pass

    Connection.sockets = frozenset(sockets)
    return Connection

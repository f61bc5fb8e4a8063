"""One WebSocket. Beyond uvicorn's: every handshake is answered and in time, what comes before the answer waits for it,
and what a client sends is bounded also where it is no message yet.
"""

import asyncio
from asyncio.transports import BaseTransport

import structlog
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong, TooManyHeaders
from websockets.frames import Close, CloseCode, Frame
from websockets.http11 import Request

from warmline.connection import lingering, refusal
from warmline.connection.paced import PacedProtocol
from warmline.connection.refusal import ConnectionRefusal

HANDSHAKE_SECONDS = 1.0
"""How long a handshake may stay without its answer, whatever it is that holds it up."""

_log = structlog.get_logger(__name__)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """See the module. Its first data is the head of a handshake, complete."""

    _answer_by: asyncio.TimerHandle | None = None
    _early = b""  # what came before the handshake's answer; until then no more is read
    _pong = b""

    def connection_made(self, transport: BaseTransport) -> None:
        self.conn = PacedProtocol(largest=self.config.ws_max_size, logger=self.logger)
        super().connection_made(transport)
        # In its turn behind what is ready by then: a process that had to wait for its machine answers late, and well.
        self._answer_by = self.loop.call_later(HANDSHAKE_SECONDS, self.loop.call_soon, self._refuse_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            self._wait(data)
            return
        self.conn.receive_data(data)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
        elif self.conn.handshake_exc is not None:
            self._refuse(refusal.handshake(_status(self.conn.handshake_exc)))
        else:
            self.handle_events()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # what asyncio's may return
        """True while the handshake's answer is owed."""
        if self.handshake_complete:
            return None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        return True

    async def send(self, message: ASGISendEvent) -> None:
        """See uvicorn's."""
        await super().send(message)
        if self.handshake_complete or self.initial_response is not None:
            self._stop_timer()
        if self._early and self.handshake_complete and not self.close_sent:
            early = self._resume()
            self.data_received(early)

    def shutdown(self) -> None:
        if self.handshake_complete:
            super().shutdown()
        else:
            self._refuse(refusal.STOPPING)

    # -- the handshake

    def handle_connect(self, event: Request) -> None:
        status = self.conn.accept(event).status_code
        if status == 101:
            super().handle_connect(event)
        else:
            self._refuse(refusal.handshake(status))

    def send_500_response(self) -> None:
        if not self.initial_response and not self.handshake_complete:
            self._refuse(refusal.FAILED)

    def _wait(self, data: bytes) -> None:
        """A frame may not be read before the handshake is answered: its own answer would overtake that."""
        if not self._early:
            self.transport.pause_reading()
        self._early += data

    def _resume(self) -> bytes:
        early, self._early = self._early, b""
        if early and not self.transport.is_closing():
            self.transport.resume_reading()
        return early

    def _refuse_late(self) -> None:
        self._answer_by = None
        if not self.handshake_complete:
            _log.error("handshake_unanswered", seconds=HANDSHAKE_SECONDS)
            self._refuse(refusal.UNANSWERED)

    def _stop_timer(self) -> None:
        if self._answer_by is not None:
            self._answer_by.cancel()
            self._answer_by = None

    def _refuse(self, refused: ConnectionRefusal) -> None:
        _log.info("handshake_refused", status=refused.status, why=refused.message)
        self.handshake_complete = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self._end(refused.write())

    # -- frames

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(b"".join(self.frames)):
            self._fail(CloseCode.INVALID_DATA, "not UTF-8")
            return
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Of pings that come while the client does not read, the last alone is answered: RFC 6455, 5.5.3."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._pong = b"".join(self.conn.data_to_send())

    def resume_writing(self) -> None:
        super().resume_writing()
        pong, self._pong = self._pong, b""
        if pong and not self.transport.is_closing():
            self.transport.write(pong)

    def handle_close(self, event: Frame) -> None:
        """Whoever closes first, the other side may have sent more by then: what was said is to be read all the same."""
        if self.close_sent:
            self._end(b"")
        elif not self.transport.is_closing():
            closed = self.conn.close_rcvd or Close(CloseCode.NO_STATUS_RCVD, "")
            self.queue.put_nowait({"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason})
            self._end(b"".join(self.conn.data_to_send()))

    def handle_parser_exception(self) -> None:
        """Say why, in a way that can be read, and end."""
        closed = self.conn.close_sent
        code, reason = (1006, "") if closed is None else (closed.code, closed.reason)
        _log.info("websocket_failed", code=int(code), why=reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._end(b"".join(self.conn.data_to_send()))

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def _end(self, last: bytes) -> None:
        """Say the last; whatever the application still says is said to nobody."""
        self._stop_timer()
        self.stop_keepalive()
        self.close_sent = self.disconnected = True
        self.frames = []
        self._resume()
        self.writable.set()
        if self.close_timer is not None:
            self.close_timer.cancel()
        # While there is one, an application that ends leaves the connection alone.
        self.close_timer = self.loop.call_later(lingering.SECONDS, self.transport.close)
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        lingering.take(self, self.transport, last)


def _status(error: Exception) -> int:
    if isinstance(error, RequestLineTooLong):
        return 414
    return 431 if isinstance(error, HeaderLineTooLong | TooManyHeaders) else 400


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

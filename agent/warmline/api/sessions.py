"""The callers' WebSocket, `/v1/sessions`: frames to messages and back. `docs/integrate/sessions.md` is the protocol.

The API key comes in the Authorization header, or in the first message: browsers cannot set headers on a WebSocket, and
what is put into a URL or a subprotocol ends up in logs.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator

import msgspec
import structlog
from starlette.routing import WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from warmline import errors
from warmline.accounts.accounts import Accounts
from warmline.api import lines, wire
from warmline.api.keys import NAME, ApiKeys
from warmline.session import End, HungUp, Sessions
from warmline.session.events import KINDS
from warmline.session.messages import ErrorMessage, FromClient, FromWorker, Open, Say
from warmline.telemetry.counters import Metrics
from warmline_cache.errors import StoreUnavailable, UpstreamError, WarmlineError

SESSIONS = "/v1/sessions"

OPEN_SECONDS = 10.0
"""How long a connection may stay without its first message."""

ENDS: dict[type[WarmlineError], End] = {
    errors.Unauthenticated: End.UNAUTHENTICATED,
    errors.NotFound: End.NOT_FOUND,
    errors.CallerError: End.INVALID,
    UpstreamError: End.UPSTREAM,
    StoreUnavailable: End.UPSTREAM,
    errors.SessionsFull: End.FULL,
    errors.LimitReached: End.TOO_FAST,
    WarmlineError: End.FAILED,
}
"""What is closed instead of opened, and how."""

_NAME = re.compile(NAME)
_log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)


class SessionApi:
    """Lets callers in. `send_seconds` is how long a client may leave what it is sent unread, `text_length` how many
    characters it may say at once."""

    def __init__(
        self,
        keys: ApiKeys,
        accounts: Accounts,
        sessions: Sessions,
        metrics: Metrics,
        *,
        send_seconds: float,
        text_length: int,
    ) -> None:
        self._keys = keys
        self._accounts = accounts
        self._sessions = sessions
        self._metrics = metrics
        self._send_seconds = send_seconds
        self._text_length = text_length
        metrics.begin_sessions(End, KINDS, limit=sessions.limit)

    def routes(self) -> list[WebSocketRoute]:
        """The endpoint, for the application to mount."""
        return [WebSocketRoute(SESSIONS, self.session, name="session")]

    async def session(self, websocket: WebSocket) -> None:
        """One connection: opened, or refused with an `error` and a close code that says why."""
        client = _Socket(websocket, send_seconds=self._send_seconds, text_length=self._text_length)
        try:
            await client.accept()
            await client.close(await self._hold(client, lines.bearer(websocket.headers)))
        except HungUp:
            return  # there is nobody to tell
        except Exception as error:  # noqa: BLE001  # the border: told to operators and client, and nothing else runs on
            _log.error("session_failed", exc_info=error)
            with contextlib.suppress(HungUp):
                await client.close(End.FAILED)

    async def _hold(self, client: "_Socket", authorization: str | None) -> End:
        try:
            organisation, opening = self._admit(await client.receive_opening(), authorization)
            return await self._sessions.hold(client, organisation, opening)
        except HungUp as hung_up:
            self._metrics.count_refused_session(hung_up.end)
            return hung_up.end
        except WarmlineError as error:
            end = ENDS[next(kind for kind in type(error).__mro__ if kind in ENDS)]
            self._metrics.count_refused_session(end)
            await client.tell(_describe(error, end))
            return end

    def _admit(self, opening: Open, authorization: str | None) -> tuple[str, Open]:
        if authorization is None and opening.key is None:
            raise errors.Unauthenticated("send your API key in the Authorization header or here", field="key")
        organisation = self._keys.organisation(authorization or f"Bearer {opening.key}")
        self._accounts.admit(organisation)
        if (opening.agent is None) == (opening.resume is None):
            raise errors.InvalidInput("name an agent, or a session to resume, and not both", field="agent")
        if opening.agent is not None and not _NAME.fullmatch(opening.agent):
            raise errors.AgentNotFound("there is no such agent in your organisation", field="agent")
        return organisation, opening


class _Socket:
    """See `session.Client`."""

    def __init__(self, websocket: WebSocket, *, send_seconds: float, text_length: int) -> None:
        self._websocket = websocket
        self._send_seconds = send_seconds
        self._text_length = text_length

    async def accept(self) -> None:
        """Complete the handshake. Raises HungUp."""
        with _translate_disconnect():
            await self._websocket.accept()

    async def receive_opening(self) -> Open:
        """The first message. Raises CallerError, HungUp."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                message = await self.hear()
        except TimeoutError:
            raise HungUp(End.IDLE) from None
        if not isinstance(message, Open):
            raise errors.InvalidInput("the first message must be `open`", field="type")
        return message

    async def hear(self) -> FromClient:
        """See `Client.hear`."""
        frame = await self._websocket.receive()
        if frame["type"] == "websocket.disconnect":
            raise HungUp(End.GONE)
        if frame.get("text") is None:
            raise HungUp(End.NOT_TEXT)
        message = parse(frame["text"])
        if isinstance(message, Say):
            wire.question_of(wire.check_text(message.text), self._text_length)
        return message

    async def tell(self, message: FromWorker) -> None:
        """See `Client.tell`."""
        await self._send({"type": "websocket.send", "text": _encode(message).decode()})

    async def play(self, frame: bytes) -> None:
        """See `Client.play`."""
        await self._send({"type": "websocket.send", "bytes": frame})

    async def close(self, end: End) -> None:
        """Say why and close; a connection that is lost is only dropped. Raises HungUp."""
        if end not in {End.GONE, End.STALLED}:
            await self._send({"type": "websocket.close", "code": end.code, "reason": end.text})

    async def _send(self, message: Message) -> None:
        with _translate_disconnect():
            async with asyncio.timeout(self._send_seconds):
                await self._websocket.send(message)


@contextlib.contextmanager
def _translate_disconnect() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise HungUp(End.STALLED) from None
    except (WebSocketDisconnect, WebSocketDisconnected):
        raise HungUp(End.GONE) from None


def parse(text: str) -> FromClient:
    """The message in a text frame. Raises InvalidInput, which names the field."""
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise errors.InvalidInput(str(error), field=wire.field_of(error)) from error
    except msgspec.DecodeError as error:
        raise errors.InvalidInput(f"is not JSON: {error}", field="message") from error
    except RecursionError as error:
        raise errors.InvalidInput("is nested too deeply", field="message") from error


def _describe(error: WarmlineError, end: End) -> ErrorMessage:
    """Nothing of a provider's or of Redis' own words."""
    if isinstance(error, errors.CallerError):
        return ErrorMessage(error.code, error.message, error.field)
    if isinstance(error, UpstreamError):
        _log.warning("upstream_failed", upstream=error.upstream, code=error.code, detail=error.detail)
        return ErrorMessage(error.code, errors.blame_provider(error))
    return ErrorMessage(error.code, end.text)

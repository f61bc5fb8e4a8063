"""Connections of callers: what uvicorn's protocols leave open is bounded, answered and closed here.

    http.py        one connection of HTTP/1: heads, bodies and their time; offers to speak something else
    exchange.py    one request and its answer, to clients of HTTP/1.0 too
    websocket.py   one WebSocket, from its handshake on
    parsing.py     what the parser says, in our words
    offer.py       which offers of another protocol are taken, and a head without one
    refusal.py     what is said to what cannot be read
    lingering.py   a close after which the other side can still read what was said

uvicorn's parsers know no times, and two of them judge a handshake: what the first lets through and the second refuses
would be answered by nobody.
"""

from warmline.connection.http import http_protocol
from warmline.connection.websocket import WebSocketConnection

__all__ = ["WebSocketConnection", "http_protocol"]

"""The HTTP endpoints as OpenAPI 3.1: `callers` of the callers' port, `fleet` of the fleet's. WebSockets are not in it.

Written by hand; tests hold it to the routes, and generate requests from it.
"""

from collections.abc import Sequence
from typing import Any

from warmline import __version__
from warmline.api.keys import NAME
from warmline.api.wire import LONGEST_QUESTION
from warmline_cache import Source

Json = dict[str, Any]

_NO_CONTROL = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f]"
_TEXT: Json = {
    "type": "string",
    "minLength": 1,
    "pattern": rf"^{_NO_CONTROL}*[^\s\u0000-\u001f]{_NO_CONTROL}*$",
    "description": "not blank, no control characters",
}
_QUESTION: Json = {**_TEXT, "maxLength": LONGEST_QUESTION}
_PHRASE: Json = {
    **_TEXT,
    "description": "holds a letter or a number of any script; at most 5,000 characters, fewer in a slow voice or at a "
    "high sample rate",
}
_NAME: Json = {"type": "string", "pattern": NAME.replace(r"\Z", "$")}  # in ECMA-262's words, which has no other
_NUMBER: Json = {"type": "number"}
_COUNT: Json = {"type": "integer", "minimum": 0}

_ERRORS = {
    400: "a part of the request is wrong; `field` names it",
    401: "no credential that is known here",
    404: "no such thing in the caller's organisation",
    406: "nothing that the caller accepts can be produced",
    413: "longer than is read",
    415: "send application/json",
    429: "a limit of the organisation is reached: `rate_limited`, or `spend_limit` until the day (UTC) ends",
    500: "the worker failed",
    502: "a provider refused, or answered what cannot be read",
    503: "a provider, or what an invalidation needs, is away; try again",
}


def callers() -> Json:
    """What callers and the provider may ask."""
    sources = {"type": "object", "additionalProperties": {"enum": [source.value for source in Source]}}
    answer = _object({"answer": {"type": "string"}, "passages": _list(_PASSAGE), "from": sources})
    return {
        **_document("Warmline, for callers"),
        "paths": {
            "/v1/agents/{agent}/answer": _both(
                "An agent's answer to a question", _QUESTION, _describe_answer("what the agent says", answer)
            ),
            "/v1/agents/{agent}/speech": _both("A text in an agent's voice", _PHRASE, _AUDIO, 406),
            "/v1/webhooks/knowledge-updated": _webhook("An organisation's knowledge has changed", "organisation"),
            "/v1/webhooks/agent-updated": _webhook("An agent's configuration has changed", "organisation", "agent"),
            "/v1/webhooks/prompt-updated": _webhook("An agent's prompt has changed", "organisation", "agent"),
            "/v1/health": _get("Which worker answers", _object(_IDENTITY)),
            "/v1/openapi.json": _get("This document", {"type": "object"}),
        },
    }


def fleet() -> Json:
    """What the fleet itself may ask, on a port that callers cannot reach."""
    live = _object({"live": {"const": True}, **_IDENTITY})
    return {
        **_document("Warmline, for the fleet"),
        "security": [],
        "paths": {
            "/livez": _get("Whether the event loop turns", live),
            "/readyz": _get("Whether new callers may be sent here", _READY, unready=_READY),
            "/metrics": _get("Numbers for Prometheus", {"type": "string"}, media_types=_METRICS),
            "/v1/admin/caches": _get("The numbers in force, what L1 holds, who answered", _CACHES),
            "/v1/admin/invalidate": {"post": _invalidate()},
            "/v1/admin/warm": {"post": _warm()},
            "/v1/openapi.json": _get("This document", {"type": "object"}),
        },
    }


def _object(properties: Json, *, required: Sequence[str] | None = None) -> Json:
    needed = list(properties if required is None else required)
    return {"type": "object", "required": needed, "additionalProperties": False, "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _describe_answer(description: str, schema: Json, media_types: Sequence[str] = ("application/json",)) -> Json:
    return {"description": description, "content": {media_type: {"schema": schema} for media_type in media_types}}


def _errors(*statuses: int) -> Json:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _body(schema: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _get(
    summary: str, schema: Json, *, unready: Json | None = None, media_types: Sequence[str] = ("application/json",)
) -> Json:
    responses = {"200": _describe_answer("as named", schema, media_types), **_errors(500)}
    if unready is not None:
        responses["503"] = _describe_answer("not now", unready)
    return {"get": {"summary": summary, "security": [], "responses": responses}}


def _invalidate() -> Json:
    names = _list({"type": "string"})
    wanted = {"organisation": _NAME, "knowledge": {"type": "boolean"}, "agents": {**_list(_NAME), "maxItems": 100}}
    report = _object({"acknowledged": names, "waited_out": names, "milliseconds": _NUMBER})
    return {
        "summary": "Make every worker forget what is named, or all that is the organisation's",
        "requestBody": _body(_object(wanted, required=["organisation"])),
        "responses": {"200": _describe_answer("nobody serves it any more", report), **_errors(400, 413, 415, 500, 503)},
    }


def _warm() -> Json:
    entries = _object({"entries": {"type": "object"}})
    return {
        "summary": "Warm this worker now, or join a warming that is under way",
        "responses": {"200": _describe_answer("what was done", entries), **_errors(500)},
    }


_PASSAGE = _object(
    {"id": {"type": "string"}, "question": {"type": "string"}, "score": {**_NUMBER, "minimum": -1, "maximum": 1}}
)
_IDENTITY: Json = {name: {"type": "string"} for name in ("slot", "version", "release")}
_READY = {"type": "object", "required": ["ready", "redis", "degraded", *_IDENTITY]}
_CACHES = {"type": "object", "required": ["slot", "profile", "caches"]}
_METRICS = ("text/plain", "application/openmetrics-text")
_AUDIO = _describe_answer(
    "the audio, 16 bits, mono: a WAVE file, or headerless little-endian PCM if the caller prefers",
    {"type": "string", "format": "binary"},
    ("audio/wav", "audio/pcm"),
)


def _both(summary: str, text: Json, answered: Json, *more: int) -> Json:
    """GET with the text in the query, which a proxy may retry; POST with the same in a JSON body."""
    agent = {"name": "agent", "in": "path", "required": True, "schema": _NAME}
    query = {"name": "text", "in": "query", "required": True, "schema": text}
    responses = {"200": answered, **_errors(400, 401, 404, *more, 413, 429, 500, 502, 503)}
    return {
        "parameters": [agent],
        "get": {"summary": summary, "parameters": [query], "responses": responses},
        "post": {
            "summary": summary,
            "requestBody": _body(_object({"text": text})),
            "responses": {**responses, **_errors(415)},
        },
    }


def _webhook(summary: str, *fields: str) -> Json:
    """Standard Webhooks: docs/integrate/webhooks.md."""
    headers = [
        {"name": f"webhook-{name}", "in": "header", "required": True, "schema": {"type": "string"}, "description": what}
        for name, what in _SIGNATURE.items()
    ]
    counts = {"acknowledged": _COUNT, "waited_out": _COUNT, "milliseconds": _NUMBER}
    done = _object({"duplicate": {"type": "boolean"}, **counts}, required=["duplicate"])
    return {
        "post": {
            "summary": summary,
            "security": [],
            "parameters": headers,
            "requestBody": _body(_object(dict.fromkeys(fields, _NAME))),
            "responses": {
                "200": _describe_answer("every worker has forgotten it", done),
                **_errors(400, 401, 413, 500, 503),
            },
        }
    }


_SIGNATURE = {
    "id": "the event's own, the same in every attempt",
    "timestamp": "Unix seconds, at most five minutes from now",
    "signature": "v1,<base64 HMAC-SHA-256 over {id}.{timestamp}.{body}>, several separated by spaces",
}


def _document(title: str) -> Json:
    text = {"type": "string"}
    problem = _object(
        dict.fromkeys(("code", "message", "field", "upstream", "request_id"), text), required=["code", "message"]
    )
    error = {"$ref": "#/components/schemas/Error"}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__},
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _object({"error": problem})},
            "responses": {str(status): _describe_answer(what, error) for status, what in _ERRORS.items()},
        },
    }

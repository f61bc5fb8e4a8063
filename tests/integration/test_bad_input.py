"""Requests that are wrong: a 4xx of their own, the field named, nothing asked of a provider."""

import json
import socket
from typing import Any

import httpx
import pytest

from tests.support.processes.stack import Stack, Worker, key_of

KEY = {"Authorization": f"Bearer {key_of('sahyadri')}"}
JSON = {**KEY, "Content-Type": "application/json"}
ANSWER = "/v1/agents/reception/answer"
SPEECH = "/v1/agents/reception/speech"


def error(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and field of an error answer."""
    found: dict[str, Any] = response.json()["error"]
    assert found["message"]
    return response.status_code, found["code"], found.get("field")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no key"),
        pytest.param({"Authorization": "Bearer wrong"}, id="a wrong key"),
        pytest.param({"Authorization": f"Basic {key_of('sahyadri')}"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer"}, id="an empty key"),
        pytest.param({"Authorization": "Bearer ключ".encode()}, id="a key that is not ASCII"),
    ],
)
def test_a_caller_without_a_good_key_is_refused(worker: Worker, headers: dict[str, str]) -> None:
    response = httpx.get(f"{worker.url}{ANSWER}", params={"text": "hello"}, headers=headers)
    assert error(response) == (401, "unauthenticated", None)
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_name_with_a_newline_behind_it_is_nobodys(worker: Worker) -> None:
    response = httpx.get(f"{worker.url}/v1/agents/reception%0A/answer", params={"text": "hello"}, headers=KEY)
    assert error(response) == (404, "agent_not_found", "agent")


def test_an_unknown_agent_is_not_confirmed_to_a_caller_without_a_key(worker: Worker) -> None:
    known = httpx.get(f"{worker.url}{ANSWER}", params={"text": "hello"})
    unknown = httpx.get(f"{worker.url}/v1/agents/nobody/answer", params={"text": "hello"})
    assert known.json() == unknown.json()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("", "text", id="no text"),
        pytest.param("text=", "text", id="empty text"),
        pytest.param("text=%20%0A%20", "text", id="only white space"),
        pytest.param("text=%FF%FE", "text", id="not UTF-8"),
        pytest.param("text=a&text=b", "text", id="two texts"),
        pytest.param("text=a%00b", "text", id="a control character"),
        pytest.param("&".join(f"p{i}=1" for i in range(20)), "query", id="too many parameters"),
    ],
)
def test_a_get_with_a_bad_text_is_refused(worker: Worker, query: str, field: str) -> None:
    assert error(httpx.get(f"{worker.url}{ANSWER}?{query}", headers=KEY)) == (400, "invalid_input", field)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", (400, "invalid_input", "body"), id="empty"),
        pytest.param(b"{", (400, "invalid_input", "body"), id="malformed"),
        pytest.param(b"[]", (400, "invalid_input", "body"), id="not an object"),
        pytest.param(b"{}", (400, "invalid_input", "text"), id="text missing"),
        pytest.param(b'{"text": 7}', (400, "invalid_input", "text"), id="text not a string"),
        pytest.param(b'{"text": null}', (400, "invalid_input", "text"), id="text null"),
        pytest.param(b'{"text": "  "}', (400, "invalid_input", "text"), id="text blank"),
        pytest.param(b'{"text": "\xff\xfe"}', (400, "invalid_input", "body"), id="not UTF-8"),
        pytest.param(b'{"text": "\\ud800"}', (400, "invalid_input", "body"), id="half a surrogate pair"),
        pytest.param(b'{"text": "a", "txet": "b"}', (400, "invalid_input", "txet"), id="an unknown field"),
        pytest.param(b"[" * 10_000, (400, "invalid_input", "body"), id="nested without end"),
        pytest.param(json.dumps({"text": "x" * 20_000}).encode(), (413, "too_large", "body"), id="oversized"),
        pytest.param(json.dumps({"text": "x" * 501}).encode(), (413, "too_large", "text"), id="too long a question"),
    ],
)
def test_a_post_with_a_bad_body_is_refused(worker: Worker, body: bytes, expected: tuple[int, str, str]) -> None:
    assert error(httpx.post(f"{worker.url}{ANSWER}", content=body, headers=JSON)) == expected


def test_a_body_that_is_not_json_by_name_is_refused(worker: Worker) -> None:
    response = httpx.post(f"{worker.url}{ANSWER}", content=b"text=hello", headers={**KEY, "Content-Type": "text/plain"})
    assert error(response) == (415, "unsupported_media_type", "content-type")


def test_a_text_longer_than_anything_that_is_spoken_is_refused(stack: Stack, worker: Worker) -> None:
    before = stack.sarvam.spoken()
    response = httpx.post(f"{worker.url}{SPEECH}", json={"text": "x" * 5001}, headers=KEY)
    assert error(response) == (413, "too_large", "text")
    assert stack.sarvam.spoken() == before


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("text/html", (406, "not_acceptable", "accept"), id="another type"),
        pytest.param("audio/wav;q=0", (406, "not_acceptable", "accept"), id="refused by quality"),
        pytest.param("audio/wav;q=high", (400, "invalid_input", "accept"), id="a quality that is no number"),
    ],
)
def test_a_caller_who_accepts_nothing_we_have_is_told(
    worker: Worker, accept: str, expected: tuple[int, str, str]
) -> None:
    assert error(worker.speech("hello", accept=accept)) == expected


def test_unknown_paths_and_methods_answer_in_the_same_shape(worker: Worker) -> None:
    assert error(httpx.get(f"{worker.url}/v2/agents"))[:2] == (404, "not_found")
    refused = httpx.delete(f"{worker.url}{ANSWER}", headers=KEY)
    assert error(refused)[:2] == (405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_bytes_that_are_not_http_do_no_harm(worker: Worker) -> None:
    with socket.create_connection(("127.0.0.1", worker.port), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    assert worker.answer("What is gout?").status_code == 200


def test_a_caller_who_leaves_half_a_body_does_no_harm(worker: Worker) -> None:
    with socket.create_connection(("127.0.0.1", worker.port), timeout=5) as raw:
        head = f"POST {ANSWER} HTTP/1.1\r\nHost: x\r\nAuthorization: {KEY['Authorization']}\r\n"
        raw.sendall((head + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{").encode())
    assert worker.answer("What is gout?").status_code == 200


def test_nothing_that_a_caller_said_or_its_key_is_logged(stack: Stack) -> None:
    worker = stack.worker(log_level="debug")
    worker.answer("my secret ailment")
    worker.speech("my secret phrase")
    httpx.post(f"{worker.url}{ANSWER}", content=b'{"text": "my secret malformed', headers=JSON)
    worker.process.stop()
    assert "my secret" not in worker.process.output
    assert key_of("sahyadri") not in worker.process.output

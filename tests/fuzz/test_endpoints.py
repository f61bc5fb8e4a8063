"""Every HTTP endpoint against requests made from its OpenAPI document, on a real worker: good ones and bad ones.

Each answer must be what the document says of its status: type, body, and whether the request deserved it.
"""

import itertools
import time
from collections.abc import Iterator

import httpx
import pytest
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support.clients.webhooks import SECRET, signed, written
from tests.support.examples import scaled, searching
from tests.support.processes.stack import Stack, Worker, await_redis, key_of
from warmline.api import openapi
from warmline.upstream.pieces import speakable

CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"deterministic": not searching(), "max-examples": scaled(250)},
        "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 413, 415]}},
    }
)

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Stack(tmp_path_factory.mktemp("fuzz")) as stack:
        secrets = stack.folder / "webhook_secrets"
        secrets.write_text(written(SECRET))
        worker = stack.worker(webhook_secrets_file=str(secrets))
        await_redis(worker, "up")
        yield worker
        assert "Traceback" not in worker.process.output


CALLERS = schemathesis.openapi.from_dict(openapi.callers(), config=CONFIG)
FLEET = schemathesis.openapi.from_dict(openapi.fleet(), config=CONFIG)


class Signed(requests.auth.AuthBase):
    """Signs what has the headers, so that it is refused for what it says and not for who says it."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        raw = request.body.encode() if isinstance(request.body, str) else request.body or b""
        assert isinstance(raw, bytes)
        headers = signed(raw, id_=f"fuzz-{next(_numbers)}", timestamp=int(time.time()))
        if all(name in request.headers for name in headers):
            request.headers.update(headers)
        return request


def nothing_to_speak(case: schemathesis.Case) -> bool:
    """Whether the text is refused for what its description says; a pattern cannot say it in all scripts."""
    given = case.body if isinstance(case.body, dict) else case.query or {}
    text = given.get("text")
    return case.path.endswith("/speech") and isinstance(text, str) and not speakable(text)


@CALLERS.include(path_regex="^/v1/(agents/|openapi)").parametrize()
def test_a_callers_endpoint_does_as_its_document_says(worker: Worker, case: schemathesis.Case) -> None:
    case.call_and_validate(
        base_url=worker.url,
        headers={"Authorization": f"Bearer {key_of('sahyadri')}"},
        excluded_checks=[positive_data_acceptance] if nothing_to_speak(case) else [],
    )


@CALLERS.include(path_regex="^/v1/webhooks/").parametrize()
def test_a_signed_webhook_does_as_its_document_says(worker: Worker, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=worker.url, auth=Signed())


@CALLERS.include(path_regex="^/v1/webhooks/").parametrize()
def test_an_unsigned_webhook_is_refused_whatever_it_says(worker: Worker, case: schemathesis.Case) -> None:
    assert 400 <= case.call(base_url=worker.url).status_code < 500


@FLEET.parametrize()
def test_an_endpoint_of_the_fleet_does_as_its_document_says(worker: Worker, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=worker.admin_url)


def test_what_is_served_is_what_was_tested(worker: Worker) -> None:
    assert httpx.get(f"{worker.url}/v1/openapi.json").json() == openapi.callers()
    assert httpx.get(f"{worker.admin_url}/v1/openapi.json").json() == openapi.fleet()

"""`/demo` in a real browser, and what the page may do there."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.edge.nginx import Nginx, slots
from tests.support.processes import certificates
from tests.support.processes.chromium import Page
from tests.support.processes.stack import Stack, Worker, key_of
from tests.support.time.wait import until

QUESTION = "What is knee pain?"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    page = Page(tmp_path)
    try:
        yield page
        assert page.failures == []
    finally:
        page.close()


def open_session(page: Page, worker: Worker, key: str = key_of("sahyadri")) -> None:
    page.open(f"{worker.url}/demo")
    page.type("#key", key)
    page.click("#open")


def ask(page: Page, question: str) -> None:
    """Ask, and return when the second thing the agent says begins to be heard."""
    page.click("#text")
    page.type("#text", question)
    page.press_enter()
    page.shows("document.querySelectorAll('.agent')[1]?.querySelector('.first')")


def test_a_person_is_greeted_asks_and_hears_and_sees_who_knew_it(page: Page, worker: Worker) -> None:
    open_session(page, worker)
    page.shows("document.querySelector('.agent .heard')?.innerText.startsWith('0.5')")
    assert page.text("#status") == f"Asha on {worker.ready()['slot']}"
    assert page.text(".agent .words") == "Namaste, this is Asha at Sahyadri Joint Clinic. How can I help you today?"
    assert "first audio" in page.text(".agent .lookups")
    ask(page, QUESTION)
    assert "(interrupted)" in page.value("getComputedStyle(document.querySelector('.agent .words'), '::after').content")
    assert page.text(".caller .words") == QUESTION
    shown = page.text(".agent:nth-of-type(4) .lookups")
    for cache in ("config", "prompt", "rag", "tts", "first audio"):
        assert cache in shown
    assert page.text(".agent:nth-of-type(4) .words").startswith("Knee pain is an ache")


def test_interrupting_stops_what_is_heard(page: Page, worker: Worker) -> None:
    open_session(page, worker)
    page.shows("document.querySelector('.agent .heard')?.innerText.startsWith('0.3')")
    page.click("#interrupt")
    page.shows("document.querySelector('.agent.interrupted')")
    heard = page.text(".agent .heard")
    ask(page, QUESTION)
    assert page.text(".agent.interrupted .heard") == heard


def test_a_dropped_session_goes_on_where_it_was(page: Page, worker: Worker) -> None:
    open_session(page, worker)
    page.shows("document.querySelector('.agent .heard')?.innerText.startsWith('1.0')")
    page.click("#drop")
    page.shows("document.querySelector('#status').innerText === 'Connection dropped'")
    page.click("#resume")
    page.shows("document.querySelector('#status').dataset.state === 'open'")
    page.shows("document.querySelector('.agent .heard').innerText === '4.4 s heard'")
    page.click("#close")
    page.shows("document.querySelector('#status').innerText === 'closed by the client'")
    assert page.value("document.querySelector('#resume').hidden")


def test_a_session_outlives_its_page(page: Page, worker: Worker) -> None:
    open_session(page, worker)
    page.shows("document.querySelector('.agent .heard')?.innerText.startsWith('0.5')")
    page.open(f"{worker.url}/demo")
    page.type("#key", key_of("sahyadri"))
    page.click("#resume")
    page.shows("document.querySelector('.agent .heard')?.innerText === '4.4 s heard'")
    assert page.text(".agent .words").startswith("Namaste")
    ask(page, QUESTION)


def test_a_session_whose_worker_dies_is_resumed_by_itself(page: Page, stack: Stack, worker: Worker) -> None:
    """The page comes from one place, as from an edge: here the same port, served by another worker."""
    doomed = stack.worker()
    open_session(page, doomed)
    page.shows("document.querySelector('.agent .heard')?.innerText.startsWith('0.5')")
    doomed.process.kill()
    page.shows("document.querySelector('#status').innerText === 'Connection lost; resuming …'")
    stack.worker(port=str(doomed.port))
    page.shows("document.querySelector('#status').dataset.state === 'open'")
    page.shows("document.querySelector('.agent .heard').innerText === '4.4 s heard'")
    page.failures.clear()  # the connection that was refused while nobody served it


def test_a_wrong_key_is_said(page: Page, worker: Worker) -> None:
    open_session(page, worker, key="wrong")
    page.shows("document.querySelector('#status').dataset.state === 'failed'")
    assert page.text("#status") == "the API key is missing or unknown"
    assert page.text(".failed .words") == "this API key is not known here"


def statuses(edge: Nginx) -> list[int]:
    """How its conversations were answered."""
    return [entry["status"] for entry in edge.log() if entry["path"] == "/v1/sessions"]


def test_a_page_that_was_sent_on_to_https_holds_its_session_over_tls(
    page: Page, worker: Worker, tmp_path: Path
) -> None:
    certificates.make(tmp_path / "edge.pem")
    edge = Nginx(tmp_path, slots(worker.port), nginx_tls=True)
    try:
        # As who looks at staging agrees to its certificate.
        page.call("Security.setIgnoreCertificateErrors", ignore=True)
        page.open(f"{edge.url}/demo")
        assert page.value("location.origin") == edge.https_url
        page.type("#key", key_of("sahyadri"))
        page.click("#open")
        page.shows("document.querySelector('.agent .heard')?.innerText.startsWith('0.5')")
        page.click("#close")
        page.shows("document.querySelector('#status').innerText === 'closed by the client'")
        until(lambda: statuses(edge) == [101], seconds=10, what="a conversation in the edge's log")
    finally:
        edge.stop()


@pytest.mark.parametrize("path", ["/demo", "/demo/", "/demo/demo.js", "/demo/audio.js", "/demo/style.css"])
def test_the_page_may_load_nothing_from_elsewhere(worker: Worker, path: str) -> None:
    response = httpx.get(f"{worker.url}{path}")
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "://" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/demo/__init__.py", "/demo/..%2Fkeys.py", "/demo/nothing"])
def test_the_page_is_all_there_is(worker: Worker, path: str) -> None:
    assert httpx.get(f"{worker.url}{path}").status_code == 404

"""Workers with warm sockets against simulated Sarvam: what an utterance costs, and what happens when sockets end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.processes import free_port
from tests.support.processes.stack import Simulator, Stack, Worker, await_redis
from tests.support.time.wait import until
from warmline_simulators.sarvam import tone

RATE = 22050


@pytest.fixture
def stack(own_stack: Stack) -> Stack:
    """One for each test."""
    return own_stack


def warm(worker: Worker, sockets: int = 2) -> Worker:
    """The worker, once so many of its sockets are idle and none is anything else."""
    until(
        lambda: idle(worker) == sockets and state(worker, "opening") == state(worker, "closing") == 0,
        seconds=10,
        what=f"{sockets} warm sockets",
    )
    return worker


def state(worker: Worker, name: str) -> float:
    return worker.metric(f'warmline_sockets{{state="{name}"}}')


def idle(worker: Worker) -> float:
    return state(worker, "idle")


def speaks(worker: Worker, text: str) -> None:
    """Which text was spoken can be told from the audio."""
    response = worker.speech(text, accept="audio/pcm")
    assert response.status_code == 200, response.text
    assert response.content == tone(text, RATE)


def test_utterances_that_find_warm_sockets_make_no_handshake(stack: Stack) -> None:
    worker = warm(stack.worker())
    assert stack.sarvam.calls()["handshakes"] == 2
    texts = [f"Utterance number {number}. It has two sentences." for number in range(6)]
    for text in texts:
        speaks(worker, text)
    calls = stack.sarvam.calls()
    assert (calls["handshakes"], calls["text-to-speech/ws"], calls.get("text-to-speech", 0)) == (2, 6, 0)
    assert worker.metric('warmline_socket_leases_total{found="warm"}') == 6
    assert worker.metric('warmline_speech_characters_total{transport="socket"}') == sum(map(len, texts))
    assert calls["characters"] == sum(map(len, texts))


def test_one_socket_serves_the_voices_of_its_model_one_after_another(stack: Stack) -> None:
    worker = warm(stack.worker(speech_sockets_prewarm="1"), 1)
    for agent in ("reception", "care", "reception"):
        assert worker.speech(f"I am {agent}", agent=agent).status_code == 200
    assert stack.sarvam.calls()["handshakes"] == 1


def test_a_model_that_was_not_prewarmed_is_kept_warm_from_its_first_use(stack: Stack) -> None:
    worker = stack.worker(speech_sarvam_models="")
    until(lambda: worker.metric('warmline_socket_budget{kind="fair"}') > 0, seconds=5, what="a share")
    assert idle(worker) == 0
    speaks(worker, "The first is cold")
    warm(worker)
    assert worker.metric('warmline_socket_leases_total{found="opened"}') == 1
    handshakes = stack.sarvam.calls()["handshakes"]
    speaks(worker, "The second is not")
    assert stack.sarvam.calls()["handshakes"] == handshakes


@pytest.mark.parametrize(("how", "counted"), [("close", "closed"), ("cut", "cut")])
def test_sockets_that_the_provider_ends_are_noticed_at_once_and_opened_again(
    stack: Stack, how: str, counted: str
) -> None:
    worker = warm(stack.worker())
    stack.sarvam.hang_up(how)
    until(
        lambda: worker.metric(f'warmline_socket_lost_total{{how="{counted}"}}') == 2,
        seconds=2,
        what="both losses to be noticed without anything being sent",
    )
    warm(worker)
    assert stack.sarvam.calls()["handshakes"] == 4
    speaks(worker, "As if nothing had been")
    assert stack.sarvam.calls()["handshakes"] == 4


def test_pings_keep_idle_sockets_open_past_the_providers_patience(stack: Stack, tmp_path: Path) -> None:
    sarvam = Simulator("sarvam", tmp_path, milliseconds=0, speed=1000, idle_seconds=0.6)
    try:
        worker = warm(stack.worker(speech_sarvam_url=sarvam.url, speech_sockets_ping="0.2"))
        silent = warm(stack.worker(speech_sarvam_url=sarvam.url, speech_sockets_ping="50"))
        until(lambda: _lost(silent) >= 2, seconds=10, what="sockets that are not pinged to be closed")
        assert _lost(worker) == 0
    finally:
        sarvam.stop()


def _lost(worker: Worker) -> float:
    return worker.metric('warmline_socket_lost_total{how="closed"}')


def test_a_socket_that_breaks_before_any_audio_costs_a_caller_nothing_but_a_handshake(stack: Stack) -> None:
    worker = warm(stack.worker())
    stack.sarvam.fault(kind="speech", at="socket", action="cut")
    speaks(worker, "Once more, with a fresh socket")
    assert stack.sarvam.calls().get("text-to-speech", 0) == 0
    assert worker.metric('warmline_socket_lost_total{how="cut"}') == 1
    warm(worker)


@pytest.mark.parametrize("action", ["close", "cut"])
def test_what_breaks_after_audio_was_heard_is_an_error_that_is_neither_repeated_nor_stored(
    stack: Stack, action: str
) -> None:
    worker = warm(stack.worker())
    stack.sarvam.fault(kind="speech", at="socket", action=action, after_chunks=1)
    text = "This sentence is long enough for several chunks."
    response = worker.speech(text)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "upstream_unavailable")
    assert stack.sarvam.spoken() == 1
    speaks(worker, text)
    assert stack.sarvam.spoken() == 2


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"message": "400: Speaker 'x' is not compatible"}, 502, "upstream_rejected"),
        ({"message": "schema", "code": 422}, 502, "upstream_rejected"),
        ({"message": "schema", "code": "422"}, 502, "upstream_rejected"),
        ({"message": "500: the model failed"}, 503, "upstream_unavailable"),
        ({"message": "what is this"}, 503, "upstream_unavailable"),
    ],
)
def test_an_error_frame_of_either_shape_is_told_apart_and_the_socket_replaced(
    stack: Stack, fault: dict[str, object], status: int, code: str
) -> None:
    worker = warm(stack.worker())
    stack.sarvam.fault(kind="speech", at="socket", action="error", **fault)
    failed = worker.speech("Good morning")
    assert (failed.status_code, failed.json()["error"]["code"]) == (status, code)
    warm(worker)
    assert worker.metric('warmline_socket_closed_total{cause="failed"}') == 1
    speaks(worker, "Good morning")


@pytest.mark.parametrize("status", [429, 503, 500, 404])
def test_rest_speaks_when_handshakes_are_refused(stack: Stack, status: int) -> None:
    stack.sarvam.fault(kind="refuse", at="handshake", status=status, times=1000)
    worker = stack.worker()
    until(
        lambda: worker.metric('warmline_socket_handshake_duration_seconds_count{outcome="failed"}') > 0,
        seconds=5,
        what="a refused handshake",
    )
    speaks(worker, "By another way")
    assert stack.sarvam.calls()["text-to-speech"] == 1
    assert worker.metric('warmline_speech_characters_total{transport="rest"}') == len("By another way")
    assert stack.sarvam.calls()["handshakes"] < 10, "a provider that refuses is not asked without end"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_an_error_at_once_and_rest_is_not_tried(stack: Stack, status: int) -> None:
    stack.sarvam.fault(kind="refuse", at="handshake", status=status, times=1000)
    failed = stack.worker().speech("Good morning")
    assert (failed.status_code, failed.json()["error"]["code"]) == (502, "upstream_rejected")
    assert stack.sarvam.spoken() == 0


def test_rest_speaks_when_nobody_listens_where_the_sockets_should_be(stack: Stack) -> None:
    worker = stack.worker(speech_sarvam_socket_url=f"ws://127.0.0.1:{free_port()}/text-to-speech/ws")
    speaks(worker, "By another way")
    assert stack.sarvam.calls()["text-to-speech"] == 1


def test_an_account_without_sockets_is_spoken_to_over_rest_alone(stack: Stack) -> None:
    worker = stack.worker(speech_sockets_maximum="0")
    speaks(worker, "By another way")
    assert stack.sarvam.calls().get("handshakes", 0) == 0


def test_two_workers_never_open_more_than_the_account_may(stack: Stack) -> None:
    settings = {"speech_sockets_account": "3", "speech_sockets_prewarm": "5"}
    workers = [stack.worker(**settings), stack.worker(**settings)]
    until(
        lambda: [w.metric('warmline_socket_budget{kind="fair"}') for w in workers] == [1, 1],
        seconds=15,
        what="fairness",
    )
    texts = [f"Everybody speaks at once, number {number}" for number in range(12)]
    with ThreadPoolExecutor(12) as callers:
        list(callers.map(lambda one: speaks(workers[one[0] % 2], one[1]), enumerate(texts)))
    assert stack.sarvam.calls()["sockets_peak"] <= 3
    assert stack.sarvam.spoken() == 12, "who got no socket was spoken to over REST"
    for worker in workers:
        assert worker.metric('warmline_socket_handshake_duration_seconds_count{outcome="failed"}') == 0


def test_a_worker_that_comes_later_warms_what_is_free_and_its_share_once_the_other_is_gone(stack: Stack) -> None:
    settings = {"speech_sockets_account": "4", "speech_sockets_prewarm": "4"}
    old = warm(stack.worker(**settings), 4)
    new = stack.worker(**settings)
    until(lambda: new.metric('warmline_socket_budget{kind="fair"}') == 2, seconds=5, what="a share")
    until(lambda: (idle(old), idle(new)) == (2, 2), seconds=15, what="half each")
    old.process.stop()
    warm(new, 4)
    assert stack.sarvam.calls()["sockets_peak"] <= 4


def test_without_redis_sockets_stay_warm(stack: Stack) -> None:
    worker = warm(stack.worker())
    stack.redis.stop()
    await_redis(worker, "away")
    speaks(worker, "Redis is away")
    stack.sarvam.hang_up()
    warm(worker)
    speaks(worker, "Redis is still away")


def test_a_worker_that_stops_closes_its_sockets_and_gives_its_share_back(stack: Stack) -> None:
    worker = warm(stack.worker())
    worker.process.stop()
    assert worker.process.exit_code() == 0
    until(lambda: stack.sarvam.calls()["sockets_open"] == 0, seconds=2, what="closed sockets")
    with stack.redis.client() as client:
        assert client.hlen("wl2:sockets:sarvam") == 0
    assert "Traceback" not in worker.process.output


def test_a_worker_starts_at_once_although_its_sockets_take_their_time(stack: Stack, tmp_path: Path) -> None:
    slow = Simulator("sarvam", tmp_path, milliseconds=0, connect_ms=2500)
    try:
        worker = stack.worker(speech_sarvam_url=slow.url)
        assert worker.ready()["ready"] is True
        assert idle(worker) == 0
        warm(worker)
    finally:
        slow.stop()


def test_every_series_is_there_from_the_start(stack: Stack) -> None:
    exposed = httpx.get(f"{stack.worker(speech_sockets_maximum='0').admin_url}/metrics").text
    for line in (
        'warmline_sockets{state="idle"} 0.0',
        'warmline_sockets{state="busy"} 0.0',
        'warmline_socket_leases_total{found="warm"} 0.0',
        'warmline_socket_closed_total{cause="interrupted"} 0.0',
        'warmline_socket_lost_total{how="deaf"} 0.0',
        'warmline_socket_budget{kind="share"} 0.0',
        'warmline_speech_characters_total{transport="socket"} 0.0',
    ):
        assert line in exposed


def test_nothing_that_a_caller_said_is_in_the_log(stack: Stack) -> None:
    worker = warm(stack.worker(log_level="debug"))
    stack.sarvam.fault(kind="speech", at="socket", action="cut", after_chunks=1)
    for _ in range(2):
        worker.speech("my secret ailment is described here")
    assert "secret ailment" not in worker.process.output

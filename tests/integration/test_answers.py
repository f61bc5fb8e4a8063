"""A caller's question and phrase, through the layers."""

import io
import wave
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.processes.stack import ORGANISATIONS, Stack, Worker, await_redis, key_of
from tests.support.time.wait import until
from warmline_simulators.sarvam import tone


def test_a_question_is_answered_from_the_organisations_knowledge(worker: Worker) -> None:
    response = worker.answer("What is knee pain?")
    assert response.status_code == 200
    body = response.json()
    assert body["answer"].startswith("Knee pain is an ache, stiffness or sharp pain")
    assert body["passages"][0]["question"] == "What is knee pain?"
    assert body["passages"][0]["score"] > 0.9


def test_an_answer_says_which_layer_it_came_from(stack: Stack) -> None:
    cold, warm = stack.worker(), stack.worker()
    question = "Is walking good for knee arthritis?"
    assert cold.answer(question).json()["from"]["rag"] == "origin"
    assert cold.answer(question).json()["from"] == {"config": "l1", "prompt": "l1", "rag": "l1"}
    assert warm.answer(question).json()["from"] == {"config": "l2", "prompt": "l2", "rag": "l2"}


def test_the_cache_status_header_follows_rfc_9211(worker: Worker) -> None:
    first, second = worker.answer("What is gout?"), worker.answer("What is gout?")
    assert "warmline-rag; fwd=miss; detail=origin" in first.headers["cache-status"].split(", ")
    assert second.headers["cache-status"] == (
        "warmline-config; hit; detail=l1, warmline-prompt; hit; detail=l1, warmline-rag; hit; detail=l1"
    )


def test_the_same_question_asked_of_two_workers_costs_one_search(stack: Stack) -> None:
    one, other = stack.worker(), stack.worker()
    before = stack.convex.calls().get("knowledge:search", 0)
    one.answer("Why is my knee swollen?")
    other.answer("why is my knee  SWOLLEN")
    one.answer("Why is my knee swollen?!")
    assert stack.convex.calls()["knowledge:search"] == before + 1


def test_questions_that_differ_in_what_could_be_a_filler_are_searched_each_for_itself(
    stack: Stack, worker: Worker
) -> None:
    before = stack.convex.calls().get("knowledge:search", 0)
    asked = ["Can I park at UH?", "Can I park at UM?", "№5 bus", "no5 bus", "Thank You, Next lyrics", "Next lyrics"]
    for question in (*asked, *asked):
        worker.answer(question)
    assert stack.convex.calls()["knowledge:search"] == before + len(asked)


def test_a_phrase_in_composed_and_in_decomposed_letters_is_spoken_once(stack: Stack, worker: Worker) -> None:
    before = stack.sarvam.spoken()
    assert worker.speech("\u0958लम, caf\u00e9").content == worker.speech("क\u093cलम, cafe\u0301").content
    assert stack.sarvam.spoken() == before + 1


def speech_status(worker: Worker) -> str:
    status: str = worker.speech("Your appointment is confirmed.").headers["cache-status"]
    return status


def test_a_restarted_worker_finds_in_redis_what_it_lost_with_its_memory(stack: Stack) -> None:
    before_crash = stack.worker()
    until(
        lambda: "warmline-tts; hit; detail=l1" in speech_status(before_crash),
        seconds=5,
        what="a phrase that is stored: it is heard a moment before",
    )
    before_crash.process.kill()
    spoken = stack.sarvam.spoken()
    after_crash = stack.worker().speech("Your appointment is confirmed.")
    assert "warmline-tts; hit; detail=l2" in after_crash.headers["cache-status"]
    assert stack.sarvam.spoken() == spoken


def test_every_organisation_gets_its_own_answer_to_the_same_question(worker: Worker) -> None:
    question = "What are your opening hours, when are you open?"
    answers = {name: worker.answer(question, organisation=name).json()["answer"] for name in ORGANISATIONS}
    assert "nine in the morning to seven in the evening" in answers["sahyadri"]
    assert "eight in the morning to eight in the evening" in answers["kaveri"]
    assert "seven in the morning to nine in the evening" in answers["lakeside"]


def test_an_agent_that_does_not_know_says_so(worker: Worker) -> None:
    body = worker.answer("Which team won the cricket world cup?").json()
    assert body["passages"] == []
    assert body["answer"] == "I am sorry, I do not know that. Shall I ask one of our doctors to call you back?"


def test_a_hindi_agent_answers_in_hindi(worker: Worker) -> None:
    body = worker.answer("घुटने का दर्द क्या है?", organisation="lakeside", agent="sahayak").json()
    assert body["answer"].startswith("घुटने के जोड़ में")


def test_another_organisations_agent_and_an_unknown_one_are_the_same_404(worker: Worker) -> None:
    foreign = worker.answer("hello", organisation="sahyadri", agent="physio")
    unknown = worker.answer("hello", organisation="sahyadri", agent="nobody")
    impossible = worker.answer("hello", organisation="sahyadri", agent="No Such Agent")
    assert foreign.status_code == unknown.status_code == impossible.status_code == 404
    assert foreign.json() == unknown.json() == impossible.json()
    assert foreign.json()["error"]["code"] == "agent_not_found"


def test_an_unknown_agent_is_looked_up_once_and_then_known_to_be_unknown(stack: Stack, worker: Worker) -> None:
    before = stack.convex.calls()["agents:config"]
    for _ in range(3):
        worker.answer("hello", agent="still-nobody")
    assert stack.convex.calls()["agents:config"] == before + 1


def test_a_phrase_is_spoken_as_a_wave_file_of_exactly_that_text(worker: Worker) -> None:
    response = worker.speech("Good morning")
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as reader:
        assert (reader.getframerate(), reader.getsampwidth(), reader.getnchannels()) == (22050, 2, 1)
        assert reader.readframes(reader.getnframes()) == tone("Good morning", 22050)


def test_a_caller_may_prefer_raw_pcm(worker: Worker) -> None:
    response = worker.speech("Good morning", accept="audio/pcm, audio/wav;q=0.5")
    assert response.headers["content-type"] == "audio/pcm;rate=22050"
    assert response.content == tone("Good morning", 22050)


def test_raw_pcm_is_heard_while_it_is_being_spoken(tmp_path: Path) -> None:
    with Stack(tmp_path, sarvam={"speed": 1, "first_chunk_ms": 0}) as stack:
        worker = stack.worker()
        spoken = 'warmline_cache_load_duration_seconds_count{cache="tts",outcome="ok"}'
        phrase = "One moment please, I am looking that up for you."
        with pcm_of(worker, phrase) as response:
            chunks = response.iter_raw()
            first = next(chunks)
            assert worker.metric(spoken) == 0
            assert "tts; fwd=miss; detail=origin" in response.headers["cache-status"]
            assert first + b"".join(chunks) == tone(phrase, 22050)
        assert worker.metric(spoken) == 1


def test_audio_that_breaks_off_breaks_the_answer_off_and_is_not_kept(stack: Stack, worker: Worker) -> None:
    phrase = "Please hold the line, somebody will be with you soon."
    stack.sarvam.fault(kind="speech", at="socket", action="cut", after_chunks=2)
    with pytest.raises(httpx.RemoteProtocolError), pcm_of(worker, phrase) as response:
        response.read()
    until(lambda: "broken_off" in worker.process.output, seconds=5, what="a line in the log")
    assert "Traceback" not in worker.process.output
    assert worker.speech(phrase, accept="audio/pcm").content == tone(phrase, 22050)


def pcm_of(worker: Worker, text: str) -> AbstractContextManager[httpx.Response]:
    return httpx.stream(
        "GET",
        f"{worker.url}/v1/agents/reception/speech",
        params={"text": text},
        headers={"Authorization": f"Bearer {key_of('sahyadri')}", "Accept": "audio/pcm"},
        timeout=20,
    )


def test_a_voice_of_another_model_and_rate_is_spoken_as_configured(worker: Worker) -> None:
    response = worker.speech("Breathe in", organisation="kaveri", agent="physio", accept="audio/pcm")
    assert response.content == tone("Breathe in", 16000)


def test_two_agents_with_different_voices_do_not_share_a_phrase(stack: Stack, worker: Worker) -> None:
    before = stack.sarvam.spoken()
    worker.speech("One moment please", agent="reception")
    worker.speech("One moment please", agent="care")
    assert stack.sarvam.spoken() == before + 2


def test_post_answers_like_get(worker: Worker) -> None:
    posted = httpx.post(
        f"{worker.url}/v1/agents/reception/answer",
        json={"text": "What is knee pain?"},
        headers={"Authorization": f"Bearer {key_of('sahyadri')}"},
    )
    assert posted.json()["answer"] == worker.answer("What is knee pain?").json()["answer"]


def test_every_lookup_is_counted_once_by_the_layer_that_answered(stack: Stack) -> None:
    worker = stack.worker()
    for _ in range(5):
        worker.answer("What is rheumatoid arthritis?")
    assert worker.metric('warmline_cache_lookups_total{cache="rag",source="origin"}') == 1
    assert worker.metric('warmline_cache_lookups_total{cache="rag",source="l1"}') == 4
    assert worker.metric('warmline_http_requests_total{method="GET",route="answer",status="200"}') == 5


def test_every_outcome_has_a_series_before_it_happens(stack: Stack) -> None:
    exposed = httpx.get(f"{stack.worker().admin_url}/metrics").text
    for cache in ("config", "prompt", "rag", "tts"):
        for source in ("l1", "l2", "origin", "stale"):
            assert f'warmline_cache_lookups_total{{cache="{cache}",source="{source}"}} 0.0' in exposed


def test_the_callers_port_serves_neither_metrics_nor_health(worker: Worker) -> None:
    for path in ("/metrics", "/livez", "/readyz"):
        assert httpx.get(f"{worker.url}{path}").status_code == 404


def test_without_a_shared_layer_each_worker_asks_for_itself_and_still_hears_of_changes(stack: Stack) -> None:
    one, other = stack.worker(cache_l2="off"), stack.worker(cache_l2="off")
    for worker in (one, other):
        await_redis(worker, "up")
        assert worker.answer("Can I drive with a stiff neck?").json()["from"]["rag"] == "origin"
        assert worker.answer("Can I drive with a stiff neck?").json()["from"]["rag"] == "l1"
    told = httpx.post(
        f"{one.admin_url}/v1/admin/invalidate", json={"organisation": "sahyadri", "knowledge": True}, timeout=10
    )
    assert len(told.json()["acknowledged"]) >= 2
    assert other.answer("Can I drive with a stiff neck?").json()["from"]["rag"] == "origin"


def _kept(worker: Worker, phrase: str) -> bool:
    return _tts(worker, phrase) == "; hit; detail=l1"


def _tts(worker: Worker, phrase: str) -> str:
    return worker.speech(phrase).headers["cache-status"].rpartition("warmline-tts")[2]


def test_a_phrase_without_a_shared_layer_is_kept_where_it_was_spoken(stack: Stack) -> None:
    one, other = stack.worker(cache_l2="off"), stack.worker(cache_l2="off")
    phrase = "Your second appointment is confirmed."
    before = stack.sarvam.spoken()
    for worker in (one, other):
        assert _tts(worker, phrase) == "; fwd=miss; detail=origin"
        until(partial(_kept, worker, phrase), seconds=5, what="a phrase that is kept")
    assert stack.sarvam.spoken() == before + 2

"""`python -m warmline talk`, as a person uses it."""

import subprocess
import wave
from pathlib import Path

import pytest

from tests.support.edge.nginx import Nginx, slots
from tests.support.processes import python_path, warmline
from tests.support.processes.stack import Stack, key_of
from tests.support.time.wait import until


class Terminal:
    """A person at the command line: types lines, reads what comes."""

    def __init__(self, folder: Path, url: str, *options: str, key: str = key_of("sahyadri")) -> None:
        key_file = folder / "key"
        key_file.write_text(key + "\n")
        self._log = folder / "talk.log"
        command = warmline("talk", "--url", url, "--agent", "reception", "--key-file", str(key_file), *options)
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=python_path(), text=True
            )

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def reads(self, text: str, *, times: int = 1) -> None:
        until(lambda: self.output.count(text) >= times, seconds=30, what=f"{text!r} in {self.output!r}")

    def types(self, *lines: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def ends(self) -> int:
        """Its exit code, when no more is typed."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(timeout=60)


def test_a_conversation_is_shown_with_layers_and_milliseconds_and_kept(stack: Stack, tmp_path: Path) -> None:
    worker = stack.worker(session_audio_lead="5")
    terminal = Terminal(tmp_path, worker.url, "--save", str(tmp_path / "kept.wav"))
    terminal.types("What is knee pain?")
    assert terminal.ends() == 0
    opened, greeting, first, answer, second = terminal.output.splitlines()
    assert opened.startswith("  (opened: Asha on test/")
    assert greeting == "  agent: Namaste, this is Asha at Sahyadri Joint Clinic. How can I help you today?"
    assert "first audio after " in first
    assert "config=origin" in first
    assert answer.startswith("  agent: Knee pain is an ache")
    assert all(f"{cache}=" in second for cache in ("config", "prompt", "rag", "tts"))
    said = [line.removeprefix("  agent: ") for line in (greeting, answer)]
    with wave.open(str(tmp_path / "kept.wav")) as kept:
        assert (kept.getframerate(), kept.getnchannels(), kept.getsampwidth()) == (22050, 1, 2)
        heard = kept.readframes(kept.getnframes())
    assert heard == b"".join(worker.speech(text, accept="audio/pcm").content for text in said)


def test_a_lost_connection_is_resumed_through_the_edge_and_nothing_is_heard_twice(stack: Stack, tmp_path: Path) -> None:
    workers = [stack.worker(), stack.worker()]
    edge = Nginx(tmp_path, slots(*(worker.port for worker in workers)))
    terminal = Terminal(tmp_path, edge.url, "--save", str(tmp_path / "kept.wav"))
    try:
        terminal.reads("first audio")
        here = next(worker for worker in workers if worker.metric("warmline_sessions"))
        here.process.kill()
        terminal.reads("(resumed: Asha on ")
        assert terminal.ends() == 0
        greeting = terminal.output.splitlines()[1].removeprefix("  agent: ")
        other = next(worker for worker in workers if worker is not here)
        with wave.open(str(tmp_path / "kept.wav")) as kept:
            assert kept.readframes(kept.getnframes()) == other.speech(greeting, accept="audio/pcm").content
    finally:
        terminal.process.kill()
        terminal.process.wait()
        edge.stop()


@pytest.mark.parametrize("key", ["wrong", key_of("kaveri") + "x"])
def test_a_wrong_key_is_said_and_not_tried_again(stack: Stack, tmp_path: Path, key: str) -> None:
    terminal = Terminal(tmp_path, stack.worker().url, key=key)
    assert terminal.ends() == 1
    assert terminal.output.splitlines() == [
        "  error: this API key is not known here (unauthenticated)",
        "  (closed: the API key is missing or unknown)",
    ]

"""Two kinds of callers: those who talk, over a WebSocket, and those who ask, by requests. Locust runs this file.

Three of four talk. Each caller has an address of its own, which the edge believes where this machine is one of its
listed proxies.
"""

import random
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import gevent
import gevent.ssl
import websocket
from locust import FastHttpUser, User, between, events, task
from locust.env import Environment

from tests.measure.load.saturation import Watch, first
from tests.measure.load.voice import Call, Refused

QUESTIONS = (
    "What is knee pain?",
    "Is walking good for knee arthritis?",
    "Why do my knees hurt when I climb stairs?",
    "What are your opening hours?",
    "What is osteoarthritis of the knee?",
    "How much does a consultation cost?",
)
"""What the simulated organisations know; another environment is asked from a file."""


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    """What a fleet's callers need beside its address."""
    parser.add_argument("--key-file", type=Path, required=True, help="file that holds the API key")
    parser.add_argument("--agent", default="reception", help="whom to call")
    parser.add_argument("--ca-file", type=Path, help="PEM file of the authority that vouches for the edge")
    parser.add_argument("--questions", type=Path, help="file of questions, one a line")


@events.test_start.add_listener
def trust(environment: Environment, **rest: Any) -> None:
    """Whom requests believe; sessions are told when they dial."""
    own = environment.parsed_options.ca_file

    def context(cafile: str | None = None) -> gevent.ssl.SSLContext:
        return gevent.ssl.create_default_context(cafile=own or cafile)

    Asker.ssl_context_factory = staticmethod(context)


@events.test_start.add_listener
def watch(environment: Environment, **rest: Any) -> None:
    """Look for what saturates, from now on."""
    seen = Watch(lambda: environment.runner.user_count if environment.runner else 0)

    def look_on() -> None:
        while True:
            gevent.sleep(1)
            seen.look()

    seen.look()
    looking = gevent.spawn(look_on)

    @events.quitting.add_listener
    def tell(**rest: Any) -> None:
        looking.kill()
        sys.stderr.write(f"\n{first(seen.samples)}\n")


class _Caller:
    """What both kinds of callers know."""

    def __init__(self, environment: Environment) -> None:
        options = environment.parsed_options
        key = options.key_file.read_text(encoding="utf-8").strip()
        address = f"127.{random.randrange(256)}.{random.randrange(256)}.1"
        self.agent: str = options.agent
        self.ca_file: Path | None = options.ca_file
        self.headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": address, "X-Warmline-Session": address}
        lines = options.questions.read_text(encoding="utf-8").splitlines() if options.questions else QUESTIONS
        self._questions = [line for line in lines if line.strip()]

    def question(self) -> str:
        """The first are asked most: each half as often as the one before it."""
        place = min(len(self._questions) - 1, int(random.expovariate(0.7)))
        return self._questions[place]


class Talker(User):
    """Calls, is greeted, asks some questions, listens to part of each answer, hangs up."""

    weight = 3
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Once for each caller."""
        self.caller = _Caller(self.environment)

    @task
    def talk(self) -> None:
        """One call."""
        call, began = None, time.perf_counter()
        try:
            caller = self.caller
            call = Call(self.host, caller.headers, caller.agent, self._heard, ca_file=caller.ca_file)
            for _ in range(random.randint(1, 4)):
                call.listen(random.uniform(1, 4))
                call.ask(self.caller.question())
            call.listen(3)
            call.hang_up()
        except (OSError, websocket.WebSocketException, Refused, ValueError) as error:
            self._told("call", (time.perf_counter() - began) * 1000, 0, error)
            if call is not None:
                call.drop()

    def _heard(self, what: str, milliseconds: float, size: int) -> None:
        self._told(what, milliseconds, size, None)

    def _told(self, what: str, milliseconds: float, size: int, error: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="session", name=what, response_time=milliseconds, response_length=size, exception=error
        )


class Asker(FastHttpUser):
    """Asks a question and has the answer spoken."""

    weight = 1
    insecure = False
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Once for each caller."""
        self.caller = _Caller(self.environment)

    @task
    def ask(self) -> None:
        """Two requests."""
        path = f"/v1/agents/{self.caller.agent}"
        with self.client.post(
            f"{path}/answer",
            json={"text": self.caller.question()},
            headers=self.caller.headers,
            name="answer",
            catch_response=True,
        ) as response:
            answer = response.json()["answer"] if response.status_code == 200 else None
        if answer:
            headers = {**self.caller.headers, "Accept": "audio/pcm"}
            self.client.post(f"{path}/speech", json={"text": answer}, headers=headers, name="speech")

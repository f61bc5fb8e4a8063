"""A small fleet on loopback: Redis, both simulators, as many workers as a test asks for."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.support.processes import Process, free_port, python_path, simulator, warmline
from tests.support.redis import RedisServer, as_worker
from tests.support.time.wait import until

ORGANISATIONS = ("sahyadri", "kaveri", "lakeside")


def key_of(organisation: str) -> str:
    """The API key of an organisation in the tests."""
    return f"key-of-{organisation}"


def spoken(calls: Mapping[str, int]) -> int:
    """The utterances among simulated Sarvam's calls, over whichever transport."""
    return sum(count for kind, count in calls.items() if kind.startswith("text-to-speech"))


class Simulator:
    """One provider, fast enough for tests; `options` are those of its command line, such as `idle_seconds=0.2`.

    `port` is for whoever had to name it before it runs.
    """

    def __init__(
        self, provider: str, folder: Path, *, milliseconds: int = 20, port: int | None = None, **options: float | str
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        latency = {
            "sarvam": ("speech_ms", "connect_ms", "first_chunk_ms"),
            "convex": ("search_ms", "query_ms"),
        }[provider]
        options = {**dict.fromkeys(latency, milliseconds), **options}
        self._process = Process(
            simulator(provider, "--port", str(self.port), *_flags(options)),
            log=folder / f"{provider}.log",
            environment=python_path(),
        ).listening(self.port)

    def calls(self) -> dict[str, int]:
        """How many calls of each kind it has answered."""
        counts: dict[str, int] = httpx.get(f"{self.url}/_calls").json()
        return counts

    def spoken(self) -> int:
        """How many utterances Sarvam has begun to speak, over whichever transport."""
        return spoken(self.calls())

    def fault(self, **fault: object) -> None:
        """Let something go wrong: see docs/integrate/simulators.md."""
        httpx.post(f"{self.url}/_faults", json=fault).raise_for_status()

    def hang_up(self, how: str = "close") -> None:
        """Make Sarvam end every open socket, with a close frame or, `cut`, without."""
        httpx.post(f"{self.url}/_hang_up", json={"how": how}).raise_for_status()

    def stop(self) -> None:
        self._process.stop()


class Worker:
    """One worker process and a client for both of its ports."""

    def __init__(self, name: str, settings: Mapping[str, str], folder: Path) -> None:
        self.port, self.admin_port = free_port(), free_port()
        environment = {
            **python_path(),
            "WARMLINE_SLOT": name,
            "WARMLINE_PORT": str(self.port),
            "WARMLINE_ADMIN_PORT": str(self.admin_port),
            **settings,
        }
        self.port = int(environment["WARMLINE_PORT"])  # a test may want it where another was
        self.process = Process(
            warmline("worker"), log=folder / f"{name.replace('/', '-')}.log", environment=environment
        )
        host = environment.get("WARMLINE_LISTEN_HOST", "127.0.0.1")
        self.process.listening(self.port, host)
        self.url = f"http://{host}:{self.port}"
        self.admin_url = f"http://{host}:{self.admin_port}"

    def get(self, path: str, *, organisation: str = "sahyadri", text: str = "", **headers: str) -> httpx.Response:
        """A caller's GET with an API key."""
        return httpx.get(
            f"{self.url}{path}",
            params={"text": text},
            headers={"Authorization": f"Bearer {key_of(organisation)}", **headers},
            timeout=20,
        )

    def answer(self, text: str, *, organisation: str = "sahyadri", agent: str = "reception") -> httpx.Response:
        return self.get(f"/v1/agents/{agent}/answer", organisation=organisation, text=text)

    def speech(
        self, text: str, *, organisation: str = "sahyadri", agent: str = "reception", accept: str = "audio/wav"
    ) -> httpx.Response:
        return self.get(f"/v1/agents/{agent}/speech", organisation=organisation, text=text, accept=accept)

    def metric(self, line: str) -> float:
        """The value of one sample, 0 if it is not there; `line` is its name with its labels."""
        for sample in httpx.get(f"{self.admin_url}/metrics").text.splitlines():
            name, _, value = sample.rpartition(" ")
            if name == line:
                return float(value)
        return 0.0

    def ready(self) -> dict[str, object]:
        body: dict[str, object] = httpx.get(f"{self.admin_url}/readyz").json()
        return body


Options = Mapping[str, float | str]


class Stack:
    """Starts what is asked of it in a folder of its own; `stop` ends all of it. `sarvam` and `convex` are the
    simulators' options. As a context it has Redis from the start."""

    def __init__(self, folder: Path, *, sarvam: Options | None = None, convex: Options | None = None) -> None:
        self.folder = folder
        self.redis = RedisServer(folder)
        self.sarvam = Simulator("sarvam", folder, **(sarvam or {"speed": 1000}))  # type: ignore[arg-type]  # no port
        self.convex = Simulator("convex", folder, **(convex or {}))  # type: ignore[arg-type]
        self._workers: list[Worker] = []
        self._numbers = itertools.count(1)
        self.keys_file = folder / "keys.json"
        self.keys_file.write_text(json.dumps([_digest(name) for name in ORGANISATIONS]))
        self.sarvam_key = folder / "sarvam_key"
        self.sarvam_key.write_text("secret-of-sarvam\n")

    def __enter__(self) -> "Stack":
        self.redis.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def settings(self) -> dict[str, str]:
        """What a worker needs, beside its name and ports."""
        return {
            "WARMLINE_API_KEYS_FILE": str(self.keys_file),
            "WARMLINE_REDIS_CACHE_URL": as_worker(self.redis.url),
            "WARMLINE_REDIS_STATE_URL": as_worker(self.redis.url),
            "WARMLINE_DATA_CONVEX_URL": self.convex.url,
            "WARMLINE_SPEECH_SARVAM_URL": self.sarvam.url,
            "WARMLINE_SPEECH_SARVAM_KEY_FILE": str(self.sarvam_key),
            "WARMLINE_WARMING_SECONDS": "0",
        }

    def worker(self, **settings: str) -> Worker:
        """A worker of its own name; `settings` as in the environment, without the prefix."""
        more = {f"WARMLINE_{name.upper()}": value for name, value in settings.items()}
        worker = Worker(f"test/{next(self._numbers)}", {**self.settings(), **more}, self.folder)
        self._workers.append(worker)
        return worker

    def stop(self) -> None:
        for worker in self._workers:
            worker.process.stop()
        self.sarvam.stop()
        self.convex.stop()
        self.redis.stop()


def await_redis(worker: Worker, state: str) -> None:
    """Wait until the worker says that Redis is `up` or `away`."""
    until(lambda: str(worker.ready()["redis"]).startswith(state), seconds=30, what=f"a worker that finds Redis {state}")


def _digest(organisation: str) -> dict[str, str]:
    return {"organisation": organisation, "sha256": hashlib.sha256(key_of(organisation).encode()).hexdigest()}


def _flags(options: Options) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]

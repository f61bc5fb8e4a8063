"""The processes of one row: simulators, two Redis servers, workers and nginx, on loopback; all of it blocks."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.measure.evidence import organisations, scale
from tests.measure.evidence.record import Change
from tests.measure.evidence.record import Worker as Held
from tests.measure.evidence.scrape import held
from tests.measure.evidence.setups import Setup
from tests.measure.evidence.steps import Step
from tests.support.clients.webhooks import SECRET, signed, written
from tests.support.edge.nginx import Nginx
from tests.support.processes.stack import Stack, Worker, await_redis, key_of
from tests.support.redis import RedisServer

AT_ONCE = 2
"""Workers that start at a time: as many as the smallest machine has cores."""

_SARVAM = {
    "connect_ms": scale.CONNECT * 1000,
    "first_chunk_ms": scale.FIRST_CHUNK * 1000,
    "speech_ms": scale.FIRST_CHUNK * 1000,
    "chunk_ms": scale.CHUNK * 1000,
    "speed": scale.SPEED,
    "sockets": 400,
}
_CONVEX = {"query_ms": scale.QUERY * 1000, "search_ms": scale.SEARCH * 1000}


class Fleet:
    """A row's fleet while it runs, all of it ended with `ends`. `url` is the edge, `replaced` what deploys ended."""

    def __init__(
        self,
        ends: ExitStack,
        folder: Path,
        setup: Setup,
        steps: Sequence[Step],
        *,
        workers: int,
        numbers: Mapping[str, str],
    ) -> None:
        entries = [step.entry for step in steps]
        data = organisations.written(entries, folder / "organisations")
        self._stack = Stack(folder, sarvam=_SARVAM, convex={**_CONVEX, "data": str(data)})
        ends.callback(self._stack.stop)
        self._stack.keys_file.write_text(organisations.keys(entries), encoding="utf-8")
        self._stack.redis.start()
        self._state = RedisServer(folder, "--appendonly", "yes", name="state")
        ends.callback(self._state.stop)
        self._state.start()
        secrets = folder / "webhook_secrets"
        secrets.write_text(written(SECRET), encoding="utf-8")
        self._settings = {
            **numbers,
            "redis_state_url": self._state.url,
            "cache_l2": "on" if setup.l2 else "off",
            "webhook_secrets_file": str(secrets),
            "speech_sockets_account": "400",
        }
        self.replaced: list[Held] = []
        names = [f"test/{number}" for number in range(1, workers + 1)]
        self._workers = dict(zip(names, self._started(names), strict=True))
        ends.callback(self._stop_workers)
        self._edge = Nginx(
            folder,
            self._slots(),
            nginx_affinity=setup.affinity,
            nginx_trusted_proxies=["127.0.0.1"],
            nginx_worker_connections=4096,
            nginx_shutdown_timeout=30,
        )
        ends.callback(self._edge.stop)
        self.url = self._edge.url

    def assert_reached(self, steps: Sequence[Step]) -> None:
        """Every worker gets some of the trace's callers. Raises RuntimeError, which names those that get none."""
        with httpx.Client(base_url=self.url) as http:
            for step in steps[:: max(1, len(steps) // 400)]:
                http.get("/v1/openapi.json", headers=origin(step)).raise_for_status()
        missed = sorted(self._workers.keys() - {line["slot"] for line in self._edge.log()})
        if missed:
            raise RuntimeError(f"the trace's callers come from too few networks: nobody reaches {', '.join(missed)}")

    def deploy(self, count: int) -> None:
        """New workers in the place of the first `count`, by the product's own strategy: each slot gets another port,
        one reload moves all clients, and the old workers end when nobody is served by them. Their memory is gone."""
        names = list(self._workers)[:count]
        old = [self._workers[name] for name in names]
        self._workers |= dict(zip(names, self._started(names), strict=True))
        self._edge.relist(self._slots())
        self.replaced += [held(worker) for worker in old]
        for worker in old:
            worker.process.stop()

    def update(self, organisation: str, agent: str, began: float) -> Change:
        """Tell the fleet, as the data provider does, that an agent changed or, where none is named, an organisation's
        knowledge; `began` is when the replay did, by the monotonic clock."""
        event = "agent-updated" if agent else "knowledge-updated"
        body = json.dumps({"organisation": organisation, **({"agent": agent} if agent else {})}).encode()
        headers = signed(body, id_=uuid.uuid4().hex, timestamp=int(time.time()))
        asked = time.monotonic()
        httpx.post(f"{self.url}/v1/webhooks/{event}", content=body, headers=headers, timeout=10).raise_for_status()
        told = time.monotonic()
        return Change(told - began, organisation, agent, (told - asked) * 1000)

    def workers(self) -> list[Held]:
        """What each worker holds now."""
        return [held(worker) for worker in self._workers.values()]

    def calls(self) -> dict[str, int]:
        """What the providers were asked since their start."""
        return dict(Counter(self._stack.sarvam.calls()) + Counter(self._stack.convex.calls()))

    def redis_bytes(self) -> int:
        """What the shared Redis holds."""
        with self._stack.redis.client() as client:
            return int(client.info("memory")["used_memory"])

    def _stop_workers(self) -> None:
        """All at once: one after the other each would wait for its own last seconds."""
        with ThreadPoolExecutor(len(self._workers)) as pool:
            list(pool.map(lambda worker: worker.process.stop(), self._workers.values()))

    def _started(self, names: Sequence[str]) -> list[Worker]:
        def start(name: str) -> Worker:
            worker = self._stack.worker(**self._settings, slot=name)
            await_redis(worker, "up")
            return worker

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(start, names))

    def _slots(self) -> list[dict[str, object]]:
        return [{"name": name, "address": "127.0.0.1", "port": worker.port} for name, worker in self._workers.items()]


def origin(step: Step) -> dict[str, str]:
    """Where a step's request comes from, in the headers that the edge goes by."""
    return {
        "Authorization": f"Bearer {key_of(step.entry.organisation)}",
        "X-Forwarded-For": step.entry.caller,
        "X-Warmline-Session": step.session,
    }


@contextmanager
def fleet(
    folder: Path, setup: Setup, steps: Sequence[Step], *, workers: int, numbers: Mapping[str, str]
) -> Iterator[Fleet]:
    """A fleet, ended with the block, and half of one if it could not be started."""
    with ExitStack() as ends:
        yield Fleet(ends, folder, setup, steps, workers=workers, numbers=numbers)

"""Shows that a fleet answers: one question and one phrase, first cold, then warm, then warm on another slot.

The question ends in a mark that nobody has asked with before, so that "cold" is cold however often this runs. A caller
of another address is asked for by `X-Forwarded-For`, which the edge believes only from its listed proxies; where this
machine is not one, every request comes from the same caller and the last row is left out.
"""

import asyncio
import json
import secrets
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from warmline.commands import ends
from warmline.commands import tls as trust
from warmline.commands.table import as_json as written
from warmline.commands.table import draw

SECONDS = 30
"""How long one request may take."""

HOPELESS = frozenset({401, 403, 404})
"""Statuses of a wrong key or a wrong name: whatever is asked next would get the same."""

_CALLERS = [f"203.0.{network}.10" for network in range(113, 177)]


@dataclass(frozen=True, slots=True)
class Row:
    """One request and what came of it."""

    what: str
    when: str
    status: int
    milliseconds: float
    cache: str
    slot: str
    body: bytes

    @property
    def layers(self) -> dict[str, str]:
        """Who knew it, by cache: `warmline-rag; hit; detail=l1` is `{"rag": "l1"}`."""
        members = (member.partition(";") for member in self.cache.split(", ") if member)
        return {name.removeprefix("warmline-"): detail.rpartition("detail=")[2] for name, _, detail in members}

    @property
    def refusal(self) -> str:
        """The status and the beginning of the body, of what was not answered."""
        return f"HTTP {self.status} {self.body[:200].decode(errors='replace').strip()}"


def run(
    url: str,
    *,
    agent: str,
    key: str,
    question: str,
    ca_file: Path | None,
    as_json: bool = False,
    seconds: float = SECONDS,
) -> int:
    """Print what was answered and how fast; 0 if everything was answered, else 1.

    One request may take so many `seconds`. What was seen before an error is printed too.
    Raises OSError, in words, if something did not answer.
    """
    probe = _Probe(url, agent, key, trust.context(ca_file), seconds)
    failure: OSError | None = None
    try:
        with trust.explain():
            asyncio.run(probe.ask(question))
    except OSError as error:
        failure = error
    if as_json:
        print(write_json(question, probe.rows, None if failure is None else ends.describe(failure)))
    else:
        for line in write_table(question, probe.rows):
            print(line)
        if failure is not None:
            raise failure
    answered = failure is None and all(row.status == 200 for row in probe.rows)
    return ends.DONE if answered else ends.FAILED


def write_table(question: str, rows: Sequence[Row]) -> list[str]:
    """Write the rows for people, and the answer below them."""
    cells = [
        (
            row.what if row.when == "cold" else "",
            row.when,
            f"{row.milliseconds:.1f} ms",
            row.slot,
            ", ".join(f"{cache}={layer}" for cache, layer in row.layers.items()) if row.status == 200 else row.refusal,
        )
        for row in rows
    ]
    answer = _answer(rows)
    said = [] if answer is None else ["", f"  Q: {question}", f"  A: {answer}"]
    return [*draw(cells, right=(2,), indent="  "), *said]


def write_json(question: str, rows: Sequence[Row], error: str | None = None) -> str:
    """Write the rows for programs: one object, with `error` where something did not answer."""
    requests = [
        {
            "what": row.what,
            "when": row.when,
            "status": row.status,
            "milliseconds": round(row.milliseconds, 1),
            "slot": row.slot,
            "layers": row.layers,
            **({} if row.status == 200 else {"refusal": row.refusal}),
        }
        for row in rows
    ]
    answered = error is None and all(row.status == 200 for row in rows)
    found = {"answered": answered, "question": question, "answer": _answer(rows), "requests": requests, "error": error}
    return written(found)


def _answer(rows: Sequence[Row]) -> str | None:
    """What the question was answered with."""
    bodies = [row.body for row in rows if row.what == "knowledge answer" and row.status == 200]
    return str(json.loads(bodies[0])["answer"]) if bodies else None


class _Probe:
    """Asks, and keeps what it has seen in `rows`."""

    def __init__(self, url: str, agent: str, key: str, context: ssl.SSLContext, seconds: float) -> None:
        self._url = f"{url}/v1/agents/{agent}"
        self._edge = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._context = context
        self._seconds = seconds
        self.rows: list[Row] = []

    async def ask(self, question: str) -> None:
        """Ask the question, then have its answer spoken; ends at the first refusal that no other try would change."""
        mark = f"{secrets.randbelow(10**6):06}"
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        over = aiohttp.TCPConnector(ssl=self._context)
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout, connector=over) as http:
            if await self._compare(http, "answer", f"{question} ({mark})", "knowledge answer"):
                spoken = f"{_answer(self.rows) or ''} {mark}".strip()
                await self._compare(http, "speech", spoken, "first audio")

    async def _compare(self, http: aiohttp.ClientSession, path: str, text: str, what: str) -> bool:
        """Cold, warm, and on another slot where one answers; whether asking on makes sense."""
        cold = await self._get(http, path, text, _CALLERS[0], (what, "cold"))
        self.rows.append(cold)
        if cold.status in HOPELESS:
            return False
        self.rows.append(await self._get(http, path, text, _CALLERS[0], (what, "warm")))
        if cold.status != 200:
            return True
        for caller in _CALLERS[1:]:
            seen = await self._get(http, path, text, caller, (what, "another slot"))
            if seen.slot != cold.slot or seen.status != 200:
                self.rows.append(seen)
                break
        return True

    async def _get(self, http: aiohttp.ClientSession, path: str, text: str, caller: str, row: tuple[str, str]) -> Row:
        headers = {"X-Forwarded-For": caller, "X-Warmline-Session": caller, "Accept": "audio/pcm, */*;q=0.5"}
        began = time.perf_counter()
        try:
            async with http.get(f"{self._url}/{path}", params={"text": text}, headers=headers) as response:
                body = await response.content.readany()
                took = (time.perf_counter() - began) * 1000
                body += await response.read()
                cache, slot = (response.headers.get(name, fallback) for name, fallback in _SAID)
                return Row(*row, response.status, took, cache, slot, body)
        except TimeoutError as error:
            raise OSError(f"{self._edge} did not answer within {self._seconds:g} s") from error
        except ssl.SSLCertVerificationError:
            raise
        except (aiohttp.ClientError, UnicodeError) as error:
            raise OSError(f"{self._edge} did not answer: {ends.describe(error)}") from error


_SAID = (("Cache-Status", ""), ("X-Warmline-Slot", "-"))
"""The headers that say which layer knew it and which worker answered, and what stands for each where it is missing."""

"""The organisations of a trace as simulated Convex keeps them, and the API keys of their callers."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.measure.evidence.steps import greeting, said
from tests.support.processes.stack import key_of
from warmline_studies.traces import Entry, Kind

KNOWN = 40
"""Questions that an organisation's knowledge answers: enough for passages of the usual size, quickly searched."""

_VOICE = {"model": "bulbul:v3", "speaker": "rohan", "language": "en-IN", "sampleRate": 8000, "pace": 1.0}
"""A telephone's sample rate."""


def written(entries: Iterable[Entry], folder: Path) -> Path:
    """A folder with a file for each organisation that the trace names."""
    agents: dict[str, set[str]] = defaultdict(set)
    questions: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for entry in entries:
        agents[entry.organisation].update(filter(None, [entry.agent]))
        if entry.kind is Kind.QUESTION:
            questions[entry.organisation][entry.text, said(entry)] += 1
    folder.mkdir()
    for organisation, names in agents.items():
        known = [pair for pair, _ in questions[organisation].most_common(KNOWN)]
        data = _organisation(organisation, sorted(names), known)
        (folder / f"{organisation}.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


def keys(entries: Iterable[Entry]) -> str:
    """The file of API keys."""
    names = sorted({entry.organisation for entry in entries})
    return json.dumps([{"organisation": name, "sha256": sha256(key_of(name).encode()).hexdigest()} for name in names])


def _organisation(name: str, agents: list[str], known: list[tuple[str, str]]) -> dict[str, Any]:
    prompt = {"instructions": "Answer from the knowledge. " * 40, "answer": "{answer}", "unknown": "I do not know."}
    return {
        "organisation": name,
        "name": name,
        "agents": {agent: {"config": _config(name, agent), "prompt": prompt} for agent in agents},
        "knowledge": [{"question": question, "answer": answer} for question, answer in known],
    }


def _config(organisation: str, agent: str) -> dict[str, Any]:
    return {
        "name": agent,
        "voice": _VOICE,
        "greeting": greeting(organisation, agent),
        "phrases": [],
        "promptUpdatedAt": 1763800000000,
        "topK": 3,
        "minimumScore": 0.3,
    }

"""What a value is said to cost in memory, beside what it costs."""

import gc
import random
import string
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from warmline.services.agents import AgentConfig, Prompt
from warmline.services.codecs import AudioCodec, MessageCodec
from warmline.services.knowledge import Passage
from warmline.upstream.ports import Voice
from warmline_cache.memory.weight import weigh

COUNT = 200
chance = random.Random(1)


def text(length: int, letters: str = string.ascii_letters) -> str:
    return "".join(chance.choices(letters, k=length))


def passages(count: int, length: int, letters: str = string.ascii_letters) -> list[Passage]:
    return [Passage(text(24), chance.random(), text(length, letters), text(length, letters)) for _ in range(count)]


def config() -> AgentConfig:
    voice = Voice("bulbul:v3", "anushka", "en-IN", pace=chance.random())
    phrases = tuple(text(40) for _ in range(5))
    updated_at = 1_700_000_000_000 + chance.randrange(10**6)
    return AgentConfig(name="Reception", voice=voice, greeting=text(60), prompt_updated_at=updated_at, phrases=phrases)


HINDI = "".join(map(chr, range(0x905, 0x939)))
KEPT: dict[str, tuple[Any, Callable[[], object]]] = {
    "three passages": (MessageCodec(list[Passage]), lambda: passages(3, 100)),
    "ten short passages": (MessageCodec(list[Passage]), lambda: passages(10, 10)),
    "passages in Hindi": (MessageCodec(list[Passage]), lambda: passages(3, 100, HINDI)),
    "a configuration": (MessageCodec(AgentConfig), config),
    "a prompt": (MessageCodec(Prompt), lambda: Prompt(instructions=text(2000), answer=text(50), unknown=text(50))),
    "a roster of short names": (MessageCodec(list[str]), lambda: [text(6) for _ in range(200)]),
    "audio": (AudioCodec(), lambda: chance.randbytes(20_000)),
}


@pytest.mark.parametrize("kind", KEPT)
def test_a_budget_in_bytes_is_a_budget_of_memory_whatever_the_cache_holds(kind: str) -> None:
    codec, make = KEPT[kind]
    payloads = [codec.encode(make()) for _ in range(COUNT)]
    codec.decode(bytes(bytearray(payloads[0])))
    kept: list[object] = [None] * COUNT
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number, payload in enumerate(payloads):
            kept[number] = codec.decode(bytes(bytearray(payload)))
        costs = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert sum(map(weigh, kept)) == pytest.approx(costs, rel=0.15)


def test_what_is_kept_in_a_ring_or_in_many_places_is_weighed_in_finite_time() -> None:
    ring: list[object] = ["a name"]
    ring.append(ring)
    assert 0 < weigh(ring) < 1000


def test_values_nested_deeper_than_the_interpreter_would_call_are_weighed() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert weigh(nested) > 100_000

"""Which passages are nearest to a question: cosine similarity of weighted word and letter-triple counts.

A stand-in for an embedding model behind Convex's vector search: the same shape of answer (best first, scores up to 1,
ties by id), deterministic, and forgiving of spelling. Weights are tf-idf, log(1 + N/df), after Salton and Buckley
(1988).
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_COMMON = frozenset(
    (
        "a an and are be can do does for have how i in is it me my of on or please the to we what when where which why "
        "with you your"
    ).split()
)


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """One question and answer of an organisation's knowledge."""

    id: str
    question: str
    answer: str


class Index:
    """The passages of one organisation, ready to be searched."""

    def __init__(self, passages: Iterable[IndexedPassage]) -> None:
        self._passages = list(passages)
        features = [_features(passage.question) for passage in self._passages]
        spread = Counter(feature for counts in features for feature in counts)
        self._weights = {feature: math.log(1 + len(features) / count) for feature, count in spread.items()}
        self._rarest = math.log(1 + len(features))
        self._vectors = [self._vector(counts) for counts in features]

    def search(self, query: str, limit: int) -> list[tuple[IndexedPassage, float]]:
        """The `limit` nearest passages with their similarity, best first."""
        wanted = self._vector(_features(query))
        scored = [
            (passage, _dot(wanted, vector)) for passage, vector in zip(self._passages, self._vectors, strict=True)
        ]
        scored.sort(key=lambda one: (-one[1], one[0].id))
        return scored[:limit]

    def _vector(self, counts: Mapping[str, int]) -> dict[str, float]:
        raw = {feature: count * self._weights.get(feature, self._rarest) for feature, count in counts.items()}
        length = math.sqrt(sum(weight * weight for weight in raw.values())) or 1.0
        return {feature: weight / length for feature, weight in raw.items()}


def _features(text: str) -> Counter[str]:
    letters = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text.casefold())
    words = [word for word in letters.split() if word not in _COMMON]
    triples = (padded[i : i + 3] for word in words for padded in [f"^{word}$"] for i in range(len(padded) - 2))
    return Counter(words) + Counter(triples)


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(weight * other.get(feature, 0.0) for feature, weight in one.items())

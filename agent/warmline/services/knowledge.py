"""An organisation's knowledge: which passages answer a question."""

import msgspec

from warmline.accounts.accounts import Accounts
from warmline.caches import CACHES
from warmline.services import groups
from warmline.services.normalise import normalise
from warmline.upstream.ports import Functions
from warmline_cache import Cache, Found, Key


class Passage(msgspec.Struct, frozen=True):
    """One piece of knowledge that matches a question. `score` is the cosine similarity, -1 to 1."""

    id: str = msgspec.field(name="_id")
    score: float = msgspec.field(name="_score")
    question: str
    answer: str


class Knowledge:
    """Searches the knowledge of the caller's organisation, and of no other."""

    def __init__(self, functions: Functions, *, results: Cache[list[Passage]], accounts: Accounts) -> None:
        self._functions = functions
        self._results = results
        self._accounts = accounts
        self._price = accounts.prices.call("action")

    @property
    def provider(self) -> str:
        """Who holds it, as it is named in errors and metrics."""
        return self._functions.name

    async def search(self, organisation: str, question: str, *, top_k: int, language: str) -> Found[list[Passage]]:
        """At most `top_k` passages, best first.

        Raises UpstreamError or SpendLimitReached when they had to be loaded and could not.
        """
        query = normalise(question, language)
        found = await self._results.get_or_load(
            _key(organisation, query, top_k),
            lambda: self._load(organisation, query, top_k),
        )
        self._accounts.record_lookup(organisation, "rag", found.source, self._price)
        return Found(found.value or [], found.source)

    async def peek(self, organisation: str, question: str, *, top_k: int, language: str) -> Found[list[Passage]] | None:
        """The same from the caches alone; None if only the origin could tell."""
        found = await self._results.peek(_key(organisation, normalise(question, language), top_k))
        return None if found is None else Found(found.value or [], found.source)

    async def _load(self, organisation: str, query: str, top_k: int) -> list[Passage] | None:
        """None where nothing was found, an empty list too: what is new is indexed a moment after we are told of it.

        What a function returns beyond what it was asked for would be kept, and told to every caller.
        """
        with self._accounts.pay(organisation, "rag", self._price):
            found = await self._functions.action(
                CACHES["rag"].function, {"organisation": organisation, "query": query, "topK": top_k}, list[Passage]
            )
        return found[:top_k] if found else None


def _key(organisation: str, query: str, top_k: int) -> Key:
    belongs_to = (groups.organisation(organisation), groups.knowledge(organisation))
    return Key("rag", organisation, (query, str(top_k)), belongs_to)

"""Which agents an organisation has."""

from warmline.caches import CACHES
from warmline.services import groups
from warmline.upstream.ports import Functions
from warmline_cache import Cache, Found, Key


class Roster:
    """The names of an organisation's agents, for whoever prepares for their callers."""

    def __init__(self, functions: Functions, *, names: Cache[list[str]]) -> None:
        self._functions = functions
        self._names = names

    async def names(self, organisation: str) -> Found[list[str]]:
        """All of them; none of an organisation that is not known. Raises UpstreamError."""
        found = await self._names.get_or_load(
            _key(organisation),
            lambda: self._load(organisation),
        )
        return Found(found.value or [], found.source)

    async def peek(self, organisation: str) -> Found[list[str]] | None:
        """The same from the caches alone; None if only the origin could tell."""
        found = await self._names.peek(_key(organisation))
        return None if found is None else Found(found.value or [], found.source)

    async def _load(self, organisation: str) -> list[str] | None:
        """None where there are none: the first agent of an organisation is not to wait for the end of a list."""
        return await self._functions.query(CACHES["roster"].function, {"organisation": organisation}, list[str]) or None


def _key(organisation: str) -> Key:
    return Key("roster", organisation, (), (groups.organisation(organisation),))

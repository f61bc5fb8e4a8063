"""Who is furthest over its share. Shares are equal, so that is whoever holds most.

Tenants stand on levels by what they hold, sixteen levels to each doubling: two on one level differ by less than a
sixteenth, whatever the budget and however many they are. Occupied levels are the bits of one number, so the highest is
found from its length. All is O(1): there are some 600 levels to a terabyte, and none is ever searched for.
"""

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType


class TenantShares:
    """Bytes by tenant; a tenant that holds nothing is not known."""

    __slots__ = ("_held", "_levels", "_occupied", "total")

    def __init__(self) -> None:
        self.total = 0
        """Bytes of all tenants."""
        self._held: dict[str, int] = {}
        self._levels: dict[int, OrderedDict[str, None]] = {}
        self._occupied = 0

    @property
    def held(self) -> Mapping[str, int]:
        """Bytes by tenant: a view."""
        return MappingProxyType(self._held)

    def add(self, tenant: str, change: int) -> None:
        """`tenant` holds `change` bytes more, or less if that is negative."""
        before = self._held.get(tenant, 0)
        after = before + change
        self.total += change
        if after:
            self._held[tenant] = after
        else:
            del self._held[tenant]
        old, new = _level(before), _level(after)
        if old != new:
            self._leave(tenant, old)
            self._enter(tenant, new)

    def payer(self, tenant: str, cost: int) -> str:
        """Who gives something up so that `tenant` may hold `cost` bytes more; one of those that hold something.

        `tenant` itself, if with these it would stand on the highest level; else whoever has been there longest. So
        nobody pays for another who holds less than fifteen sixteenths of an equal share, unless the other holds
        nothing yet.
        """
        highest = self._occupied.bit_length() - 1
        held = self._held.get(tenant)
        if held is not None and _level(held + cost) >= highest:
            return tenant
        return next(iter(self._levels[highest]))

    def _leave(self, tenant: str, level: int) -> None:
        tenants = self._levels.get(level)
        if tenants is not None:
            tenants.pop(tenant, None)
            if not tenants:
                del self._levels[level]
                self._occupied ^= 1 << level

    def _enter(self, tenant: str, level: int) -> None:
        if level:
            tenants = self._levels.get(level)
            if tenants is None:
                # an OrderedDict finds its first in O(1) whatever was deleted before it; a dict walks over the holes
                tenants = self._levels[level] = OrderedDict()
                self._occupied |= 1 << level
            tenants[tenant] = None


def _level(held: int) -> int:
    """Grows with `held`, which is at most a sixteenth more than the least of its level. Nothing is on level 0."""
    shift = held.bit_length() - 5
    return (shift << 4) + (held >> shift) if shift > 0 else held

"""What must hold inside L1 after every test: its books add up."""

import math
from typing import Any

from warmline_cache.memory.memory import Memory
from warmline_cache.memory.shares import TenantShares, _level


def check_memory(memory: Memory[Any]) -> None:
    """Assert that the books of L1 add up: slots, queues, groups, deadlines and bytes."""
    slots = memory._slots
    assert all(key == slot.key for key, slot in slots.items())
    queued = [(tenant, slot) for tenant, queue in memory._queues.items() for slot in queue]
    assert len(queued) == len(slots)
    assert all(slots[slot.key] is slot and slot.tenant == tenant for tenant, slot in queued)
    check_shares(memory._shares)
    assert {tenant: queue.size for tenant, queue in memory._queues.items()} == memory._shares.held
    assert memory._shares.total == sum(slot.size for slot in slots.values()) <= memory._max_bytes
    assert len(slots) <= memory._max_entries
    members = {(group, key) for group, keys in memory._members.items() for key in keys}
    assert members == {(group, slot.key) for slot in slots.values() for group in slot.groups}
    assert all(memory._members.values()), "a group without members is still indexed"
    mortal = {key: slot.dead_until for key, slot in slots.items() if slot.dead_until < math.inf}
    assert memory._wheel.deadlines() == mortal
    assert not memory._left


def check_shares(shares: TenantShares) -> None:
    """Assert that totals and levels are those of what is held."""
    assert shares.total == sum(shares._held.values())
    assert all(held > 0 for held in shares._held.values())
    assert {tenant: level for level, tenants in shares._levels.items() for tenant in tenants} == {
        tenant: _level(held) for tenant, held in shares._held.items()
    }
    assert shares._occupied == sum(1 << level for level in shares._levels)

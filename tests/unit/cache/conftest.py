from tests.support.caches.world import world

__all__ = ["world"]

"""Writes one session's state while the conversation goes on: nobody waits for Redis in the middle of a sentence."""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from warmline.session.machine import State
from warmline.session.store import SessionStore
from warmline_cache.errors import StoreUnavailable

_encode = msgspec.msgpack.Encoder().encode


class Keeper:
    """Writes the newest state, one write at a time. `on_loss` is called when the session turns out to be another's."""

    def __init__(self, store: SessionStore, key: str, owner: bytes, *, on_loss: Callable[[], None]) -> None:
        self._store = store
        self._key = key
        self._owner = owner
        self._on_loss = on_loss
        self._newest: State | None = None
        self._writing: asyncio.Task[None] | None = None
        self.resumable = False
        """Whether another worker would find what was written last."""

    def keep(self, state: State) -> None:
        """Write this state, unless a newer one comes before its turn."""
        self._newest = state
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="session: keep")

    async def kept(self) -> bool:
        """Return when nothing is left to write; whether the session is resumable."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
        return self.resumable

    async def forget(self) -> None:
        """Delete it; what could not be deleted ends by itself."""
        await self.kept()
        self.resumable = False
        with contextlib.suppress(StoreUnavailable):
            await self._store.forget(self._key, self._owner)

    async def _write(self) -> None:
        try:
            while self._newest is not None:
                state, self._newest = self._newest, None
                await self._save(_encode(state))
        finally:
            self._writing = None

    async def _save(self, data: bytes) -> None:
        try:
            self.resumable = await self._store.save(self._key, self._owner, data)
        except StoreUnavailable:
            self.resumable = False
        else:
            if not self.resumable:
                self._on_loss()

"""What an agent keeps in a database, read and written beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Retention
from xmpp_cem.store.backends import fitting
from xmpp_cem.store.faults import explained
from xmpp_cem.store.work import Work

_T = TypeVar("_T")


class DatabaseStore:
    """SQLite or PostgreSQL through SQLAlchemy Core; one file or schema per party, one writer.

    Every method raises StoreError, whose text names the store and the remedy; it is a
    StoreUnavailableError when nothing was written and the same call may succeed later. A method
    that is cancelled while it waits may still take effect, in full.

    Args:
        place: the file, `:memory:` keeps everything until close; or the URL of a database.
    """

    def __init__(self, place: Path | str) -> None:
        backend = fitting(place)
        self._name = backend.name
        self._work = Work(backend)
        self._worker: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Lock the store for this process, create or migrate its tables and check the file.

        Raises:
            StoreUnavailableError: the disk is full, the database's server is away.
            StoreError: it is in use, unusable, damaged, no database, another program's or newer.
        """
        if self._worker is not None:
            raise StoreError(f"store {self._name}: it is open already")
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            await self._run(self._work.open)
        except StoreError:
            self._stop()
            raise

    async def load(self) -> Kept:
        """Return all records by kind and key, and the outbox in the order of sending."""
        return await self._run(self._work.load)

    async def commit(self, batch: Batch) -> None:
        """Write everything or nothing, to the disk (WAL, synchronous=FULL).

        Drops come before puts and `sent` before `send`, so that a contradiction keeps data. A
        publish or retract supersedes what waits for the same item; an id that waits is replaced
        in place; an answer that is stored already stays.

        Raises:
            StoreUnavailableError: disk full or failing, or no connection. Commit the same batch
                again, the very object: if it took effect after all, it does so once.
            StoreError: read-only, damaged, or taken over by another process; nothing was written.
        """
        await self._run(lambda: self._work.commit(batch))

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer that a repeat of this request gets; None if it is new."""
        return await self._run(lambda: self._work.reply_to(sender, message_id))

    async def journal(self, last: int) -> tuple[Journalled, ...]:
        """Return at most the `last` newest inputs, oldest of them first."""
        return await self._run(lambda: self._work.journal(last))

    async def prune(self, now: datetime, retention: Retention) -> None:
        """Delete the answers and inputs that are not to be kept at `now`."""
        await self._run(lambda: self._work.prune(now, retention))

    async def close(self) -> None:
        """Finish what is under way and unlock the file; closing twice is allowed."""
        if self._worker is None:
            return
        try:
            await self._run(self._work.close)
        finally:
            self._stop()

    async def _run(self, act: Callable[[], _T]) -> _T:
        if self._worker is None:
            raise StoreError(f"store {self._name}: it is not open")
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._explain, act)

    def _explain(self, act: Callable[[], _T]) -> _T:
        with explained(self._name):
            return act()

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=False)
            self._worker = None

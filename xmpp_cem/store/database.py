"""What an agent keeps in a file, read and written beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Kept
from xmpp_cem.store.faults import explained
from xmpp_cem.store.file import StoreFile

_T = TypeVar("_T")


class DatabaseStore:
    """SQLite through SQLAlchemy Core; one file per party, one writer.

    Every method raises StoreError, whose text names the file and the remedy. A method that is
    cancelled while it waits may still take effect, in full.

    Args:
        path: the file; `:memory:` keeps everything until close.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = StoreFile(path)
        self._worker: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Lock the file for this process, create it if it is missing and check its schema.

        Raises:
            StoreError: it is in use, unusable, no database, another program's or newer.
        """
        if self._worker is not None:
            raise StoreError(f"store {self._path}: it is open already")
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            await self._run(self._file.open)
        except StoreError:
            self._stop()
            raise

    async def load(self) -> Kept:
        """Return all records by kind and key, and the outbox in the order of sending."""
        return await self._run(self._file.load)

    async def commit(self, batch: Batch) -> None:
        """Write everything or nothing, to the disk (WAL, synchronous=FULL).

        Drops come before puts and `sent` before `send`, so that a contradiction keeps data. A
        publish or retract supersedes what waits for the same item; an id that waits is replaced
        in place; an answer that is stored already stays.

        Raises:
            StoreError: disk full, read-only, failing or damaged; nothing was written.
        """
        await self._run(lambda: self._file.commit(batch))

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer that a repeat of this request gets; None if it is new."""
        return await self._run(lambda: self._file.reply_to(sender, message_id))

    async def journal(self, last: int) -> tuple[Journalled, ...]:
        """Return at most the `last` newest inputs, oldest of them first."""
        return await self._run(lambda: self._file.journal(last))

    async def prune(self, before: datetime, keep_journal: int) -> None:
        """Delete answers older than `before`, and all inputs but the newest `keep_journal`."""
        await self._run(lambda: self._file.prune(before, keep_journal))

    async def close(self) -> None:
        """Finish what is under way and unlock the file; closing twice is allowed."""
        if self._worker is None:
            return
        try:
            await self._run(self._file.close)
        finally:
            self._stop()

    async def _run(self, act: Callable[[], _T]) -> _T:
        if self._worker is None:
            raise StoreError(f"store {self._path}: it is not open")
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._explain, act)

    def _explain(self, act: Callable[[], _T]) -> _T:
        with explained(self._path):
            return act()

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=False)
            self._worker = None

"""Keeps what a step decided, however long that takes, and no more of the past than is wanted."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from xmpp_cem.errors import StoreUnavailableError
from xmpp_cem.model.keeping import Batch, Journalled, Retention
from xmpp_cem.runtime.ports import Clock, Store

_MOST_UNEVENTFUL = 100
_PRUNE_EVERY = timedelta(minutes=10)
_SHORTEST_S, _LONGEST_S = 0.5, 30.0
_SAID_EVERY = timedelta(minutes=5)

T = TypeVar("T")
log = structlog.get_logger()


class Keeper:
    """An agent's way to its store: waits while it is unavailable, and prunes what it holds.

    While it waits nothing of the step leaves and nobody is told that it was taken; peers repeat
    what got no answer. So a disk that is full for hours costs hours, and no data.

    Args:
        store: where everything goes.
        clock: when to try again and what is old.
        retention: how much is kept of what has passed.
    """

    def __init__(self, store: Store, clock: Clock, retention: Retention) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention
        self._uneventful: list[Journalled] = []
        self._rows = self._bytes = 0
        self.unavailable_since: datetime | None = None

    async def commit(self, batch: Batch) -> None:
        """Commit what changes something now; inputs that changed nothing go with a later one.

        A site looks at its meters every second: a disk must not be worn by that.

        Raises:
            StoreError: the store cannot be used until somebody mends it.
        """
        self._uneventful += batch.journal
        batch.journal = []
        if batch.is_empty and len(self._uneventful) < _MOST_UNEVENTFUL:
            return
        batch.journal, self._uneventful = self._uneventful, []
        await self._patiently(lambda: self._store.commit(batch))
        self._rows += len(batch.journal)
        self._bytes += sum(len(row.value) for row in batch.journal)
        if self._is_much():
            await self.prune()

    async def flush(self) -> None:
        """Commit what waits, once and without patience: the agent ends.

        Only inputs that changed nothing can be lost by that.
        """
        try:
            await self._store.commit(Batch(journal=self._uneventful))
        except StoreUnavailableError as error:
            log.warning("the last inputs are not in the journal", why=str(error))

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer that a repeat of this request gets; None if it is new."""
        return await self._patiently(lambda: self._store.reply_to(sender, message_id))

    async def prune(self) -> None:
        """Drop what is no longer kept."""
        self._rows = self._bytes = 0
        now = self._clock.now()
        await self._patiently(lambda: self._store.prune(now, self._retention))

    async def prune_regularly(self) -> None:
        """Prune until cancelled."""
        while True:
            await self.prune()
            await self._clock.sleep_until(self._clock.now() + _PRUNE_EVERY)

    def _is_much(self) -> bool:
        """Whether a quarter more than the bound of inputs may be kept by now."""
        rows, size = self._retention.journal_rows // 4, self._retention.journal_bytes // 4
        return self._rows > rows or self._bytes > size

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it as often as it takes, with full jitter in between."""
        failures, said = 0, self._clock.now() - _SAID_EVERY
        while True:
            try:
                result = await act()
            except StoreUnavailableError as error:
                now = self._clock.now()
                self.unavailable_since = self.unavailable_since or now
                if now >= said + _SAID_EVERY:
                    said = now
                    log.error("nothing is stored, so nothing is answered", why=str(error))  # noqa: TRY400 no trace
                failures += 1
                longest = min(_SHORTEST_S * 2 ** min(failures, 10), _LONGEST_S)
                pause = timedelta(seconds=random.uniform(_SHORTEST_S / 2, longest))  # noqa: S311 no secret
                await self._clock.sleep_until(now + pause)
                continue
            if failures:
                log.warning("stored again", failures=failures)
            self.unavailable_since = None
            return result

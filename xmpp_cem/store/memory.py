"""What an agent keeps without a file, for conversations in one process."""

from datetime import datetime

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Received, Retention, Row
from xmpp_cem.store.outbox import Outbox


class MemoryStore:
    """A store with the rules of DatabaseStore; its content survives close and open, no more."""

    def __init__(self) -> None:
        self._is_open = False
        self._records: dict[tuple[str, str], Row] = {}
        self._outbox = Outbox()
        self._received: dict[tuple[str, str], Received] = {}
        self._journal: list[Journalled] = []

    def copied(self) -> "MemoryStore":
        """Return a closed store with the same content, as a backup is."""
        copy = MemoryStore()
        copy._records |= self._records
        for entry in self._outbox.entries:
            copy._outbox.add(entry)
        copy._received |= self._received
        copy._journal += self._journal
        return copy

    async def open(self) -> None:
        """Begin; raises StoreError when it is open already."""
        if self._is_open:
            raise StoreError("the store is open already")
        self._is_open = True

    async def load(self) -> Kept:
        """Return all records by kind and key, and the outbox in the order of sending."""
        self._require_open()
        records = (self._records[name] for name in sorted(self._records))
        return Kept(tuple(records), self._outbox.entries)

    async def commit(self, batch: Batch) -> None:
        """Take the batch over: drops before puts, `sent` before `send`."""
        self._require_open()
        for name in batch.drop:
            self._records.pop(name, None)
        self._records.update({(row.kind, row.key): row for row in batch.put})
        for entry_id in batch.sent:
            self._outbox.remove(entry_id)
        for entry in batch.send:
            self._outbox.add(entry)
        for one in batch.received:
            self._received.setdefault((one.sender, one.message_id), one)
        self._journal += batch.journal

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer that a repeat of this request gets; None if it is new."""
        self._require_open()
        found = self._received.get((sender, message_id))
        return None if found is None else found.reply

    async def journal(self, last: int) -> tuple[Journalled, ...]:
        """Return at most the `last` newest inputs, oldest of them first."""
        self._require_open()
        return tuple(self._journal[self._older_than(last) :])

    async def prune(self, now: datetime, retention: Retention) -> None:
        """Delete the answers and inputs that are not to be kept at `now`."""
        self._require_open()
        by_age = sorted(self._received.values(), key=lambda one: one.at, reverse=True)
        surplus = by_age[retention.replies :]
        before = now - retention.replies_for
        kept = [
            one for one in by_age if one.at >= before and not (surplus and one.at <= surplus[0].at)
        ]
        self._received = {(one.sender, one.message_id): one for one in kept}
        del self._journal[: self._older_than(retention.journal_rows)]
        size = sum(len(one.value) for one in self._journal)
        while size > retention.journal_bytes:
            size -= len(self._journal.pop(0).value)

    async def close(self) -> None:
        """End; closing twice is allowed."""
        self._is_open = False

    def _older_than(self, newest: int) -> int:
        return max(0, len(self._journal) - max(0, newest))

    def _require_open(self) -> None:
        if not self._is_open:
            raise StoreError("the store is not open")

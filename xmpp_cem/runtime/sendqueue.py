"""What one destination is still to be sent, in order: all else before readings."""

from collections import Counter
from collections.abc import Iterator
from itertools import count

from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.queueing import Rank
from xmpp_cem.runtime.shedding import may_yield, sending_rank


class SendQueue:
    """Entries by the order in which they came; each step costs the same however many wait.

    An entry for an item replaces an older one for it, unless that is just being tried.
    """

    def __init__(self) -> None:
        self._places = count()
        self._first: dict[int, Outgoing] = {}
        self._last: dict[int, Outgoing] = {}
        self._of_item: dict[str, list[int]] = {}
        self._ids: Counter[str] = Counter()
        self._trying: int | None = None
        self.able = 0
        """How many of them may be shed."""

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._first) + len(self._last)

    def add(self, entry: Outgoing) -> Outgoing | None:
        """Queue an entry; return the older one that it replaces."""
        place, old = next(self._places), None
        if entry.kind != "transact":
            known = self._of_item.get(entry.item_id, ())
            before = [each for each in known if each != self._trying]
            if before:
                old = self._remove(before[-1])
            self._of_item.setdefault(entry.item_id, []).append(place)
        self._part(entry)[place] = entry
        self._ids[entry.id] += 1
        self.able += may_yield(entry)
        return old

    def take(self) -> Outgoing:
        """Return what is to be tried now; it stays until it is `done`."""
        part = self._first or self._last
        self._trying = next(iter(part))
        return part[self._trying]

    def give_back(self) -> None:
        """Let what was tried wait as the others do."""
        self._trying = None

    def done(self) -> None:
        """Remove what was tried."""
        if self._trying is not None:
            self._remove(self._trying)
            self._trying = None

    def waiting(self) -> Iterator[tuple[int, Outgoing]]:
        """Yield what is not being tried, each with its place."""
        for part in (self._first, self._last):
            yield from ((place, each) for place, each in part.items() if place != self._trying)

    def remove(self, place: int) -> None:
        """Remove what waits at a place."""
        self._remove(place)

    def holds(self, entry_id: str) -> bool:
        """Whether an entry of an id waits: a version may be published again."""
        return entry_id in self._ids

    def _part(self, entry: Outgoing) -> dict[int, Outgoing]:
        return self._last if sending_rank(entry) is Rank.TELEMETRY else self._first

    def _remove(self, place: int) -> Outgoing:
        part = self._first if place in self._first else self._last
        entry = part.pop(place)
        if entry.kind != "transact":
            self._of_item[entry.item_id].remove(place)
            if not self._of_item[entry.item_id]:
                del self._of_item[entry.item_id]
        self._ids[entry.id] -= 1
        if not self._ids[entry.id]:
            del self._ids[entry.id]
        self.able -= may_yield(entry)
        return entry

"""What is kept long after it has ended, so that a look at what still matters costs no more."""

import bisect
from collections import UserDict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class Lasting(UserDict[str, T], Generic[T]):
    """Records by key in the order in which they came, and by the instant at which they are over.

    Args:
        is_live: whether a record may still act.
        over: when it is over, whether it may still act or not.
    """

    def __init__(self, is_live: Callable[[T], bool], over: Callable[[T], datetime]) -> None:
        super().__init__()
        self._is_live = is_live
        self._over = over
        self._live: dict[str, None] = {}
        self._ends: dict[str, datetime] = {}
        self._order: list[tuple[datetime, str]] = []

    def __setitem__(self, key: str, record: T) -> None:
        """Add a record, or replace it at its place."""
        self.data[key] = record
        if self._is_live(record):
            self._live.setdefault(key)
        else:
            self._live.pop(key, None)
        end = self._over(record)
        if self._ends.get(key) != end:
            self._unplace(key)
            self._ends[key] = end
            bisect.insort(self._order, (end, key))

    def __delitem__(self, key: str) -> None:
        """Drop a record."""
        del self.data[key]
        self._live.pop(key, None)
        self._unplace(key)

    def __reversed__(self) -> Iterator[str]:
        """Iterate over the keys, those that came last first."""
        return reversed(self.data)

    def live(self) -> list[T]:
        """Return the records that may still act, in the order in which they came to be so."""
        return [self.data[key] for key in self._live]

    def is_live(self, key: str) -> bool:
        """Whether there is a record that may still act."""
        return key in self._live

    @property
    def ended(self) -> int:
        """How many may act no more."""
        return len(self.data) - len(self._live)

    def oldest(self) -> Iterator[T]:
        """Iterate over all, those that are over first before the others; they must not change."""
        return (self.data[key] for _, key in self._order)

    def newest(self) -> Iterator[T]:
        """Iterate over all, those that are over last before the others; they must not change."""
        return (self.data[key] for _, key in reversed(self._order))

    def after(self, instant: datetime) -> list[T]:
        """Return what is over after an instant, in this order."""
        first = bisect.bisect_right(self._order, instant, key=lambda each: each[0])
        return [self.data[key] for _, key in self._order[first:]]

    def _unplace(self, key: str) -> None:
        end = self._ends.pop(key, None)
        if end is not None:
            del self._order[bisect.bisect_left(self._order, (end, key))]

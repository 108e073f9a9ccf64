"""The smallest of values that come and go, without looking at all of them."""

import heapq
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

_SPARE = 16

V = TypeVar("V", datetime, Decimal)


class Smallest(Generic[V]):
    """Values, each as often as it was added and not removed, of which the smallest are asked for.

    Adding, removing and asking for one cost the logarithm of the number of values: what is removed
    stays in the heap until it comes up there, or until most of the heap is such.
    """

    def __init__(self) -> None:
        self._counts: Counter[V] = Counter()
        self._heap: list[V] = []

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, value: V, sign: int = 1) -> bool:
        """Count a value once more, or once less where `sign` is -1; whether there is one still."""
        if value not in self._counts:
            heapq.heappush(self._heap, value)
        self._counts[value] += sign
        if self._counts[value]:
            return True
        del self._counts[value]
        if len(self._heap) > 2 * len(self._counts) + _SPARE:
            self._heap = list(self._counts)
            heapq.heapify(self._heap)
        return False

    def first(self, most: int = 1) -> list[V]:
        """Return so many of the smallest values at most, in order, each once."""
        found: list[V] = []
        while self._heap and len(found) < most:
            value = heapq.heappop(self._heap)
            if value in self._counts and value not in found[-1:]:
                found.append(value)
        for value in found:
            heapq.heappush(self._heap, value)
        return found

"""What a division is told: the demand, and what is known of each member, kept as columns."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from xmpp_cem.allocations.columns import Flags, Numbers, Watts

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 10**12
_NEVER = -(2**62)
_ENDLESS = 2**62
_ENDLESS_WH = 10**15 + 1


class Candidate(NamedTuple):
    """A member that could take a share, all in the direction that is asked for.

    Args:
        key: its id; equal members are told apart by its order.
        capability_w: what it has confirmed, W, 0 to 10^12; shares are in proportion to it.
        limit_w: the most that it has promised since, W; None: its capability.
        block_w: its share is 0 or at least this, W; the limit for a load that is on or off.
        price: price per energy, in any unit that all have in common; may be negative.
        priority: 0 is called first, as with events.
        called_s: for how long it was called this season, s, at least 0.
        present_w: its share as it is now, W, at least 0.
        ramp_w_per_s: how fast its share can rise, W/s, at least 0; infinite: at once.
        energy_wh: what it has left for this event, Wh, 0 to 10^15; None: no bound.
        rest_until: it takes no share that starts before this instant, UTC; None: no rest.
    """

    key: str
    capability_w: int
    limit_w: int | None = None
    block_w: int = 0
    price: float = 0.0
    priority: int = 100
    called_s: int = 0
    present_w: int = 0
    ramp_w_per_s: float = math.inf
    energy_wh: int | None = None
    rest_until: datetime | None = None


@dataclass(frozen=True)
class Demand:
    """What is to be divided.

    Args:
        target_w: the change of power that all together shall make, W, 0 to 10^12, not signed.
        start: from when, UTC.
        duration: for how long, above 0.
        ramp_time: how long members have to reach their shares, at least 0.

    Raises:
        ValueError: one of these is out of its range.
    """

    target_w: int
    start: datetime
    duration: timedelta
    ramp_time: timedelta = timedelta()

    def __post_init__(self) -> None:
        if not 0 <= self.target_w <= _LARGEST:
            raise ValueError(f"a target of {self.target_w} W is not between 0 and 10^12 W")
        if self.duration <= timedelta() or self.ramp_time < timedelta():
            raise ValueError("a demand lasts, and leaves no negative time to ramp")


class Room(NamedTuple):
    """What each member may take under one demand, as columns in the order of keys.

    A share is 0, or at least `block_w` and at most `ceiling_w`; a member whose bounds leave it
    nothing has a ceiling of 0.
    """

    capability_w: Watts
    ceiling_w: Watts
    block_w: Watts
    price: Numbers
    priority: Watts
    called_s: Watts
    present_w: Watts


class Candidates:
    """The members of a division, sorted by key, so that their order in the input is nothing.

    Building it costs more than dividing: keep it while members stay as they are. `capability_w` and
    `limit_w` are columns in the order of `keys`.

    Args:
        members: any number, each key once.

    Raises:
        ValueError: a key comes twice, or a number is out of its range.
    """

    def __init__(self, members: Iterable[Candidate]) -> None:
        rows = sorted(members, key=attrgetter("key"))
        self.keys: tuple[str, ...] = tuple(map(attrgetter("key"), rows))
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("a member is there twice; give every member one row")
        self.capability_w = _whole(rows, attrgetter("capability_w"))
        limits = _whole(rows, lambda row: _ENDLESS if row.limit_w is None else row.limit_w)
        self.limit_w = _fixed(np.minimum(limits, self.capability_w))
        self._block_w = _whole(rows, attrgetter("block_w"))
        self._price = _numbers(rows, attrgetter("price"))
        self._priority = _whole(rows, attrgetter("priority"))
        self._called_s = _whole(rows, attrgetter("called_s"))
        self._present_w = _whole(rows, attrgetter("present_w"))
        self._ramp = _numbers(rows, attrgetter("ramp_w_per_s"))
        # What is enough for any share is as good as no bound.
        self._energy_wh = _whole(
            rows, lambda row: _ENDLESS_WH if row.energy_wh is None else row.energy_wh
        )
        self._rest_until = _whole(
            rows, lambda row: _NEVER if row.rest_until is None else _microseconds(row.rest_until)
        )
        self._check()

    def __len__(self) -> int:
        return len(self.keys)

    def room(self, demand: Demand) -> Room:
        """Return what each may take: limit, ramp, energy and rest together.

        A fall needs no ramp: who is asked for less goes there as fast as it can.
        """
        rise = np.minimum(self._ramp, _LARGEST) * demand.ramp_time.total_seconds()
        ramped = self._present_w + np.minimum(rise, _LARGEST).astype(np.int64)
        slow = np.isfinite(self._ramp)
        ceiling = np.where(slow, np.minimum(self.limit_w, ramped), self.limit_w)
        seconds = math.ceil(demand.duration.total_seconds())
        lasting = self._energy_wh // seconds * 3600 + self._energy_wh % seconds * 3600 // seconds
        ceiling = np.where(self._energy_wh < _ENDLESS_WH, np.minimum(ceiling, lasting), ceiling)
        rests: Flags = self._rest_until > _microseconds(demand.start)
        ceiling[rests | (ceiling < self._block_w)] = 0
        return Room(
            capability_w=self.capability_w,
            ceiling_w=_fixed(ceiling),
            block_w=self._block_w,
            price=self._price,
            priority=self._priority,
            called_s=self._called_s,
            present_w=self._present_w,
        )

    def _check(self) -> None:
        powers = (self.capability_w, self.limit_w, self._block_w, self._present_w)
        if any(((column < 0) | (column > _LARGEST)).any() for column in powers):
            raise ValueError("a member's power is not between 0 and 10^12 W")
        if (self._energy_wh < 0).any() or (self._energy_wh > _ENDLESS_WH).any():
            raise ValueError("a member's energy is not between 0 and 10^15 Wh")
        if (self._called_s < 0).any() or not (self._ramp >= 0).all():
            raise ValueError("a member's called time or ramp is negative or no number")
        if not np.isfinite(self._price).all():
            raise ValueError("a member's price is no finite number")


def _whole(rows: Sequence[Candidate], read: Callable[[Candidate], int]) -> Watts:
    try:
        return _fixed(np.fromiter(map(read, rows), dtype=np.int64, count=len(rows)))
    except OverflowError as error:
        raise ValueError("a member's number is out of all range") from error


def _numbers(rows: Sequence[Candidate], read: Callable[[Candidate], float]) -> Numbers:
    column: Numbers = np.fromiter(map(read, rows), dtype=np.float64, count=len(rows))
    column.setflags(write=False)
    return column


def _fixed(column: Watts) -> Watts:
    column.setflags(write=False)
    return column


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND

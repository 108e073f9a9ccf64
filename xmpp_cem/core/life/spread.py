"""Randomised start and stop: drawn once for each event and party, kept, and never drawn again."""

import hashlib
from datetime import datetime, timedelta

from pydantic import Field

from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value

LONGEST_S = 1800
"""No start or stop is put off by more, seconds."""


class Spread(Value):
    """By how much a party may put off start and release of its events, seconds; 0 for not at all.

    Args:
        start_s: the most that a start is put off.
        stop_s: the most that the release after the end is put off.
    """

    start_s: int = Field(default=600, ge=0, le=LONGEST_S)
    stop_s: int = Field(default=600, ge=0, le=LONGEST_S)


class Offsets(Value):
    """What was drawn for one event: to be kept with its commitment, whatever happens to it.

    Args:
        start_s: by how much the start is put off, seconds.
        stop_s: by how much the release is put off, seconds.
    """

    start_s: int = Field(default=0, ge=0, le=LONGEST_S)
    stop_s: int = Field(default=0, ge=0, le=LONGEST_S)


NO_OFFSETS = Offsets()


class Acting(Value):
    """When an event acts here, and when the power it moved is released."""

    window: Interval
    release: Instant


def offsets(
    seed: bytes,
    event: str,
    party: str,
    spread: Spread,
    kept: Offsets | None = None,
    *,
    is_emergency: bool = False,
) -> Offsets:
    """Return the offsets of an event at a party: those kept, or drawn uniformly in whole seconds.

    Equal arguments give equal offsets, on every attempt and after every restart; a seed tells
    parties apart that carry the same name. An emergency is never put off.

    Args:
        seed: random bytes that the party drew once and keeps.
        event: its id, the same in all its versions.
        party: who acts; a gateway leaves the draw to its members, so that none is put off twice.
        spread: the most that is allowed.
        kept: what was drawn for an earlier version or before a restart.
        is_emergency: whether this is response to an emergency.
    """
    if is_emergency:
        return NO_OFFSETS
    if kept is not None:
        return Offsets(
            start_s=min(kept.start_s, spread.start_s), stop_s=min(kept.stop_s, spread.stop_s)
        )
    return Offsets(
        start_s=whole_seconds(seed, spread.start_s, event, party, "start"),
        stop_s=whole_seconds(seed, spread.stop_s, event, party, "stop"),
    )


def acting(window: Interval, drawn: Offsets, taken: datetime) -> Acting:
    """Return when an event acts: put off at its start, never beyond its end, released after it.

    Of an event that is taken late the remainder runs, put off only if more than the offset
    remains. One that is shorter than its offset starts when half of it has passed at the latest.

    Args:
        window: of the event as its VTN made it.
        drawn: its offsets.
        taken: when its first version was taken here.

    Raises:
        ValueError: the event was over when it was taken.
    """
    start = max(window.start, taken)
    if start >= window.end:
        raise ValueError("an event that is over cannot act")
    put_off = timedelta(seconds=drawn.start_s)
    if start > window.start:
        put_off = put_off if window.end - start > put_off else timedelta(0)
    begins = start + min(put_off, (window.end - start) / 2)
    release = window.end + timedelta(seconds=drawn.stop_s)
    return Acting(window=Interval(start=begins, end=window.end), release=release)


def whole_seconds(seed: bytes, most: int, *parts: str) -> int:
    """Return a whole number from 0 to `most`, uniformly, the same for equal arguments.

    256 bits leave no bias that could be seen. The delay after a power cut is drawn with it, from
    the party and the number of its start.
    """
    told = "\x1f".join((seed.hex(), *parts))
    return int.from_bytes(hashlib.sha256(told.encode()).digest(), "big") % (most + 1)

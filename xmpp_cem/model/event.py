"""A demand-response event: who is asked to change power, by how much, when."""

import itertools
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from xmpp_cem.model.ids import EventId, ProgrammeId, ResourceId, ResourceKind
from xmpp_cem.model.signal import Signal
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value


class EventStatus(StrEnum):
    """Where an event is in its life."""

    FAR = "far"
    NEAR = "near"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Mode(StrEnum):
    """Whether an event moves power: answers only, a test that acts, or the real thing."""

    COMMS = "comms"
    ACTIVATION = "activation"
    REAL = "real"


class Targets(Value):
    """Which resources of a receiver are meant; all of them when nothing is named.

    Args:
        resources: mRIDs, in transactions only: what many read names nobody.
        kinds: sorts of resources, such as `ev`.
    """

    resources: tuple[ResourceId, ...] = Field(default=(), max_length=100)
    kinds: tuple[ResourceKind, ...] = Field(default=(), max_length=20)

    def mean(self, resource: ResourceId, kind: str) -> bool:
        """Whether a resource is meant."""
        if not self.resources and not self.kinds:
            return True
        return resource in self.resources or kind in self.kinds


EVERYTHING = Targets()
"""All resources of a receiver."""


class Change(Value):
    """What is asked from an instant within the event on, in place of what was asked before."""

    start: Instant
    signal: Signal


def stretches(
    active: Interval, signal: Signal, changes: Iterable[Change] = ()
) -> list[tuple[datetime, datetime, Signal]]:
    """Return what is asked, one signal after the other: start, end, signal."""
    later = list(changes)
    starts = [active.start, *(change.start for change in later)]
    signals = [signal, *(change.signal for change in later)]
    return list(zip(starts, [*starts[1:], active.end], signals, strict=True))


class Order(Value):
    """The place of an item among its like: a later epoch wins, then a later modification."""

    epoch: int = Field(ge=0, le=2**53)
    modification: int = Field(ge=0, le=2**31)

    def __lt__(self, other: "Order") -> bool:
        return (self.epoch, self.modification) < (other.epoch, other.modification)


class Event(Value):
    """One demand-response event at one modification.

    Args:
        id: the event, and its pubsub item.
        order: (epoch, modification) of this version.
        status: as the VTN sees it when it sends.
        mode: whether power moves.
        priority: 0 is the highest, 255 the lowest.
        active: when power is asked to change.
        signal: what is asked from the start on.
        changes: what is asked later on, in order; each of the same kind as `signal`.
        targets: which resources are meant.
        programme: under whose rules, None for those of the domain alone.
        randomise_s: the start is put off by a random time up to this, seconds; None for what the
            VTN usually allows, in what an operator asks alone. Emergencies are never put off.
        ramp_s: how long power may take to get there, seconds.
        recovery_s: over how long the end is spread against rebound, seconds.
        created: when the VTN made the event.
        answer_by: when an answer is due at the latest.
        wants_answer: whether an answer is to be sent at all.
        reason: for people.
    """

    id: EventId
    order: Order
    status: EventStatus = EventStatus.FAR
    mode: Mode = Mode.REAL
    priority: int = Field(default=100, ge=0, le=255)
    active: Interval
    signal: Signal
    changes: tuple[Change, ...] = Field(default=(), max_length=96)
    targets: Targets = EVERYTHING
    programme: ProgrammeId | None = None
    randomise_s: int | None = Field(default=None, ge=0, le=1800)
    ramp_s: int = Field(default=0, ge=0, le=86400)
    recovery_s: int = Field(default=0, ge=0, le=86400)
    created: Instant
    answer_by: Instant
    wants_answer: bool = True
    reason: Sentence = ""

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.answer_by > self.active.end:
            raise ValueError("answer_by must not be later than the event's end")
        return self

    @model_validator(mode="after")
    def _changes_in_order(self) -> Self:
        starts = [self.active.start, *(change.start for change in self.changes), self.active.end]
        if any(later <= earlier for earlier, later in itertools.pairwise(starts)):
            raise ValueError("changes must be in order and lie within the event")
        if any(change.signal.kind != self.signal.kind for change in self.changes):
            raise ValueError("an event has signals of one kind")
        return self

    @property
    def stretches(self) -> list[tuple[datetime, datetime, Signal]]:
        """What is asked, one signal after the other: start, end, signal."""
        return stretches(self.active, self.signal, self.changes)

    @property
    def is_cancelled(self) -> bool:
        """Whether this version ends the event."""
        return self.status is EventStatus.CANCELLED

"""A demand-response event: who is asked to change power, by how much, when."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from xmpp_cem.model.ids import EventId
from xmpp_cem.model.quantity import Multiplier, Power
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


class Delta(Value):
    """Change of power against the baseline, in W: negative is a decrease of consumption."""

    kind: Literal["delta"] = "delta"
    power_w: Power


class Share(Value):
    """The same share of each receiver's confirmed capability, so that one publish serves all.

    Args:
        direction: whether power is to fall or to rise.
        multiplier: 0 to 1 of `decrease_w` or `increase_w` of the capability revision that the VTN
            last confirmed before `basis`.
        basis: the instant that selects the revision; it does not change with modifications.
    """

    kind: Literal["multiplier"] = "multiplier"
    direction: Literal["decrease", "increase"]
    multiplier: Multiplier
    basis: Instant


Signal = Annotated[Delta | Share, Field(discriminator="kind")]


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
        signal: what is asked.
        created: when the VTN made the event.
        answer_by: when an answer is due at the latest.
        reason: for people.
    """

    id: EventId
    order: Order
    status: EventStatus = EventStatus.FAR
    mode: Mode = Mode.REAL
    priority: int = Field(default=100, ge=0, le=255)
    active: Interval
    signal: Signal
    created: Instant
    answer_by: Instant
    reason: Sentence = ""

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.answer_by > self.active.end:
            raise ValueError("answer_by must not be later than the event's end")
        return self

    @property
    def is_cancelled(self) -> bool:
        """Whether this version ends the event."""
        return self.status is EventStatus.CANCELLED

"""A party's answer to an event."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from xmpp_cem.model.event import Order
from xmpp_cem.model.ids import EventId, MessageId
from xmpp_cem.model.quantity import Power
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class Opt(StrEnum):
    """Yes or no to an event."""

    IN = "opted-in"
    OUT = "opted-out"


class Answer(Value):
    """What a party says to one version of an event.

    Args:
        id: own mRID of the answer; a change of mind keeps it.
        event: the event answered.
        order: the version answered.
        opt: yes or no.
        power_w: the change of power promised, in W, signed as the event's delta; 0 with a no.
        revision: the capability revision that the promise was reckoned from.
        sequence: counts the answer's changes, so that a later one wins whatever arrives first.
        at: when the answer was made.
        reason: for people.
        until: when the promise ends, before the event does; None: it lasts as long as the event.
        code: why the event cannot be taken, of IEC 61968-9; only with a no.
        is_whole: promises all that is asked, as others say yes who name no watts; None: `power_w`
            says what.
    """

    id: MessageId
    event: EventId
    order: Order
    opt: Opt
    power_w: Power
    revision: int = Field(ge=0, le=2**53)
    sequence: int = Field(ge=1, le=2**53)
    at: Instant
    reason: Sentence = ""
    until: Instant | None = None
    code: str | None = Field(default=None, pattern=r"^[0-9]\.[0-9]{1,2}$")
    is_whole: Literal[True] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.is_whole and (self.opt is Opt.OUT or self.power_w):
            raise ValueError("a whole yes is a yes, and names no watts")
        if self.code and self.opt is Opt.IN:
            raise ValueError("what cannot be taken is answered with a no")
        return self

"""What a payload profile is: how messages say their content within the envelope (annex B)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from xmpp_cem.errors import LocalProtocolError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.envelope import (
    EventMessage,
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
)
from xmpp_cem.messages.events import StatusType
from xmpp_cem.wire.xml import Draft, Element

Told = RequestMessage | ResponseMessage | EventMessage
"""A message with a header; a fault is the same in every profile."""


class NounFormat(NamedTuple):
    """How a noun is written and read.

    Args:
        name: the noun on the wire.
        append: fills a Payload element.
        read: returns what a Payload element holds, None for what is no content.
        is_whole: whether messages without a body have a Payload too.
    """

    name: Callable[[Told], str]
    append: Callable[[Draft, Told], None]
    read: Callable[[Element, Header], Body | None]
    is_whole: bool


class Rule(StrEnum):
    """What happens to what a profile cannot say."""

    REFUSED = "refused"
    REPORTED = "reported"


class Loss(NamedTuple):
    """Something of the internal model that a profile cannot say.

    Args:
        field: as the model calls it.
        rule: whether the message is refused, or sent without it and the loss reported.
        remedy: what to do, or what the receiver reads instead.
        occurs: whether a message has it.
    """

    field: str
    rule: Rule
    remedy: str
    occurs: Callable[[Told], bool]


class Gap(NamedTuple):
    """Something that a profile's standard knows and that is not read here.

    Args:
        what: as the standard calls it.
        code: with which it is refused; empty where all else is read without it.
        instead: what to do, or what holds.
        vector: which shows it.
    """

    what: str
    code: str
    instead: str
    vector: str


@dataclass(frozen=True)
class Profile:
    """A payload profile; the envelope and its codes are those of IEC 61968-100 in all of them.

    Args:
        name: as configurations and a domain's card call it.
        schema: the file whose schema the payloads are valid against.
        formats: every noun that the profile can say.
        recognise: from the noun on the wire and the Payload to the noun; the text itself where
            the noun is none.
        complete: from the Payload and the fields of a Reply to the fields, amended.
        asked: from the Payload, the header and the fields of a Request to the fields, amended.
        losses: what it cannot say.
        gaps: what others can say in it, and is not read here.
        tells_the_set: whether VENs are told all live events at once, by transaction, with each
            change, as parties expect that know no nodes.
        says_rules: whether programmes, enrolments and opt schedules can be told when registering;
            where not, opt schedules are told one by one.
        statuses: what a party can tell of how events go, beside its answers and readings.
    """

    name: str
    schema: str
    formats: Mapping[Noun, NounFormat]
    recognise: Callable[[Element | None, Mapping[str, object]], str]
    complete: Callable[[Element | None, dict[str, object]], dict[str, object]]
    asked: Callable[[Element | None, Header, dict[str, object]], dict[str, object]]
    losses: tuple[Loss, ...] = ()
    gaps: tuple[Gap, ...] = ()
    tells_the_set: bool = False
    says_rules: bool = True
    statuses: frozenset[StatusType] = frozenset(StatusType)

    def refuse(self, message: Told) -> None:
        """Refuse a message that would not say what it means.

        Raises:
            LocalProtocolError: naming the field and the remedy.
        """
        for loss in self.losses:
            if loss.rule is Rule.REFUSED and loss.occurs(message):
                raise LocalProtocolError(f"{self.name} cannot say {loss.field}: {loss.remedy}")

    def notes(self, message: Told) -> tuple[str, ...]:
        """Return what of a message its receiver will not learn, one sentence for each field."""
        return tuple(
            f"{self.name} cannot say {loss.field}: {loss.remedy}"
            for loss in self.losses
            if loss.rule is Rule.REPORTED and loss.occurs(message)
        )

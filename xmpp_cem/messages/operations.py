"""Figure 5's operations: dispatch records, members and nodes, for operators and testers."""

from typing import Literal

from pydantic import Field

from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import DomainId, EventId, PartyId
from xmpp_cem.model.quantity import Flexibility, Power
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value


class MemberShare(Value):
    """One member's part in an event.

    Args:
        party: the member.
        availability: as last seen.
        asked_w: the change of power asked of it, signed, W.
        opt: its answer, None while it is silent.
        promised_w: the change it promised, signed, W.
        delivered_w: the change measured, signed, W, None while unmeasured.
        reason: of its answer.
    """

    party: PartyId
    availability: Availability
    asked_w: Power
    opt: Opt | None = None
    promised_w: Power = 0
    delivered_w: Power | None = None
    reason: Sentence = ""


class DispatchRecord(Value):
    """How an event stands: published by the VTN on `operations` after each change.

    Args:
        domain: whose.
        event: the event, `upper` the one above from which it cascaded.
        order: its version.
        status: where it is in its life.
        active: when it acts.
        target_w: the change of power asked for, signed, W.
        promised_w: sum of the answers.
        delivered_w: the change measured, None while unmeasured.
        delivered_wh: energy of the change so far, signed.
        redivisions: how often the target was divided anew.
        why: the reason of the last change.
        members: how many parts there are in all, where not all are here.
        shares: the members' parts, by party.
    """

    noun: Literal["DispatchRecord"] = "DispatchRecord"
    domain: DomainId
    event: EventId
    upper: EventId | None = None
    order: Order
    status: EventStatus
    active: Interval
    target_w: Power
    promised_w: Power
    delivered_w: Power | None = None
    delivered_wh: Power = 0
    redivisions: int = Field(default=0, ge=0, le=2**31)
    why: Sentence = ""
    members: int | None = Field(default=None, ge=0, le=2**31)
    shares: tuple[MemberShare, ...] = Field(default=(), max_length=10_000)


class MemberEntry(Value):
    """One member of a domain as its VTN knows it.

    Args:
        party, account: who.
        availability: as last seen.
        increase_w, decrease_w, power_w: from its capability.
        revision: of its capability, 0 when it never registered.
        last_heard: the last message or presence, None when never.
    """

    party: PartyId
    account: str = Field(max_length=2047)
    availability: Availability
    power_w: Power = 0
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    revision: int = Field(default=0, ge=0, le=2**53)
    last_heard: Instant | None = None


class DomainMembers(Value):
    """All members of a domain."""

    noun: Literal["DomainMembers"] = "DomainMembers"
    domain: DomainId
    members: tuple[MemberEntry, ...] = Field(max_length=1000)


class NodeEntry(Value):
    """One node of a domain and every way in which it differs from what it must be."""

    name: str = Field(max_length=255)
    was_created: bool = False
    was_repaired: bool = False
    drift: tuple[str, ...] = Field(default=(), max_length=1000)


class DomainNodes(Value):
    """The nodes of a domain as the VTN found them."""

    noun: Literal["DomainNodes"] = "DomainNodes"
    domain: DomainId
    nodes: tuple[NodeEntry, ...] = Field(max_length=1000)

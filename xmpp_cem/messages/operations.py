"""Figure 5's operations: dispatch records, members and nodes, for operators and testers."""

from typing import Literal

from pydantic import Field

from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import DomainId, EventId, PartyId, ResourceId
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.quantity import Flexibility, PerMille, Power
from xmpp_cem.model.resource import Resource
from xmpp_cem.model.signal import Signal
from xmpp_cem.model.stage import Stage
from xmpp_cem.model.stated import Stated
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value

MOST_TEXT = 30_000
"""So many characters of a file fit into a message."""


MOST_RESOURCES = 100
"""So many resources of one member fit into a message, with their forecasts."""


class MemberShare(Value):
    """One member's part in an event.

    Args:
        party: the member.
        availability: as last seen.
        asked_w: the change of power asked of it, signed, W.
        opt: its answer, None while it is silent.
        promised_w: the change it promised, signed, W.
        baseline_w: its power without the event, at its start, W, None while it is not stated.
        delivered_w: the change measured, signed, W, None while unmeasured.
        reason: of its answer.
        asked: what it alone is asked at present, None where `asked_w` says it.
        counted_w: what counts for it under a limit that it does not take, W.
        alarm: why it could not keep a mandatory limit.
        stage: what it told last of the event's life, None when nothing.
        stage_at: when that was so.
        until: when its promise ends, before the event does.
        silent_since: since when it has been asked what it has not answered, None once it has.
        stated: what a group told of its own members' baselines.
    """

    party: PartyId
    availability: Availability
    asked_w: Power
    opt: Opt | None = None
    promised_w: Power = 0
    baseline_w: Power | None = None
    delivered_w: Power | None = None
    reason: Sentence = ""
    asked: Signal | None = None
    counted_w: Flexibility | None = None
    alarm: Sentence = ""
    stage: Stage | None = None
    stage_at: Instant | None = None
    until: Instant | None = None
    silent_since: Instant | None = None
    stated: Stated | None = None


class DispatchRecord(Value):
    """How an event stands: published by the VTN on `operations` after each change.

    Args:
        domain: whose.
        event: the event, `upper` the one above from which it cascaded.
        order: its version.
        status: where it is in its life.
        active: when it acts.
        target_w: the change of power asked for, signed, W.
        asked: what was called for at present, None where `target_w` says it.
        excess_w: by how much a limit may be exceeded although all its members keep theirs, or a
            set point is missed, W.
        promised_w: sum of the answers.
        delivered_w: the change measured, None while unmeasured.
        delivered_wh: energy of the change so far, signed.
        redivisions: how often the target was divided anew.
        why: the reason of the last change.
        members: how many parts there are in all, where not all are here.
        baseline: what the members' power would be without it, as far as that is stated.
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
    asked: Signal | None = None
    excess_w: Flexibility | None = None
    why: Sentence = ""
    members: int | None = Field(default=None, ge=0, le=2**31)
    baseline: Stated | None = None
    shares: tuple[MemberShare, ...] = Field(default=(), max_length=10_000)


class RefusalEntry(Value):
    """Something that was refused to a member, or by it: code of IEC 61968-9, and why."""

    at: Instant
    code: str = Field(pattern=r"^[0-9]\.[0-9]{1,2}$")
    reason: Sentence = ""


class MemberEntry(Value):
    """One member of a domain as its VTN knows it, or as an operator wants it to be.

    Args:
        party, account: who.
        availability: as last seen.
        power_w: in its newest reading.
        increase_w, decrease_w: from its capability.
        committed_w: by how much events have changed its power, from its capability, signed, W.
        revision: of its capability, 0 when it never registered.
        last_heard: the last message or presence, None when never.
        standing: what it is to its VTN, None for a member.
        since: since when, None where the file says so.
        expected, reporting, oldest, estimated_share_permille: of its power, as `Reading` has them;
            None where it stands for itself alone and was measured.
        resources: what each of them can do, where somebody has asked; the first 100.
        findings: why it is not available, where somebody has asked; a sentence each.
        refusals: the last ones, where somebody has asked.
    """

    party: PartyId
    account: str = Field(max_length=2047)
    availability: Availability = Availability.UNREACHABLE
    power_w: Power = 0
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    committed_w: Power = 0
    revision: int = Field(default=0, ge=0, le=2**53)
    last_heard: Instant | None = None
    standing: Standing | None = None
    since: Instant | None = None
    expected: int | None = Field(default=None, ge=0, le=2**31)
    reporting: int | None = Field(default=None, ge=0, le=2**31)
    oldest: Instant | None = None
    estimated_share_permille: PerMille | None = None
    resources: tuple[Resource, ...] = Field(default=(), max_length=MOST_RESOURCES)
    findings: tuple[Sentence, ...] = Field(default=(), max_length=20)
    refusals: tuple[RefusalEntry, ...] = Field(default=(), max_length=20)


class WaitingEntry(Value):
    """An account that wants in and is not admitted.

    Args:
        account: bare address.
        first, last: when it was heard first and last.
        times: how often, at most once a minute counted.
        note: for people, such as that it looks like a member's account.
    """

    account: str = Field(max_length=2047)
    first: Instant
    last: Instant
    times: int = Field(ge=1, le=2**31)
    note: Sentence = ""


class DomainMembers(Value):
    """The members of a domain, and who waits to be admitted.

    A request to create, change or delete one carries the member that is meant.
    """

    noun: Literal["DomainMembers"] = "DomainMembers"
    domain: DomainId
    members: tuple[MemberEntry, ...] = Field(max_length=1000)
    waiting: tuple[WaitingEntry, ...] = Field(default=(), max_length=100)


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


class SettlementEvidence(Value):
    """A piece of the file that tells of one event and resource.

    Args:
        event, party, resource: of what.
        digest: SHA-256 of the whole file; pieces of one file have the same.
        length: of the whole file, characters.
        offset: where `text` begins in it.
        text: the piece, ASCII.
    """

    noun: Literal["SettlementEvidence"] = "SettlementEvidence"
    event: EventId
    party: PartyId
    resource: ResourceId
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    length: int = Field(ge=1, le=2**31)
    offset: int = Field(default=0, ge=0, le=2**31)
    text: str = Field(min_length=1, max_length=MOST_TEXT, pattern=r"^[ -~]+$")

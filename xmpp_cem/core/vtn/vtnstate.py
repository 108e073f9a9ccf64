"""What the parts of a VTN share: settings, members, the record that survives."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.allocations.in_order import PRO_RATA
from xmpp_cem.core.effects import Effect, Note, Publish, Remember, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.records import Member, VtnRecord
from xmpp_cem.core.settlement.cases import SettlementTerms
from xmpp_cem.core.settlement.evidence import Signature
from xmpp_cem.core.vtn.history import HistorySettings
from xmpp_cem.core.vtn.memberrules import MemberRules
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.envelope import EventMessage, Noun, Verb
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import DomainId, EventId, Jid, PartyId, ProgrammeId
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.time import Interval

USABLE = frozenset({Availability.AVAILABLE, Availability.OFFERING, Availability.LIMITED})
"""The availabilities under which flexibility is counted on a member."""


_REFUSALS = 5
"""So many refusals of an account are remembered."""


@dataclass(frozen=True)
class Terms:
    """On what terms a member takes part.

    Args:
        price: per energy, in any unit that all members have in common.
        priority: 0 is called first.
        block_w: its share is 0 or at least this, W.
        ramp_w_per_s: how fast its share can rise, W/s; infinite: at once.
        energy_wh: the most that it can shift in one event, Wh; None: no bound.
        rest: how long before and after an event it takes no other one.
    """

    price: float = 0.0
    priority: int = 100
    block_w: int = 0
    ramp_w_per_s: float = math.inf
    energy_wh: int | None = None
    rest: timedelta = timedelta()

    @property
    def is_bound(self) -> bool:
        """Whether its share may have to differ from what its capability alone makes of it."""
        is_slow = math.isfinite(self.ramp_w_per_s)
        return bool(self.block_w or is_slow or self.energy_wh is not None or self.rest)


@dataclass(frozen=True)
class Refusal:
    """Something that was refused to an account, or by it; for whoever asks why."""

    at: datetime
    code: str
    reason: str


@dataclass(frozen=True)
class VtnSettings:
    """What a VTN is configured with.

    Args:
        party: who we are.
        domain: the domain we lead.
        address: our full address.
        service: the domain's pubsub service.
        digest: content digest of an event, as the index lists it.
        members: party to account (bare address) as the file says; commands add and remove.
        operators: accounts that may command and watch.
        uplink: how reports travel; None finds out what the service can do.
        heartbeat: how often the index is published at least.
        report_every: length of a reporting window.
        tolerance_w: a smaller shortfall is not divided anew.
        randomise_s: how much later members begin at random where an event does not say it, s.
        lease: how long a member may be silent before it counts as unreachable.
        grace: how long after connecting presences may still be on their way.
        profile: name of the payload profile, for the card.
        tells_the_set: whether members are told all live events at once, by transaction.
        ended_for: how long an event is kept after its end.
        ended_parts: ended events and members' parts in them that are kept at most.
        allocation: how a target becomes a share of each member.
        terms: on what terms members take part, by party; usual ones for those not named.
        connection_point: the member that only meters what flows for the whole group.
        unmanaged_import_w, unmanaged_export_w: the most that flows there without any member, W.
        programmes: the rules under which events may be called.
        enrolments: which resources of members are bound to them.
        history: how much of the members' readings is kept.
        settlement: by which rules events are settled.
        sign: signs evidence, the same bytes always alike; None: there is none.
    """

    party: PartyId
    domain: DomainId
    address: Jid
    service: Jid
    digest: Callable[[Event], str]
    members: dict[PartyId, str] = field(default_factory=dict)
    operators: frozenset[str] = frozenset()
    uplink: Uplink | None = None
    heartbeat: timedelta = timedelta(seconds=60)
    report_every: timedelta = timedelta(seconds=10)
    tolerance_w: int = 100
    randomise_s: int = 600
    lease: timedelta = timedelta(seconds=25)
    grace: timedelta = timedelta(seconds=5)
    profile: str = "iec61968-9"
    tells_the_set: bool = False
    ended_for: timedelta = timedelta(days=7)
    ended_parts: int = 200_000
    allocation: Allocation = PRO_RATA
    terms: Mapping[PartyId, Terms] = field(default_factory=dict)
    connection_point: PartyId | None = None
    unmanaged_import_w: int = 0
    unmanaged_export_w: int = 0
    programmes: Mapping[ProgrammeId, Programme] = field(default_factory=dict)
    enrolments: tuple[Enrolment, ...] = ()
    history: HistorySettings = field(default_factory=HistorySettings)
    settlement: SettlementTerms = field(default_factory=SettlementTerms)
    sign: Callable[[bytes], Signature] | None = None


class VtnState:
    """The record, the members and the items published for them.

    `held` are the members that an event has to do without: they are committed to one that another
    domain above asked for, and that goes first. `above` are the marks of the gateways on the way to
    this domain, for its index. `moved` are the members that have changed since somebody looked, and
    `uncounted` those since tallies of events were made.
    """

    def __init__(self, settings: VtnSettings) -> None:
        self.settings = settings
        self.letters = Letters(settings.party, settings.domain)
        self.record = VtnRecord()
        self.rules = MemberRules(settings.programmes, settings.enrolments)
        self.uplink = settings.uplink or Uplink.TRANSACTION
        self.is_ready = False
        self.members = {
            party: Member(party=party, account=account)
            for party, account in settings.members.items()
        }
        self.known_from: datetime | None = None
        self.began: datetime | None = None
        self.held: Mapping[EventId, frozenset[PartyId]] = {}
        self.above: tuple[str, ...] = ()
        self.moved = set(self.members)
        self.uncounted: set[PartyId] = set()
        self.refusals: dict[str, deque[Refusal]] = {}
        self._by_account: dict[str, PartyId] = {}
        self._enrol()

    @property
    def admitted(self) -> tuple[Member, ...]:
        """The members that may speak with us, in the order of the file."""
        return tuple(m for m in self.members.values() if m.is_admitted)

    @property
    def enlisted(self) -> tuple[Member, ...]:
        """The members that are counted on whenever they are there: who has left is none."""
        return tuple(m for m in self.members.values() if m.standing is Standing.MEMBER)

    @property
    def readers(self) -> tuple[str, ...]:
        """The members' accounts that the domain's nodes are open to."""
        return tuple(member.account for member in self.admitted)

    @property
    def accounts(self) -> frozenset[str]:
        """Accounts that may ask us and see our presence: operators, and members until removed."""
        kept = (m.account for m in self.members.values() if m.standing is not Standing.EXPELLED)
        return frozenset(kept) | self.settings.operators

    def restore(self, member: Member) -> None:
        """Take back a member from before a restart; what was commanded wins over the file.

        Without a command the file decides who is a member and by which account.
        """
        known = self.members.get(member.party)
        is_same = known is not None and known.account == member.account
        if is_same or member.is_commanded:
            self.members[member.party] = member.model_copy(
                update={"availability": Availability.UNREACHABLE}
            )
            self.moved.add(member.party)
            self._enrol()

    def start(self, now: datetime) -> Remember:
        """Take the lead: a new epoch, higher than any before, also after the store was replaced."""
        self.began = now
        remember = self.save(epoch=max(self.record.epoch + 1, int(now.timestamp())), sequence=0)
        self.letters.epoch = self.record.epoch
        return remember

    def save(self, **changes: object) -> Remember:
        """Change the record; the effect keeps it."""
        self.record = self.record.model_copy(update=changes)
        return Remember(self.record)

    def member_of(self, account: str) -> Member | None:
        """Return the member that an account belongs to."""
        party = self._by_account.get(account)
        return self.members[party] if party else None

    def change(self, member: Member, **changes: object) -> Remember:
        """Change a member; the effect keeps it."""
        changed = member.model_copy(update=changes)
        self.members[member.party] = changed
        self.moved.add(member.party)
        self.uncounted.add(member.party)
        if changes.keys() & {"account", "standing"}:
            self._enrol()
        return Remember(changed)

    def take_moved(self) -> set[PartyId]:
        """Return the members that have changed since this was asked last."""
        moved, self.moved = self.moved, set()
        return moved

    def knows_presence(self, now: datetime) -> bool:
        """Whether an absent presence means that a member is unreachable."""
        return self.known_from is not None and now >= self.known_from

    def held_in(self, event: EventId) -> frozenset[PartyId]:
        """Return the members that an event has to do without."""
        return self.held.get(event, frozenset())

    def usable(self, over: Interval) -> Iterator[Member]:
        """Yield the members on whose flexibility one may count in an event's time."""
        return (m for m in self.members.values() if m.capability and is_counted(m, over))

    def publish(
        self,
        node: str,
        verb: Verb,
        body: Body,
        now: datetime,
        life: timedelta,
        item_id: str | None = None,
    ) -> list[Remember | Publish]:
        """Return the effects that publish a body with our next sequence number."""
        remember = self.save(sequence=self.record.sequence + 1)
        record = self.record
        header = self.letters.header(verb, Noun(body.noun), now, record.sequence)
        header = header.model_copy(update={"epoch": record.epoch, "sequence": record.sequence})
        message = EventMessage(header=header, body=body)
        item = item_id or header.message_id
        return [remember, Publish(Link.LOWER, node, item, message, now + life)]

    def ok(self, what: RequestArrived, now: datetime, body: Body | None = None) -> Respond:
        """Return the effect that answers OK."""
        reply = self.letters.reply(what.message, now, body)
        return Respond(Link.LOWER, what.token, reply)

    def refuse(self, what: RequestArrived, now: datetime, code: str, reason: str) -> list[Effect]:
        """Return the effects that answer FAILED with a code of IEC 61968-9, and log it."""
        refusal = self.letters.refusal(what.message, now, code, reason)
        self.note_refusal(what.sender.bare, code, reason, now)
        fields = (("account", what.sender.bare), ("code", code), ("why", reason))
        return [Respond(Link.LOWER, what.token, refusal), Note("warning", "refused", fields)]

    def note_refusal(self, account: str, code: str, reason: str, now: datetime) -> None:
        """Remember the last few refusals of an account, for whoever asks why."""
        kept = self.refusals.setdefault(account, deque(maxlen=_REFUSALS))
        kept.append(Refusal(now, code, reason[:256]))

    def _enrol(self) -> None:
        """Say which party speaks through an account; what was commanded counts last, and wins."""
        admitted = sorted(self.admitted, key=lambda member: member.is_commanded)
        self._by_account = {member.account: member.party for member in admitted}


def is_counted(member: Member, over: Interval) -> bool:
    """Whether one may count on a member in an event's time, as far as is known now.

    Whose customer keeps everything counts for what it tells that it can do afterwards.
    """
    if member.standing is not Standing.MEMBER:
        return False
    if member.availability in USABLE:
        return True
    able = member.capability if member.availability is Availability.OPTED_OUT else None
    return able is not None and able.is_foreseen(over)

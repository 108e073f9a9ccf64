"""Who belongs to a domain: operators admit, expel and replace its members while it runs."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.effects import (
    Admit,
    Effect,
    Note,
    RevokeAccount,
    SetTimer,
    Transact,
    VerifyNodes,
    WatchPresence,
)
from xmpp_cem.core.inputs import AccountRevoked, Link, NodesVerified, RequestArrived
from xmpp_cem.core.kept import Removal
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.individual import told
from xmpp_cem.core.vtn.members.attendance import Attendance
from xmpp_cem.core.vtn.members.knocking import Knocking
from xmpp_cem.core.vtn.members.likeness import look_alike
from xmpp_cem.core.vtn.members.recovery import Recovery
from xmpp_cem.core.vtn.nodes import node_specs
from xmpp_cem.core.vtn.vtnstate import VtnSettings, VtnState
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.ids import Jid, PartyId, derived_id
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.node import Access
from xmpp_cem.model.text import one_line

CANCEL_WITHIN = timedelta(seconds=8)
"""So long the answer of an expelled member to the cancel of its events is awaited."""

DESPITE_LIKENESS = "despite-likeness"
"""Name of the option by which an operator admits an account that looks like another one."""

_BEYOND = 1_000_000
"""Added to the modification of what an expelled member is told: no version on a node gets there."""

_FORMER = 10
_ROOM = 1000


def room_of(settings: VtnSettings) -> int:
    """Return how many members a domain can have; sums over all of them fit into a message."""
    return max(_ROOM, len(settings.members))


class Membership:
    """Admission, expulsion and replacement; each survives a restart at any point of its way.

    Expelling goes in the order of design: membership: nothing more is counted on, its events are
    cancelled by transaction, its answer is awaited, then subscriptions, affiliations and presence
    end, which the service confirms.
    """

    def __init__(
        self,
        state: VtnState,
        dispatching: Dispatching,
        recovery: Recovery,
        attendance: Attendance,
        knocking: Knocking,
    ) -> None:
        self._state = state
        self._dispatching = dispatching
        self._recovery = recovery
        self._attendance = attendance
        self._knocking = knocking
        self._asked: dict[PartyId, list[RequestArrived]] = {}
        self._verifying: dict[str, list[RequestArrived]] = {}

    def resume(self) -> list[Effect]:
        """After a restart: go on with who was being removed; only who is admitted is served."""
        leaving = self._leaving()
        timers = [SetTimer(f"vtn/leave/{m.party}", removal.deadline) for m, removal in leaving]
        return [self._served(), *timers]

    def reconnected(self, now: datetime) -> list[Effect]:
        """The nodes are verified: close them again to whom we were cut off from removing."""
        return [self._revoke(m) for m, removal in self._leaving() if now >= removal.deadline]

    def disconnected(self) -> None:
        """Give up what operators have asked over a connection that is gone."""
        self._asked.clear()
        self._verifying.clear()

    def handle(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Do what an operator commands: create, change or delete a member."""
        body, verb = what.message.body, what.message.header.verb
        entries = body.members if isinstance(body, DomainMembers) else ()
        if verb is Verb.DELETE and what.message.names:
            entries = tuple(MemberEntry(party=name, account="") for name in what.message.names[:1])
        if len(entries) != 1:
            return self._state.refuse(what, now, "1.7", "name the one member that is meant")
        (entry,) = entries
        if verb is Verb.DELETE:
            return self._expel(what, entry.party, now)
        try:
            account = Jid.parse(entry.account).bare
        except ValueError as error:
            return self._state.refuse(what, now, "1.8", str(error))
        problem = self._why_not(entry.party, account, what.message)
        if problem:
            return self._state.refuse(what, now, "2.15", problem)
        if verb is Verb.CREATE:
            return self._admit(what, entry.party, account, now)
        return self._replace(what, entry.party, account, now)

    def verified(self, what: NodesVerified, now: datetime) -> list[Effect]:
        """The nodes are open to whom was admitted: tell the operator."""
        return self._ok(self._verifying.pop(what.token, []), now)

    def revoked(self, what: AccountRevoked, now: datetime) -> list[Effect]:
        """The nodes are closed to an account: end its membership, or let its successor in."""
        found = next((pair for pair in self._leaving() if pair[0].account == what.account), None)
        if found is None:
            return []
        member, removal = found
        successor, askers = removal.successor, self._asked.pop(member.party, [])
        fields = (("party", member.party), ("account", member.account))
        if successor is None:
            out = {"standing": Standing.EXPELLED, "removal": None, "since": now}
            effects: list[Effect] = [self._state.change(member, **out)]
            note = Note("info", "member expelled", fields)
            return [*effects, self._served(), note, *self._ok(askers, now)]
        former = (*member.former, member.account)[-_FORMER:]
        put = self._state.change(
            member,
            account=successor,
            standing=Standing.MEMBER,
            removal=None,
            former=former,
            since=now,
        )
        token = askers[0].token if askers else f"member {member.party}"
        self._verifying[token] = askers
        note = Note("info", "member replaced", (*fields, ("by", successor)))
        return [put, note, *self._let_in(member.party, successor, token, now)]

    def answered(self, request: RequestMessage) -> list[Effect]:
        """A transaction has ended: where it was the cancel for one who goes, go on."""
        message_id = request.header.message_id
        leaving = self._leaving()
        return [self._revoke(m) for m, removal in leaving if _cancel_id(m, removal) == message_id]

    def fire(self, party: PartyId) -> list[Effect]:
        """The time for an answer to the cancel is over."""
        return [self._revoke(m) for m, _ in self._leaving() if m.party == party]

    def _why_not(self, party: PartyId, account: str, message: RequestMessage) -> str:
        """Return why an account cannot become a party's, or nothing."""
        settings, others = self._state.settings, self._state.members.values()
        if account in settings.operators or account == settings.address.bare:
            return f"{account} is an operator's or our own account; a member needs one of its own"
        if party == settings.party:
            return f"{party} is this VTN; choose another party"
        holder = next((m for m in others if m.account == account and m.is_admitted), None)
        if holder is not None and holder.party != party:
            return f"{account} is the account of {holder.party}; expel that first"
        if (DESPITE_LIKENESS, "true") in message.options:
            return ""
        known = [m.account for m in others if m.party != party]
        alike = look_alike(account, [*known, *sorted(settings.operators)])
        if not alike:
            return ""
        return f"{account} ({account!a}) looks like {alike}; add --despite-likeness if it is meant"

    def _admit(
        self, what: RequestArrived, party: PartyId, account: str, now: datetime
    ) -> list[Effect]:
        known = self._state.members.get(party)
        if known is not None and known.standing is Standing.LEAVING:
            return self._state.refuse(what, now, "2.15", f"{party} is being removed; wait for that")
        if known is not None and known.is_admitted and known.account != account:
            reason = f"{party} is a member by {known.account}; use members replace"
            return self._state.refuse(what, now, "2.15", reason)
        if len(self._state.admitted) >= room_of(self._state.settings):
            return self._state.refuse(what, now, "3.1", "the domain is full; make another one")
        effects: list[Effect] = []
        if known is None or not known.is_admitted:
            changes = {"account": account, "standing": Standing.MEMBER, "since": now, "why": ""}
            member = known or Member(party=party, account=account)
            effects.append(self._state.change(member, is_commanded=True, **changes))
            fields = (("party", party), ("account", account))
            effects.append(Note("info", "member admitted", fields))
        self._verifying[what.token] = [what]
        return effects + self._let_in(party, account, what.token, now)

    def _let_in(self, party: PartyId, account: str, token: str, now: datetime) -> list[Effect]:
        """Open presence and nodes; the operator is told once the service has opened them."""
        self._knocking.let_in(account)
        state = self._state
        specs = node_specs(state.settings, state.uplink, state.readers)
        return [
            self._served(),
            WatchPresence(Link.LOWER, Jid(account)),
            VerifyNodes(Link.LOWER, state.settings.service, specs, token=token),
            *self._recovery.join(party, now),
        ]

    def _replace(
        self, what: RequestArrived, party: PartyId, account: str, now: datetime
    ) -> list[Effect]:
        known = self._state.members.get(party)
        if known is None or not known.is_admitted:
            reason = f"{party} is no member; use members admit"
            return self._state.refuse(what, now, "2.15", reason)
        if known.account == account:
            return self._state.refuse(what, now, "2.15", f"{account} is its account already")
        return self._remove(what, known, account, f"replaced by {account}", now)

    def _expel(self, what: RequestArrived, party: PartyId, now: datetime) -> list[Effect]:
        known = self._state.members.get(party)
        if known is None or known.standing is Standing.EXPELLED:
            return self._state.refuse(what, now, "2.15", f"{party} is no member")
        if known.removal is not None:
            self._asked.setdefault(party, []).append(what)
            return []
        reason = dict(what.message.options).get("reason", "")
        return self._remove(what, known, None, reason, now)

    def _remove(
        self, what: RequestArrived, member: Member, successor: str | None, why: str, now: datetime
    ) -> list[Effect]:
        """Count on a member no more, cancel its events, and go on when it has answered."""
        removal = Removal(since=now, deadline=now + CANCEL_WITHIN, successor=successor)
        self._asked.setdefault(member.party, []).append(what)
        put = self._state.change(
            member,
            standing=Standing.LEAVING,
            removal=removal,
            availability=Availability.UNREACHABLE,
            is_commanded=True,
            since=now,
            why=one_line(why)[:256],
        )
        self._attendance.left(member.party)
        self._recovery.left(member.party)
        member = self._state.members[member.party]
        cancel = self._cancel(member, removal, now)
        reason = f"{member.party} is removed"
        effects = [put, *cancel, *self._dispatching.member_changed(member.party, reason, now)]
        if cancel:
            return [*effects, SetTimer(f"vtn/leave/{member.party}", removal.deadline)]
        return [*effects, self._revoke(member)]

    def _cancel(self, member: Member, removal: Removal, now: datetime) -> list[Effect]:
        """Tell a member by transaction that every live event it knows has ended for it."""
        known = (
            told(dispatch, self._dispatching.parts.get(dispatch.event.id, {}), member.party)
            for dispatch in self._dispatching.live()
        )
        events = tuple(_ended(event) for event in known if event)
        if not events:
            return []
        header = Header(
            verb=Verb.CANCEL,
            noun=Noun.CONTROLS,
            message_id=_cancel_id(member, removal),
            timestamp=now,
            source=self._state.settings.party,
            expires=removal.deadline,
        )
        message = RequestMessage(header=header, body=EndDeviceControls(events=events))
        return [Transact(Link.LOWER, Jid(member.account, "ven"), message, removal.deadline)]

    def _revoke(self, member: Member) -> Effect:
        state = self._state
        specs = node_specs(state.settings, state.uplink, ())
        closed = tuple(spec.name for spec in specs if spec.access is Access.WHITELIST)
        return RevokeAccount(Link.LOWER, state.settings.service, closed, member.account)

    def _served(self) -> Admit:
        """Only members and operators may ask us and see our presence."""
        return Admit(Link.LOWER, self._state.accounts)

    def _ok(self, askers: Iterable[RequestArrived], now: datetime) -> list[Effect]:
        return [self._state.ok(what, now) for what in askers]

    def _leaving(self) -> list[tuple[Member, Removal]]:
        return [(m, m.removal) for m in self._state.members.values() if m.removal is not None]


def _cancel_id(member: Member, removal: Removal) -> str:
    """Return the MessageID of the cancel for one who goes, the same after a restart."""
    return derived_id("removed", member.party, member.account, removal.since)


def _ended(event: Event) -> Event:
    """Return the version of an event that ends it for one member, whatever the others get."""
    order = Order(epoch=event.order.epoch, modification=event.order.modification + _BEYOND)
    update = {"order": order, "status": EventStatus.CANCELLED, "reason": "no longer a member"}
    return event.model_copy(update=update)

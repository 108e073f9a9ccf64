"""The VTN of one domain: its nodes, its members and operators, its events."""

from datetime import datetime

from xmpp_cem.core.concerns import Concern, about_members
from xmpp_cem.core.effects import (
    Admit,
    CatchUp,
    Effect,
    ProbeService,
    ShowPresence,
    VerifyNodes,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    AccountRevoked,
    Heard,
    Input,
    ItemReceived,
    Knocked,
    Link,
    LinkChanged,
    NodesVerified,
    PresenceChanged,
    QueryAnswered,
    QueryFailed,
    ReplyArrived,
    RequestArrived,
    ServiceProbed,
    Started,
    TimerFired,
    TransactionFailed,
)
from xmpp_cem.core.programmes.agreed import CalledMember, Enrolled
from xmpp_cem.core.readings.metering import MOST_W, Metering
from xmpp_cem.core.records import Dispatch, Member, Part, Record, VtnRecord
from xmpp_cem.core.settlement.grouping import GroupBaseline, Settled
from xmpp_cem.core.vtn.commands import Commands
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.duetimes import UNTIL
from xmpp_cem.core.vtn.dispatch.following_up import FollowingUp, refused, untaken
from xmpp_cem.core.vtn.dispatch.forgetting import Forgetting
from xmpp_cem.core.vtn.dispatch.reissuing import Reissuing
from xmpp_cem.core.vtn.inquiries import Inquiries
from xmpp_cem.core.vtn.members.attendance import Attendance
from xmpp_cem.core.vtn.members.knocking import Knocking
from xmpp_cem.core.vtn.members.liveness import LIVENESS_TIMER
from xmpp_cem.core.vtn.members.membership import Membership, room_of
from xmpp_cem.core.vtn.members.recovery import Recovery
from xmpp_cem.core.vtn.members.reports import Reports
from xmpp_cem.core.vtn.members.roll import Roll
from xmpp_cem.core.vtn.members.survey import Survey
from xmpp_cem.core.vtn.members.taking import Taking
from xmpp_cem.core.vtn.nodes import drifts, node_specs
from xmpp_cem.core.vtn.publication import Publication
from xmpp_cem.core.vtn.requests import Requests
from xmpp_cem.core.vtn.settling.settling import Settling
from xmpp_cem.core.vtn.sweeping import Sweeping
from xmpp_cem.core.vtn.vtnstate import VtnSettings, VtnState
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.ids import EventId, Jid, PartyId
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.node import Uplink, reports_node
from xmpp_cem.model.time import Interval


class Vtn:
    """One party's life as the VTN of a domain; `is_summed` when its readings go on, summed up."""

    def __init__(self, settings: VtnSettings, *, is_summed: bool = False) -> None:
        self._state = VtnState(settings)
        self.metering = Metering(most_w=MOST_W // room_of(settings), is_summed=is_summed)
        self.dispatching = Dispatching(self._state, self.metering)
        self._publication = Publication(self._state, self.dispatching)
        self._settling = Settling(self._state, self.dispatching)
        reissuing = Reissuing(self._state, self.dispatching)
        self._taking = Taking(self.metering, self.dispatching, self._settling, reissuing)
        self.recovery = Recovery(self._state, self._taking)
        self._survey = Survey(self._state, self.dispatching, self._taking)
        self._following_up = FollowingUp(self._state, self.dispatching)
        self._forgetting = Forgetting(settings, self.dispatching)
        self._sweeping = Sweeping(self._state, self._forgetting, self._settling)
        self._attendance = Attendance(self._state, self.dispatching, self._following_up)
        self._reports = Reports(self._state, self._attendance, self.recovery, self._taking)
        self._knocking = Knocking()
        self._membership = Membership(
            self._state, self.dispatching, self.recovery, self._attendance, self._knocking
        )
        self._commands = Commands(
            self._state,
            self.dispatching,
            self._following_up,
            Inquiries(self._state, self.dispatching, self.metering, self._settling, self._survey),
            self._membership,
            Roll(self._state, self.metering, self._knocking),
        )
        self._parts: list[Part] = []
        self._requests = Requests(
            self._state,
            self.dispatching,
            self._publication,
            self._taking,
            self.recovery,
            self._commands,
        )

    @property
    def settings(self) -> VtnSettings:
        """What we are configured with."""
        return self._state.settings

    @property
    def members(self) -> dict[str, Member]:
        """The domain's members as we know them, without who has left or was expelled."""
        return {member.party: member for member in self._state.enlisted}

    def member(self, party: PartyId) -> Member | None:
        """Return one of the domain's members, None where it is none or no longer."""
        known = self._state.members.get(party)
        return known if known and known.standing is Standing.MEMBER else None

    def moved(self) -> set[PartyId]:
        """Return the members that have changed, or told something, since this was asked last."""
        return self._state.take_moved() | self.metering.take_moved()

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart; who is a member is known when all are back."""
        if isinstance(record, VtnRecord):
            self._state.record = record
        elif isinstance(record, Dispatch):
            self.dispatching.restore(record)
            self._following_up.restore(record)
        elif isinstance(record, Part):
            self._parts.append(record)
        elif isinstance(record, Enrolled | CalledMember):
            self._state.rules.restore(record)
        elif isinstance(record, Settled):
            self._settling.restore(record)
        elif isinstance(record, Member):
            self._state.restore(record)

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to, then what has to be published because of it."""
        return self._handle(what, now) + self.publish_changes(now)

    def publish_changes(self, now: datetime) -> list[Effect]:
        """Publish what was changed from outside, by a cascade, and answer whoever waits for it."""
        looked = self.dispatching.look(now)
        is_changed = bool(self.dispatching.outgoing)
        effects = looked + self._settling.published(self.dispatching.outgoing, now)
        effects += self._following_up.due(now) + self._publication.changes(now)
        effects += self.dispatching.counted(now)
        return effects + (self._following_up.tell_the_set(now) if is_changed else [])

    def knows_presence(self, now: datetime) -> bool:
        """Whether an absent presence means that a member is unreachable."""
        return self._state.knows_presence(now)

    def recall(self, interval: Interval) -> None:
        """Take the members' windows in an interval into the sums again, after a restart."""
        self._taking.recall(self.members, interval, self.settings.report_every)

    def stands_below(self, marks: tuple[str, ...], now: datetime) -> list[Effect]:
        """Tell the domain which gateways stand above it, when that has changed."""
        if marks == self._state.above:
            return []
        self._state.above = marks
        return self._publication.index(now) if self._state.is_ready else []

    def group_baseline(self, event: EventId) -> GroupBaseline | None:
        """Return what is stated of all members of an event together."""
        return self._settling.group(event)

    def concerns(self, now: datetime) -> tuple[Concern, ...]:
        """Return what is not as it should be."""
        return about_members(self.members.values(), is_known=self.knows_presence(now))

    def _handle(  # noqa: C901, PLR0911, PLR0912 one case per input
        self, what: Input, now: datetime
    ) -> list[Effect]:
        match what:
            case Started():
                return self._started(now)
            case LinkChanged(is_up=is_up):
                return self._connected(now) if is_up else self._disconnected()
            case ServiceProbed(has_write_only=has_write_only):
                return self._probed(has_write_only=has_write_only)
            case NodesVerified():
                return self._verified(what, now)
            case Knocked(account=account):
                return self._knocking.knock(account, now)
            case AccountRevoked():
                return self._membership.revoked(what, now)
            case QueryAnswered() | QueryFailed():
                return [*self.recovery.came(what, now), *self._survey.came(what, now)]
            case RequestArrived(sender=sender):
                effects = self._attendance.heard(sender, now) + self._requests.handle(what, now)
                return effects + self._survey.request(what, now)
            case PresenceChanged():
                return self._attendance.presence(what, now) + self._survey.presence(what, now)
            case Heard(sender=sender):
                return self._attendance.heard(sender, now)
            case ItemReceived():
                return self._reports.take(what, now)
            case TimerFired(key=key) if key == LIVENESS_TIMER:
                return self._attendance.look(now)
            case TimerFired(key=key):
                return self._timer(key, now)
            case TransactionFailed(request=request, reason=reason):
                return [untaken(request, reason), *self._membership.answered(request)]
            case ReplyArrived(request=request, reply=reply):
                return [*refused(self._state, reply, now), *self._membership.answered(request)]
            case _:
                return []

    def _started(self, now: datetime) -> list[Effect]:
        """Begin, knowing everything that we knew before."""
        for part in self._parts:
            is_known = part.party in self._state.members
            (self.dispatching if is_known else self._forgetting).restore(part)
        self._parts.clear()
        resumed = self._membership.resume()
        resumed += self.dispatching.resume(now) + self._settling.resume(now)
        return [self._state.start(now), *resumed, *self._requests.resume(now)]

    def _connected(self, now: datetime) -> list[Effect]:
        settings = self._state.settings
        self._state.known_from = now + settings.grace
        return [
            Admit(Link.LOWER, self._state.accounts),
            *(WatchPresence(Link.LOWER, Jid(account)) for account in self._state.readers),
            ProbeService(Link.LOWER, settings.service),
            *self._attendance.connected(now),
        ]

    def _disconnected(self) -> list[Effect]:
        """Without a connection nobody's presence is known any more."""
        self._state.known_from = None
        self.recovery.lost()
        self._survey.lost()
        self._membership.disconnected()
        return self._attendance.disconnected()

    def _probed(self, *, has_write_only: bool) -> list[Effect]:
        settings = self._state.settings
        fitting = Uplink.PUBLISH if has_write_only else Uplink.TRANSACTION
        self._state.uplink = settings.uplink or fitting
        specs = node_specs(settings, self._state.uplink, self._state.readers)
        return [VerifyNodes(Link.LOWER, settings.service, specs)]

    def _verified(self, what: NodesVerified, now: datetime) -> list[Effect]:
        """Take the lead visibly: only now are there nodes to publish on and to tell of."""
        effects = [*self._commands.verified(what, now), *self._membership.verified(what, now)]
        effects += drifts(what.states)
        if what.token:
            return effects
        self._state.is_ready = True
        effects += self._membership.reconnected(now)
        leadership = Leadership(is_active=True, epoch=self._state.record.epoch)
        effects.append(ShowPresence(Link.LOWER, leadership))
        if self._state.uplink is Uplink.PUBLISH:
            node = reports_node(self._state.settings.domain)
            effects.append(CatchUp(Link.LOWER, self._state.settings.service, node))
        return [*effects, *self._publication.everything(now), *self.recovery.begin(now)]

    def _timer(  # noqa: PLR0911 one return per timer
        self, key: str, now: datetime
    ) -> list[Effect]:
        match key.split("/"):
            case ["vtn", "heartbeat"]:
                return [*self._publication.index(now), *self._sweeping.sweep(now)]
            case ["vtn", "ask", party]:
                return self.recovery.fire(party, now)
            case ["vtn", "survey"]:
                return self._survey.fire(now)
            case ["vtn", "leave", party]:
                return self._membership.fire(party)
            case ["vtn", "records"]:
                return self._publication.records(now)
            case ["vtn", "again", event_id]:
                return self.dispatching.again(event_id, now)
            case ["vtn", "event", event_id, what]:
                return self._event_timer(event_id, what, now)
            case _:
                return []

    def _event_timer(self, event_id: str, what: str, now: datetime) -> list[Effect]:
        if what == "silent":
            return self._following_up.remind(event_id, now) + self._survey.silent(event_id, now)
        if what == "baseline":
            return self._settling.fire(event_id, now)
        dispatch = self.dispatching.dispatches.get(event_id)
        if dispatch is None:
            return []
        why = "a promise" if what.startswith(UNTIL) else "the deadline for answers"
        effects = self.dispatching.fire(event_id, now, f"{why} has passed")
        if now < dispatch.active.end:
            return effects
        effects += [*self._publication.index(now), *self._publication.ended(dispatch)]
        return effects + self._sweeping.sweep(now)

"""Who of a domain's members is there: what presence shows, and what their lease allows."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.inputs import PresenceChanged
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.following_up import FollowingUp
from xmpp_cem.core.vtn.members.liveness import Liveness
from xmpp_cem.core.vtn.vtnstate import USABLE, VtnState
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid, PartyId

_OURS = frozenset({"", "ven"})
"""Connections that speak for a member; a service may stamp a publisher without one."""


class Attendance:
    """Keeps each member's availability: shown by presence, and lost with the lease.

    Who was silent for too long is unreachable like one whose presence ended; its next sign of life
    makes it again what it last showed, for its server may not tell us anew.
    """

    def __init__(
        self, state: VtnState, dispatching: Dispatching, following_up: FollowingUp
    ) -> None:
        self._state = state
        self._dispatching = dispatching
        self._following_up = following_up
        self._liveness = Liveness(state.settings.lease)
        self._shown: dict[PartyId, Availability] = {}

    def connected(self, now: datetime) -> list[Effect]:
        """Begin to listen."""
        return [self._liveness.begin(now)]

    def disconnected(self) -> list[Effect]:
        """Without a connection nobody's presence is known any more."""
        self._liveness.end()
        self._shown.clear()
        return [
            self._state.change(member, availability=Availability.UNREACHABLE)
            for member in self._state.admitted
            if member.availability is not Availability.UNREACHABLE
        ]

    def presence(self, what: PresenceChanged, now: datetime) -> list[Effect]:
        """Take a member's presence; only a connection that tells its offer counts as a VEN."""
        member = self._state.member_of(what.sender.bare)
        if member is None or (what.is_available and what.offer is None):
            return []
        if what.is_available and what.offer:
            self._shown[member.party] = what.offer.availability
            self._liveness.shown(member.party, now)
            heard = self._state.change(member, last_heard=now)
            member = self._state.members[member.party]
            return [heard, *self._changed(member, what.offer.availability, now)]
        if what.sender.connection not in _OURS:
            return []
        self._shown.pop(member.party, None)
        self._liveness.gone(member.party)
        return self._changed(member, Availability.UNREACHABLE, now)

    def heard(self, sender: Jid, now: datetime) -> list[Effect]:
        """Take a sign of life; those of strangers and of people count for nothing."""
        member = self._state.member_of(sender.bare)
        if member is None or sender.connection not in _OURS:
            return []
        if not self._liveness.heard(member.party, now):
            return []
        return self._changed(member, self._shown[member.party], now, "is heard again")

    def left(self, party: PartyId) -> None:
        """Listen to a member no more."""
        self._shown.pop(party, None)
        self._liveness.gone(party)

    def look(self, now: datetime) -> list[Effect]:
        """Ask who is silent, and count on nobody whose lease is over."""
        accounts = {member.party: member.account for member in self._state.admitted}
        lapsed, effects = self._liveness.look(accounts, now)
        why = f"silent for {self._state.settings.lease.total_seconds():g} s"
        for party in lapsed:
            member = self._state.members[party]
            effects += self._changed(member, Availability.UNREACHABLE, now, why)
        return effects

    def _changed(
        self, member: Member, availability: Availability, now: datetime, why: str = ""
    ) -> list[Effect]:
        """Do what follows when a member is no longer what it was."""
        if availability is member.availability:
            return []
        effects: list[Effect] = [self._state.change(member, availability=availability)]
        fields = (("party", member.party), ("availability", availability.value))
        effects.append(Note("info", "availability", (*fields, *((("why", why),) if why else ()))))
        reason = f"{member.party} is {availability.value}"
        is_back = member.availability not in USABLE and availability in USABLE
        effects += self._dispatching.member_changed(member.party, reason, now, is_back=is_back)
        if member.availability is Availability.UNREACHABLE:
            effects += self._following_up.tell_the_set(now, member.party)
        return effects

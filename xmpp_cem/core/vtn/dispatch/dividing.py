"""Divides what a VTN was called for, each signal in its way, inside the limits in force."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.call import Call
from xmpp_cem.core.readings.metering import Metering
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.dispatchbook import DispatchBook
from xmpp_cem.core.vtn.dispatch.division import Division, divide
from xmpp_cem.core.vtn.dispatch.group_limit import limited
from xmpp_cem.core.vtn.dispatch.group_set_point import GroupSetPoint
from xmpp_cem.core.vtn.dispatch.headroom import headroom
from xmpp_cem.core.vtn.dispatch.opening import begun, divided_first
from xmpp_cem.core.vtn.dispatch.resting import resting
from xmpp_cem.core.vtn.dispatch.telling import told_to_all, told_to_one, who_are_meant
from xmpp_cem.core.vtn.dispatch.unmanaged import counted_unmanaged_w, why_unmetered
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import ChargeState, Delta, Limit, TargetPower


class Dividing:
    """Divisions of a domain's dispatches; it changes nothing."""

    def __init__(self, state: VtnState, metering: Metering, book: DispatchBook) -> None:
        self._state = state
        self._metering = metering
        self._book = book

    def first(self, call: Call, now: datetime) -> Division:
        """Divide what is called for over the members on whom one may count now."""
        dispatch = begun(self._state, call, now)
        if isinstance(dispatch.signal, Delta):
            return divided_first(self._state, dispatch, self.rooms(dispatch), now)
        return self.anew(dispatch, {}, "created", now)

    def anew(
        self, dispatch: Dispatch, parts: Mapping[PartyId, Part], why: str, now: datetime
    ) -> Division:
        """Divide a dispatch over its members as they are now."""
        match dispatch.signal:
            case Delta():
                rooms = self.rooms(dispatch)
                return divide(self._state, dispatch, parts, why, now, rooms)
            case Limit():
                unmanaged_w = self.unmanaged_w(dispatch)
                return limited(self._state, dispatch, parts, unmanaged_w, why, now)
            case TargetPower() if self._is_shared(dispatch):
                return self._set_point(dispatch, parts).divided(why, now)
            case TargetPower() | ChargeState():
                return told_to_one(self._state, dispatch, parts, now)
            case _:
                return told_to_all(self._state, dispatch, parts)

    def _is_shared(self, dispatch: Dispatch) -> bool:
        """Whether a set point is divided: it is for several, or a programme says who is called."""
        is_several = len(who_are_meant(self._state, dispatch.event.targets)) > 1
        return is_several or dispatch.event.programme is not None

    def missed_w(self, dispatch: Dispatch, now: datetime) -> int:
        """Return by how much members come to more than a set point together, W, signed."""
        parts = self._book.parts.get(dispatch.event.id, {})
        return self._set_point(dispatch, parts).missed_w(now)

    def _set_point(self, dispatch: Dispatch, parts: Mapping[PartyId, Part]) -> GroupSetPoint:
        def rooms(change_w: int) -> Mapping[PartyId, int]:
            return self.rooms(dispatch.model_copy(update={"target_w": change_w}))

        return GroupSetPoint(self._state, dispatch, parts, self._metering.power, rooms)

    def rooms(self, dispatch: Dispatch) -> dict[PartyId, int]:
        """Return by how much members may change at most, W, where limits or rest bound them."""
        able = {m.party: m.capability for m in self._state.members.values() if m.capability}
        rooms = headroom(dispatch, self._book.live(), self._book.parts, able)
        terms, book = self._state.settings.terms, self._book
        rest = resting(dispatch, book.dispatches, book.parts, terms)
        return rooms | dict.fromkeys(rest, 0)

    def unmanaged_w(self, dispatch: Dispatch) -> int:
        """Return what counts under a limit for what no member answers for, W."""
        return counted_unmanaged_w(self._state, self._metering, dispatch)

    def why_unmetered(self) -> str:
        """Return why no limit at the connection point can be divided yet, or nothing."""
        return why_unmetered(self._state, self._metering)

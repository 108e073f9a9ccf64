"""Reports that members have published on our write-only node."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.inputs import ItemReceived
from xmpp_cem.core.vtn.members.attendance import Attendance
from xmpp_cem.core.vtn.members.recovery import Recovery
from xmpp_cem.core.vtn.members.taking import Taking
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.node import reports_node


class Reports:
    """Takes reports from registered publishers only."""

    def __init__(
        self, state: VtnState, attendance: Attendance, recovery: Recovery, taking: Taking
    ) -> None:
        self._state = state
        self._attendance = attendance
        self._recovery = recovery
        self._taking = taking

    def take(self, what: ItemReceived, now: datetime) -> list[Effect]:
        """Take a report from our write-only node, from a registered publisher only."""
        settings = self._state.settings
        if what.sender.bare != settings.service.bare or what.node != reports_node(settings.domain):
            return []
        if what.publisher is None or what.publisher.bare == settings.address.bare:
            return []
        member = self._state.member_of(what.publisher.bare)
        body = what.message.body
        if member is None or what.message.header.source != member.party:
            fields = (("publisher", str(what.publisher)),)
            return [Note("warning", "report of an unknown publisher refused", fields)]
        alive = self._attendance.heard(what.publisher, now)
        heard = self._state.change(self._state.members[member.party], last_heard=now)
        missed = self._recovery.heard(member.party, what.message.header, now)
        if isinstance(body, MeterReadings):
            sent = what.message.header.timestamp
            taken = self._taking.readings(member.party, body.readings, sent, now)
            return [*alive, heard, *missed, *taken]
        if isinstance(body, EndDeviceEvents) and body.answers:
            fields = (("party", member.party),)
            return [
                *alive,
                heard,
                *missed,
                Note("warning", "answers travel as transactions", fields),
            ]
        told = body.statuses if isinstance(body, EndDeviceEvents) else ()
        return [*alive, heard, *missed, *self._taking.statuses(member.party, told)]

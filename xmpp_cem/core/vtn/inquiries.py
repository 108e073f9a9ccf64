"""What a VTN tells its operators of events and readings, or has a member asked for them."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.readings.metering import Metering
from xmpp_cem.core.readings.pages import AFTER, MORE, page
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.standing import page_of
from xmpp_cem.core.vtn.evidencing import evidence
from xmpp_cem.core.vtn.members.survey import Survey
from xmpp_cem.core.vtn.settling.settling import Settling
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.envelope import Level, ReplyError, Result


class Inquiries:
    """Answers to queries for dispatch records, readings, evidence and what members say."""

    def __init__(
        self,
        state: VtnState,
        dispatching: Dispatching,
        metering: Metering,
        settling: Settling,
        survey: Survey,
    ) -> None:
        self._state = state
        self._dispatching = dispatching
        self._metering = metering
        self._settling = settling
        self._survey = survey

    def record(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Tell how an event stands, the newest where none is named."""
        dispatches = self._dispatching.dispatches
        named = what.message.names[0] if what.message.names else next(reversed(dispatches), "")
        wanted = self._dispatching.event_of(named) or named
        if wanted not in dispatches:
            return self._state.refuse(what, now, "2.15", f"there is no event {wanted}".rstrip())
        record = self._dispatching.record(dispatches[wanted], now)
        page = page_of(record, dict(what.message.options).get(AFTER, ""))
        page = self._settling.shown(page)
        if not page.shares or page.shares[-1].party == record.shares[-1].party:
            return [self._state.ok(what, now, page)]
        reason = f"more after {page.shares[-1].party}"
        more = ReplyError(code=MORE, reason=reason, level=Level.INFORM)
        letters = self._state.letters
        reply = letters.reply(what.message, now, page, result=Result.PARTIAL, errors=(more,))
        return [Respond(Link.LOWER, what.token, reply)]

    def readings(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Tell the members' last windows in the order in which they came (figure 16)."""
        holdings = self._metering.holdings(self._state.record.epoch, self._state.began or now)
        reply = page(self._state.letters, what.message, holdings, now)
        return [Respond(Link.LOWER, what.token, reply)]

    def evidence(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Tell what settles an event."""
        return evidence(self._state, self._settling, what, now)

    def relay(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Have the member in Request/ID asked itself."""
        return self._survey.relay(what, now)

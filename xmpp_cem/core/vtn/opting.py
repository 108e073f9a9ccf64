"""How a VTN takes what members say beforehand, one by one: opt schedules, overrides, their ends."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Note, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.vtn.dispatch.upholding import Upholding
from xmpp_cem.core.vtn.memberrules import MOST_OPTS
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.naming import ENDED, OPT, NamedId
from xmpp_cem.model.ids import PartyId


class Opting:
    """Keeps members' opt schedules, and answers which of them were taken or have ended."""

    def __init__(self, state: VtnState, upholding: Upholding) -> None:
        self._state = state
        self._upholding = upholding

    def why_full(self, party: PartyId, body: EndDeviceEvents, now: datetime) -> str:
        """Return why no more can be kept of a member, or nothing."""
        has_room = self._state.rules.has_room(party, body, now)
        return "" if has_room else f"at most {MOST_OPTS} times of opt schedules are kept"

    def take(self, party: PartyId, body: EndDeviceEvents, now: datetime) -> list[Effect]:
        """Keep what a member tells; events that were asked of it before are not asked anew."""
        told = self._state.rules.opt(party, body, now)
        return [*told, *(self._upholding.rebound(party, now) if told else [])]

    def taken(self, what: RequestArrived, body: EndDeviceEvents, now: datetime) -> Respond:
        """Answer OK, naming the opt schedules that were taken."""
        ids = dict.fromkeys(schedule.id for schedule in body.schedules)
        return self._ok(what, tuple(NamedId(text=each, type=OPT) for each in ids), now)

    def end(self, party: PartyId, what: RequestArrived, now: datetime) -> list[Effect]:
        """Forget the opt schedules and overrides that a request names."""
        names = what.message.names
        if not names:
            return self._state.refuse(what, now, "1.6", "name what ends in Request/ID")
        effects: list[Effect] = []
        for name in names:
            ended = self._state.rules.end(party, name)
            if ended is None:
                strange = f"there is no opt schedule and no override {name}"
                return effects + self._state.refuse(what, now, "2.15", strange[:1024])
            effects += [*ended, Note("info", "opt ended", (("party", party), ("id", name)))]
        ids = tuple(NamedId(text=each, type=ENDED) for each in names)
        return [*effects, *self._upholding.rebound(party, now), self._ok(what, ids, now)]

    def _ok(self, what: RequestArrived, ids: tuple[NamedId, ...], now: datetime) -> Respond:
        reply = self._state.letters.reply(what.message, now).model_copy(update={"ids": ids})
        return Respond(Link.LOWER, what.token, reply)

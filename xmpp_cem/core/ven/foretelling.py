"""How a VEN tells its owner's opt schedules one by one, where a registration cannot say them."""

from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.programmes.optschedules import is_over
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.ids import MessageId
from xmpp_cem.model.schedule import OptSchedule

_LIFE = timedelta(minutes=5)


def tell_opts(state: VenState, now: datetime) -> list[Effect]:
    """Tell each opt schedule that is not over, and end those that were told and are no more."""
    wanted: dict[MessageId, list[OptSchedule]] = {}
    for schedule in state.rules.one_by_one():
        if not is_over(schedule, now):
            wanted.setdefault(schedule.id, []).append(schedule)
    effects: list[Effect] = []
    for old in state.record.opts:
        if old not in wanted:
            effects += state.request(Verb.CANCEL, Noun.EVENTS, None, now, now + _LIFE, (old,))
    for schedules in wanted.values():
        body = EndDeviceEvents(schedules=tuple(schedules))
        effects += state.request(Verb.CREATE, Noun.EVENTS, body, now, now + _LIFE)
    if tuple(wanted) != state.record.opts:
        effects.append(state.save(opts=tuple(wanted)))
    return effects

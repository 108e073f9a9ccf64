"""Alarms of mandatory limits that members do not keep go up, each once."""

from datetime import datetime

from xmpp_cem.core.cascade.case import Case
from xmpp_cem.core.effects import Effect
from xmpp_cem.core.eventacts import is_mandatory
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.ids import EventId, derived_id


class Alarms:
    """What has been told above, by event."""

    def __init__(self) -> None:
        self._told: dict[EventId, tuple[str, ...]] = {}

    def look(self, case: Case, now: datetime) -> list[Effect]:
        """Tell what is newly wrong with a mandatory limit; names of members stay below."""
        event = case.commitment.event
        if not is_mandatory(event) or not case.live:
            return []
        whys = tuple(dict.fromkeys(why for whys in map(_whys, _parts(case)) for why in whys))
        before = self._told.get(event.id, ())
        self._told[event.id] = whys
        effects: list[Effect] = []
        for why in whys:
            if why not in before:
                status = Status(
                    id=derived_id("alarm", case.upper.role.settings.party, event.id, why, now),
                    type=StatusType.FAILED,
                    at=now,
                    event=event.id,
                    reason=why,
                )
                effects += case.upper.placed(case.upper.role.tell(status, now))
        return effects


def _parts(case: Case) -> list[tuple[int, tuple[str, ...]]]:
    found = []
    for lower, dispatch in case.live:
        parts = lower.role.dispatching.parts.get(dispatch.event.id, {}).values()
        found.append((dispatch.excess_w, tuple(part.alarm for part in parts if part.alarm)))
    return found


def _whys(standing: tuple[int, tuple[str, ...]]) -> tuple[str, ...]:
    excess_w, alarms = standing
    if not excess_w:
        return alarms
    return (*alarms, f"the limit may be exceeded by {kilowatts(excess_w)}")

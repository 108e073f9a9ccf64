"""Alarms of mandatory limits that members do not keep go up, each once."""

from collections.abc import Iterator
from datetime import datetime

from xmpp_cem.core.cascade.case import Case
from xmpp_cem.core.cascade.naming import Naming
from xmpp_cem.core.effects import Effect
from xmpp_cem.core.ven.eventacts import is_mandatory
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.ids import EventId, derived_id
from xmpp_cem.model.signal import Limit


class Alarms:
    """What has been told above, by event."""

    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._told: dict[EventId, tuple[str, ...]] = {}

    def look(self, case: Case, now: datetime) -> list[Effect]:
        """Tell what is newly wrong with a mandatory limit; names stay below unless configured."""
        event = case.commitment.event
        if not is_mandatory(event) or not case.live:
            return []
        whys = tuple(dict.fromkeys(self._whys(case)))
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

    def _whys(self, case: Case) -> Iterator[str]:
        """Yield what is wrong in each domain below."""
        for lower, dispatch in case.live:
            for part in lower.role.dispatching.parts.get(dispatch.event.id, {}).values():
                if part.alarm:
                    yield self._naming.alarm(case, part.party, part.alarm)
            if dispatch.excess_w and isinstance(dispatch.signal, Limit):
                yield f"the limit may be exceeded by {kilowatts(dispatch.excess_w)}"

"""What a VEN takes from the nodes of its domain: the index, and events."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.inputs import CaughtUp, ItemReceived
from xmpp_cem.core.ven.catchup import expect_index
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.tombstones import forget_surplus
from xmpp_cem.core.ven.unreadable import Unreadable
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.core.ven.vtnwatch import VtnWatch
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import Header
from xmpp_cem.model.ids import Jid


class VenItems:
    """Items that count come from the domain's own service and nodes; all else is refused."""

    def __init__(self, state: VenState, book: EventBook, watch: VtnWatch) -> None:
        self._state = state
        self._book = book
        self._watch = watch
        self._unreadable = Unreadable(state, book)

    def caught_up(self, what: CaughtUp, now: datetime) -> list[Effect]:
        """Take the index first: only what it lists counts (design: state, not a log)."""
        by_index = sorted(what.items, key=lambda item: item.item_id != "index")
        return [effect for item in by_index for effect in self.take(item, now)]

    def take(self, item: ItemReceived, now: datetime) -> list[Effect]:
        """Take one item."""
        admission = self._state.record.admission
        if admission is None or item.sender.bare != Jid.parse(admission.service).bare:
            return [Note("warning", "item of an unknown service refused", _where(item))]
        if item.node not in admission.events:
            return [Note("warning", "item of an unknown node refused", _where(item))]
        body = item.message.body
        if isinstance(body, EventIndex) and body.domain == self._state.settings.domain:
            self._state.index_made = body.at
            passed = self._state.passed(body.at, now)
            newer = self._book.take_index(body, item.node, now)
            heard = self._watch.indexed(body.heartbeat_s, now, is_newer=bool(newer))
            surplus = forget_surplus(self._book.commitments, now)
            return [*passed, *heard, *newer, *surplus, expect_index(self._watch.heartbeat_s, now)]
        if not isinstance(body, EndDeviceControls):
            return [Note("warning", "unexpected item refused", _where(item))]
        return self.take_events(body, item.message.header, now)

    def take_events(self, body: EndDeviceControls, header: Header, now: datetime) -> list[Effect]:
        """Take events that nobody waits to see taken, and refuse what could not be read."""
        refused, _ = self._unreadable.refuse(body.unread, now)
        return [*self._book.take_events(body.events, header, now), *refused]


def _where(item: ItemReceived) -> tuple[tuple[str, str], ...]:
    return (("sender", str(item.sender)), ("node", item.node), ("item", item.item_id))

"""What a VTN publishes on its nodes: card, events, index, reports, dispatch records."""

from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Publish, Retract, SetTimer
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.records import Dispatch
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.individual import sent
from xmpp_cem.core.vtn.dispatch.standing import page_of
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import (
    REVISION,
    EventMessage,
    Header,
    Noun,
    RequestMessage,
    Verb,
)
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.node import card_node, events_node, operations_node, reports_node

INDEX_ITEM = "index"
CARD_ITEM = "card"

_LIVE = timedelta(minutes=1)
_LASTING = timedelta(days=3650)
_RECORD_EVERY = timedelta(seconds=1)


class Publication:
    """Turns what changed into publishes: the event first, then the index that lists it."""

    def __init__(self, state: VtnState, dispatching: Dispatching) -> None:
        self._state = state
        self._dispatching = dispatching
        self._is_record_due = False

    def card(self, now: datetime) -> list[Effect]:
        """Publish the card from which a client finds everything else."""
        settings = self._state.settings
        card = DomainCard(
            domain=settings.domain,
            vtn=str(settings.address),
            service=str(settings.service),
            profile=settings.profile,
            version=REVISION,
            uplink=self._state.uplink,
        )
        node = card_node(settings.domain)
        return [*self._state.publish(node, Verb.CREATED, card, now, _LASTING, CARD_ITEM)]

    def everything(self, now: datetime) -> list[Effect]:
        """After a new session our store wins over what the nodes hold."""
        effects = self.card(now)
        for dispatch in self._dispatching.live():
            if not dispatch.is_individual:
                effects.append(self._event(dispatch, now))
        return effects + self.index(now)

    def changes(self, now: datetime) -> list[Effect]:
        """Publish what the last input changed, and soon a record of it."""
        outgoing, self._dispatching.outgoing = self._dispatching.outgoing, []
        effects: list[Effect] = []
        for dispatch in outgoing:
            effects += self._told(dispatch, now)
        if any(not dispatch.is_individual for dispatch in outgoing):
            effects += self.index(now)
        if self._dispatching.touched and not self._is_record_due:
            self._is_record_due = True
            effects.append(SetTimer("vtn/records", now + _RECORD_EVERY))
        return effects

    def index(self, now: datetime) -> list[Effect]:
        """Publish the index of live events, which is also the heartbeat."""
        settings = self._state.settings
        remember = self._state.save(index_version=self._state.record.index_version + 1)
        record = self._state.record
        index = EventIndex(
            domain=settings.domain,
            epoch=record.epoch,
            version=record.index_version,
            at=now,
            heartbeat_s=max(1, int(settings.heartbeat.total_seconds())),
            entries=self._dispatching.index(),
            above=self._state.above,
        )
        node = events_node(settings.domain)
        life = settings.heartbeat * 3
        return [
            remember,
            *self._state.publish(node, Verb.CHANGED, index, now, life, INDEX_ITEM),
            SetTimer("vtn/heartbeat", now + settings.heartbeat),
        ]

    def records(self, now: datetime) -> list[Effect]:
        """Publish how the changed events stand, many changes in one record each."""
        self._is_record_due = False
        touched, self._dispatching.touched = self._dispatching.touched, set()
        node = operations_node(self._state.settings.domain)
        effects: list[Effect] = []
        for event_id in sorted(touched):
            dispatch = self._dispatching.dispatches[event_id]
            record = page_of(self._dispatching.record(dispatch, now))
            effects += self._state.publish(node, Verb.CHANGED, record, now, _LIVE)
        return effects

    def report(
        self, request: RequestMessage, body: MeterReadings | EndDeviceEvents, now: datetime
    ) -> list[Effect]:
        """Re-publish what a member sent us, for watchers, under its own name and MessageID."""
        verb = Verb.CREATED if request.header.verb is Verb.CREATE else Verb.CHANGED
        message = EventMessage(
            header=request.header.model_copy(update={"verb": verb, "timestamp": now}), body=body
        )
        node = reports_node(self._state.settings.domain)
        return [Publish(Link.LOWER, node, request.header.message_id, message, now + _LIVE)]

    def ended(self, dispatch: Dispatch) -> list[Effect]:
        """Remove an ended event's item; that it has ended is told by the index."""
        if dispatch.is_individual:
            return []
        node = events_node(self._state.settings.domain)
        return [Retract(Link.LOWER, node, dispatch.event.id)]

    def _told(self, dispatch: Dispatch, now: datetime) -> list[Effect]:
        """Publish an event for all; individual shares go to each, where not as the full set."""
        if not dispatch.is_individual:
            return [self._event(dispatch, now)]
        if self._state.settings.tells_the_set:
            return []
        return sent(self._state, dispatch, self._dispatching.parts[dispatch.event.id], now)

    def _event(self, dispatch: Dispatch, now: datetime) -> Publish:
        event = dispatch.event
        node = events_node(self._state.settings.domain)
        verb = Verb.CHANGED if event.order.modification else Verb.CREATED
        verb = Verb.CANCELED if event.is_cancelled else verb
        header = Header(
            verb=verb,
            noun=Noun.CONTROLS,
            message_id=derived_id(
                event.id, event.order.epoch, event.order.modification, verb, node
            ),
            timestamp=now,
            source=self._state.settings.party,
            trace=event.id,
            path=dispatch.path,
            hop=dispatch.hop,
            expires=event.active.end,
        )
        message = EventMessage(header=header, body=EndDeviceControls(events=(event,)))
        return Publish(Link.LOWER, node, event.id, message, event.active.end)

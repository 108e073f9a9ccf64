"""How a VEN makes sure that it misses nothing of its domain's events."""

from datetime import datetime, timedelta

from xmpp_cem.core.effects import CatchUp, Effect, Fetch, Note, Query, SetTimer
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.configuration import Admission
from xmpp_cem.messages.envelope import Noun, RequestMessage, Verb
from xmpp_cem.model.ids import EventId, Jid

INDEX_TIMER = "ven/index"

_PATIENCE = timedelta(seconds=10)
_MISSED_HEARTBEATS = 2.5
"""So many without an index, and we ask again: a server may have lost our subscription."""


def catch_up(admission: Admission | None) -> list[Effect]:
    """Subscribe to the domain's events and fetch what is there; both may be repeated."""
    if admission is None:
        return []
    service = Jid.parse(admission.service)
    return [CatchUp(Link.UPPER, service, node) for node in admission.events]


def make_good(
    state: VenState, node: str, events: tuple[EventId, ...], now: datetime, *, is_again: bool
) -> list[Effect]:
    """Fetch the items of events that an index lists and we do not hold.

    Args:
        state: of a VEN that was admitted.
        node: the index's.
        events: those.
        now: when.
        is_again: whether the index before listed the same, a heartbeat ago. Then the node holds
            something else: an item was lost, or overwritten by an older one, and its VTN is told
            of neither. So it is asked itself.
    """
    admission = state.record.admission
    if admission is None or not events:
        return []
    effects: list[Effect] = [Fetch(Link.UPPER, Jid.parse(admission.service), node, events)]
    if is_again:
        fields = (("events", " ".join(events)),)
        effects.append(Note("warning", "the node lacks what its index lists", fields))
        effects.append(ask_for_events(state.letters, state.settings.vtn, now))
    return effects


def ask_for_events(
    letters: Letters, vtn: Jid, now: datetime, own: tuple[EventId, ...] = ()
) -> Query:
    """Ask the VTN itself for the live events (figure 16): a service may have lost them.

    Args:
        letters: of the VEN.
        vtn: whom to ask.
        now: the present.
        own: events that came to us alone and live here. No index can end them, so that we ask
            whether they have been cancelled, or are nobody's any more.
    """
    header = letters.header(Verb.GET, Noun.CONTROLS, now, now)
    return Query(Link.UPPER, vtn, RequestMessage(header=header, ids=own), _PATIENCE)


def expect_index(heartbeat_s: int, now: datetime) -> SetTimer:
    """Wait for the next index, the VTN's heartbeat of `heartbeat_s` seconds."""
    return SetTimer(INDEX_TIMER, now + timedelta(seconds=_MISSED_HEARTBEATS * heartbeat_s))


def catch_up_again(admission: Admission | None, heartbeat_s: int, now: datetime) -> list[Effect]:
    """When no index came: the VTN is silent, or the service has forgotten us."""
    if admission is None:
        return []
    note = Note("warning", "no index came in time; subscribing and fetching again")
    return [note, *catch_up(admission), expect_index(heartbeat_s, now)]


def see_again(state: VenState, now: datetime) -> list[Effect]:
    """Fetch again what could not be judged while the clock was wrong, once it is right."""
    if not state.is_blind or not state.is_up or not state.is_clock_good(now):
        return []
    state.is_blind = False
    asked = ask_for_events(state.letters, state.settings.vtn, now)
    return [*catch_up(state.record.admission), asked]

"""What a VEN says to a newer version of an event that is over for it: a no, once."""

from typing import NamedTuple

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.life.life import Act, Step
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.eventacts import Happening, Word, made_answer, may_return
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents


class Declined(NamedTuple):
    """What declining a version comes to.

    Args:
        kept: what is known of the event, with the no.
        said: what tells the VTN, where the version wants an answer.
    """

    kept: Commitment
    said: list[Effect]


def declining(
    state: VenState, known: Commitment | None, arrived: Commitment, step: Step, what: Happening
) -> Declined | None:
    """Return what is kept and said where a version is declined that was not before; else None.

    A VEN that was away may have brought an event to its end by its schedule while its VTN put the
    event off. Without a word the VTN would go on counting on the yes to the older version. What
    has ended stays as it was, so that budgets and baselines of it stand.

    Args:
        state: of the VEN.
        known: what it knows of the event.
        arrived: the version that has arrived.
        step: what that leads to.
        what: its cause, and when.
    """
    event = arrived.event
    if known is None or Act.DECLINE not in step.acts or may_return(known, event):
        return None
    if not known.newest < event.order:
        return None
    again = arrived.model_copy(update={"answer": known.said})
    no = made_answer(again, state.settings.party, step, Happening(what.cause, Word(), what.now))
    kept, body = known.model_copy(update={"declined": no}), EndDeviceEvents(answers=(no,))
    if not event.wants_answer:
        return Declined(kept, [])
    verb = Verb.CHANGE if known.said else Verb.CREATE
    return Declined(kept, [*state.request(verb, Noun.EVENTS, body, what.now, event.active.end)])

"""When a customer who takes a call back breaches the programme under which it was taken."""

from collections.abc import Mapping

from xmpp_cem.core.effects import Note
from xmpp_cem.core.overriding import FAULT, LOST
from xmpp_cem.core.records import Part
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ProgrammeId
from xmpp_cem.model.programme import OverrideRule, Programme


def why_breached(
    programme: Programme | None, event: Event, before: Answer | None, now: Answer
) -> str:
    """Return for people how an answer breaches its programme, or nothing.

    Only the rule `breach` knows it: what was promised is taken back after the event has begun, in
    whole, or of the same version in part. A device that fails is no breach, nor what the programme
    itself wants when the VTN is lost.

    Args:
        programme: of the event, None for none.
        event: its newest version.
        before: the answer before, with the change that it promised, W.
        now: the answer.
    """
    if programme is None or programme.override is not OverrideRule.BREACH or before is None:
        return ""
    if before.opt is Opt.OUT or now.at < event.active.start:
        return ""
    if now.reason == FAULT or now.reason.startswith(LOST):
        return ""
    is_less = before.order == now.order and abs(now.power_w) < abs(before.power_w)
    if now.opt is Opt.IN and not is_less:
        return ""
    said = now.reason.removeprefix(prefix(programme))
    return f"{prefix(programme)}{said or 'taken back after the start'}"[:256]


def prefix(programme: Programme) -> str:
    """Return the words with which an answer says that it breaches a programme."""
    return f"breach of {programme.id}: "


def alarmed(
    part: Part,
    programmes: Mapping[ProgrammeId, Programme],
    event: Event,
    before: Answer | None,
    now: Answer,
) -> tuple[Part, list[Note]]:
    """Return a member's part with an alarm for its operator where its answer is a breach.

    The VTN judges by its own rules: a member need not say so. A breach is told again only where it
    is another one; nothing takes it back.
    """
    why = why_breached(programmes.get(event.programme or ""), event, before, now)
    if not why or why == part.alarm:
        return part, []
    fields = (("party", part.party), ("event_id", event.id), ("why", why))
    return part.model_copy(update={"alarm": why}), [Note("error", "a promise is broken", fields)]

"""What becomes of an event in a programme when its VEN has lost its VTN."""

from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.life.life import State
from xmpp_cem.core.overriding import LOST
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.programme import LossRule


def released(ven: Ven, now: datetime, *, has_failsafe: bool) -> list[Effect]:
    """Give up events that act and whose programme says so; the VTN is told when it is back.

    Who has no failsafe of its own releases what should hold one. A VTN is lost when it is silent,
    whatever its heartbeat, and has been for as long as the programme says.

    Args:
        ven: whose events.
        now: the present.
        has_failsafe: whether a limit of our own takes the place of the event.
    """
    since = ven.vtn_silent_since
    if since is None:
        return []
    rules = {LossRule.RELEASE} if has_failsafe else {LossRule.RELEASE, LossRule.FAILSAFE}
    effects: list[Effect] = []
    for known in list(ven.book.live()):
        programme = ven.state.rules.programme(known.event)
        if known.status is not State.ACTIVE or programme is None:
            continue
        after_s = programme.loss_after_s
        if programme.on_loss in rules and now - since >= timedelta(seconds=after_s):
            why = f"{LOST} for {after_s} s, after which {programme.id} releases"
            effects += ven.book.answer(known, Opt.OUT, 0, why, now)
    return effects


def lost_after_s(ven: Ven) -> int | None:
    """Return after how long without the VTN an event that acts wants a failsafe, s; None: none.

    It is never less than the VTN's heartbeats may take.
    """
    acting = [c for c in ven.book.live() if c.status is State.ACTIVE]
    programmes = [p for c in acting if (p := ven.state.rules.programme(c.event))]
    wanted = [p.loss_after_s for p in programmes if p.on_loss is LossRule.FAILSAFE]
    return max(min(wanted), int(ven.patience.total_seconds())) if wanted else None

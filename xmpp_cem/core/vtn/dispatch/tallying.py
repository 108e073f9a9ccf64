"""What the members of a dispatch have said so far, for whoever has to answer for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.ven.eventacts import DECIDE_WITHIN
from xmpp_cem.core.vtn.dispatch.division import is_in_play, is_usable, promised_w, version_of
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.signal import Delta, Limit


@dataclass(frozen=True)
class Tally:
    """How the members of one event stand; all W are not signed.

    Args:
        confirmed_w: what those in play have confirmed of what they are asked now.
        room_w: the most that those in play could do.
        expected_w: what silent members do when they keep what they kept so far.
        asked_w: what silent members are asked.
        ins: how many say yes.
        silent: how many that can be reached have said nothing.
        count: how many were asked.
        held: how many of them are committed to another event that goes first.
        is_final: whether nobody is waited for.
        until: when the first promise of those in play ends, before the event does.
        is_paced: whether a division waits, for a second at most, as there was one just before.
    """

    confirmed_w: int
    room_w: int
    expected_w: int
    asked_w: int
    ins: int
    silent: int
    count: int
    held: int
    is_final: bool
    until: datetime | None = None
    is_paced: bool = False


def tally(state: VtnState, dispatch: Dispatch, parts: Collection[Part], now: datetime) -> Tally:
    """Return how the members of an event stand; who is asked for more has time to say so."""
    parts = [part for part in parts if not part.barred]
    playing = [part for part in parts if is_in_play(state, dispatch, part, now)]
    deadline = dispatch.event.answer_by
    has_passed = now >= deadline
    silent = [part for part in playing if part.answer is None and not has_passed]
    if dispatch.replanned:
        deadline = max(deadline, dispatch.replanned + DECIDE_WITHIN)
    is_over = now >= deadline
    kept = {part.party: state.members[part.party].kept_permille for part in silent}
    return Tally(
        confirmed_w=sum(_confirmed_w(dispatch, part, has_passed=has_passed) for part in playing),
        room_w=sum(part.limit_w for part in playing),
        expected_w=sum(abs(part.asked_w) * kept[part.party] // 1000 for part in silent),
        asked_w=sum(abs(part.asked_w) for part in silent),
        ins=sum(_is_yes(part) and is_usable(state, part.party) for part in parts),
        silent=len(silent),
        count=len(parts),
        held=sum(part.party in state.held_in(dispatch.event.id) for part in parts),
        is_final=is_over or not any(_is_awaited(dispatch, part) for part in playing),
        until=min((e for p in playing if p.answer and (e := p.answer.until)), default=None),
    )


def _confirmed_w(dispatch: Dispatch, part: Part, *, has_passed: bool) -> int:
    """Return what a member has promised of what it is asked now; an older yes counts up to that.

    Who is in play after the deadline in silence means yes, by the programme.
    """
    if part.answer is None:
        return abs(part.asked_w) if has_passed else 0
    promised = min(promised_w(dispatch, part.answer), part.limit_w)
    if part.answer.order == version_of(dispatch, part):
        return promised
    return min(promised, abs(part.asked_w))


def _is_awaited(dispatch: Dispatch, part: Part) -> bool:
    """Whether a member has still to say whether it does what it is asked now.

    Less than it has confirmed needs no new answer.
    """
    if part.answer is None:
        return True
    is_current = part.answer.order == version_of(dispatch, part)
    return not is_current and abs(part.asked_w) > promised_w(dispatch, part.answer)


def _is_yes(part: Part) -> bool:
    return part.answer is not None and part.answer.opt is Opt.IN


def is_off(dispatch: Dispatch, expected_w: int, tolerance_w: int) -> bool:
    """Whether a division may have to change: a limit's always, a power's if it is missed."""
    if not isinstance(dispatch.signal, Delta):
        return isinstance(dispatch.signal, Limit)
    target = abs(dispatch.target_w)
    return abs(target - expected_w) > max(tolerance_w, target // 100)

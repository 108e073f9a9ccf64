"""What the members of a dispatch have said so far, for whoever has to answer for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.smallest import Smallest
from xmpp_cem.core.ven.eventacts import DECIDE_WITHIN
from xmpp_cem.core.vtn.dispatch.division import is_in_play, is_usable, promised_w
from xmpp_cem.core.vtn.dispatch.standing import version_of
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Delta, Limit, TargetPower


@dataclass(frozen=True)
class Tally:
    """How the members of one event stand; W are not signed where nothing else is said.

    Args:
        confirmed_w: what those in play have confirmed of what they are asked now.
        room_w: the most that those in play could do.
        expected_w: what silent members do when they keep what they kept so far.
        asked_w: what silent members are asked.
        followed_w: what those who say yes and are there promise, signed.
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
    followed_w: int
    ins: int
    silent: int
    count: int
    held: int
    is_final: bool
    until: datetime | None = None
    is_paced: bool = False


class _Counts(NamedTuple):
    """What members add to a tally; `followed_w` is what the usable ones promise, signed."""

    confirmed_w: int = 0
    room_w: int = 0
    expected_w: int = 0
    asked_w: int = 0
    followed_w: int = 0
    ins: int = 0
    silent: int = 0
    members: int = 0
    held: int = 0
    awaited: int = 0

    def plus(self, other: "_Counts", sign: int) -> "_Counts":
        return _Counts(*(a + sign * b for a, b in zip(self, other, strict=True)))


class Tallying:
    """The tally of one event: who has changed is counted anew, and nobody else.

    All are, when there is a new version of the event, when its deadline passes, a promise ends
    before the event, or a clock was put back. `changed` are those to be counted anew.
    """

    def __init__(self, state: VtnState) -> None:
        self._state = state
        self.changed: set[PartyId] = set()
        self._counted: dict[PartyId, tuple[_Counts, datetime | None]] = {}
        self._total = _Counts()
        self._ends: Smallest[datetime] = Smallest()
        self._basis: tuple[Event, int, bool] | None = None
        self._looked: datetime | None = None

    def tally(self, dispatch: Dispatch, parts: Mapping[PartyId, Part], now: datetime) -> Tally:
        """Return how its members stand; who is asked for more has time to say so."""
        self._count(dispatch, parts, now)
        deadline, total = dispatch.event.answer_by, self._total
        if dispatch.replanned:
            deadline = max(deadline, dispatch.replanned + DECIDE_WITHIN)
        return Tally(
            confirmed_w=total.confirmed_w,
            room_w=total.room_w,
            expected_w=total.expected_w,
            asked_w=total.asked_w,
            followed_w=total.followed_w,
            ins=total.ins,
            silent=total.silent,
            count=total.members,
            held=total.held,
            is_final=now >= deadline or not total.awaited,
            until=next(iter(self._ends.first()), None),
        )

    def _count(self, dispatch: Dispatch, parts: Mapping[PartyId, Part], now: datetime) -> None:
        if not self._is_current(dispatch, now):
            self._counted.clear()
            self._total, self._ends = _Counts(), Smallest()
            self.changed = set(parts)
        self._looked = now
        for party in self.changed:
            before, until = self._counted.pop(party, (_Counts(), None))
            self._add(before, until, -1)
            if (part := parts.get(party)) is not None:
                counts = _counts(self._state, dispatch, part, now)
                ends = _ends(self._state, dispatch, part, now)
                self._counted[party] = counts, ends
                self._add(counts, ends, 1)
        self.changed = set()

    def _add(self, counts: _Counts, until: datetime | None, sign: int) -> None:
        self._total = self._total.plus(counts, sign)
        if until is not None:
            self._ends.add(until, sign)

    def _is_current(self, dispatch: Dispatch, now: datetime) -> bool:
        """Whether those who have not changed count as they did."""
        event, known = dispatch.event, self._basis
        self._basis = event, dispatch.target_w, now >= event.answer_by
        if known is None or known[0] is not event or known[1:] != self._basis[1:]:
            return False
        has_ended = any(end <= now for end in self._ends.first())
        return self._looked is not None and self._looked <= now and not has_ended


def _counts(state: VtnState, dispatch: Dispatch, part: Part, now: datetime) -> _Counts:
    """Return what one member adds to the tally of an event."""
    is_yes = part.answer is not None and part.answer.opt is Opt.IN
    is_in = is_yes and is_usable(state, part.party, dispatch.active)
    followed_w = part.answer.power_w if part.answer and is_in else 0
    if part.barred:
        return _Counts(followed_w=followed_w)
    is_held = part.party in state.held_in(dispatch.event.id)
    counts = _Counts(followed_w=followed_w, ins=int(is_in), members=1, held=int(is_held))
    if not is_in_play(state, dispatch, part, now):
        return counts
    has_passed = now >= dispatch.event.answer_by
    is_silent = part.answer is None and not has_passed
    asked_w = abs(part.asked_w) if is_silent else 0
    kept = state.members[part.party].kept_permille
    return counts._replace(
        confirmed_w=_confirmed_w(dispatch, part, has_passed=has_passed),
        room_w=part.limit_w,
        expected_w=asked_w * kept // 1000,
        asked_w=asked_w,
        silent=int(is_silent),
        awaited=int(_is_awaited(dispatch, part)),
    )


def _ends(state: VtnState, dispatch: Dispatch, part: Part, now: datetime) -> datetime | None:
    """Return when the promise of a member in play ends, before the event does."""
    if part.barred or part.answer is None or not is_in_play(state, dispatch, part, now):
        return None
    return part.answer.until


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


def is_watched(dispatch: Dispatch) -> bool:
    """Whether its division follows what members do, though nothing is asked: limits, set points."""
    return isinstance(dispatch.signal, Limit | TargetPower)


def is_off(dispatch: Dispatch, expected_w: int, tolerance_w: int) -> bool:
    """Whether a division may have to change: a change of power's if that is missed."""
    if not isinstance(dispatch.signal, Delta):
        return is_watched(dispatch)
    target = abs(dispatch.target_w)
    return abs(target - expected_w) > max(tolerance_w, target // 100)

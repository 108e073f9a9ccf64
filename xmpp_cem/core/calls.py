"""Which calls of a programme count towards its budgets: the same at a VTN and at its VENs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xmpp_cem.core.effects import Effect, Forget, Remember
from xmpp_cem.core.programmes.agreed import AnyCall, Called, CalledMember
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event, Mode
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.programme import OverrideRule, Programme
from xmpp_cem.model.time import Interval


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of one call.

    Args:
        event: its newest version.
        resources: those that it calls; none where rules bar it.
        answer: the newest, None while there is none.
        party: the member that is called, None for ourselves.
        is_over: whether it ended before its time, by a cancel or as an index no longer lists it.
    """

    event: Event
    resources: tuple[ResourceId, ...]
    answer: Answer | None
    party: PartyId | None = None
    is_over: bool = False


def counted(
    known: AnyCall | None, asked: Asked, programme: Programme, now: datetime
) -> AnyCall | None:
    """Return what of a call counts, None for nothing.

    What is asked counts until it is refused, so that two events cannot use up the same budget; what
    was taken counts in full once it has begun. Taken back after its start, it counts as far as the
    programme's override rule says. A test of communication alone moves nothing and counts nothing.
    """
    event, answer = asked.event, asked.answer
    active, has_begun = event.active, now >= event.active.start
    if event.mode is Mode.COMMS or not (asked.resources or known):
        return None
    was_taken = known is not None and known.is_taken
    if asked.is_over:
        return known if was_taken and has_begun else None
    if answer is None:
        is_yes = now >= event.answer_by and programme.silence is Opt.IN
        is_open = now < event.answer_by or is_yes
        return _call(asked, known, programme, active, is_taken=is_yes) if is_open else None
    if answer.opt is Opt.IN:
        return _call(asked, known, programme, active, is_taken=True)
    if not was_taken or answer.at <= active.start:
        return None
    if programme.override is OverrideRule.ALLOWED:
        active = Interval(start=active.start, end=min(active.end, answer.at))
    return _call(asked, known, programme, active, is_taken=True)


def _call(
    asked: Asked, known: AnyCall | None, programme: Programme, active: Interval, *, is_taken: bool
) -> AnyCall:
    gap = timedelta(seconds=programme.gap_s)
    values: dict[str, Any] = {
        "programme": programme.id,
        "event": asked.event.id,
        "resources": asked.resources or (known.resources if known else ()),
        "active": active,
        "is_taken": is_taken,
        "until": max(programme.valid.end, asked.event.active.end + gap),
    }
    return CalledMember(party=asked.party, **values) if asked.party else Called(**values)


class Calls:
    """The calls that count, by party."""

    def __init__(self) -> None:
        self._kept: dict[PartyId | None, dict[str, AnyCall]] = {}

    def restore(self, called: AnyCall) -> None:
        """Take back a call from before a restart."""
        self._kept.setdefault(_party(called), {})[called.event] = called

    def of(self, party: PartyId | None = None) -> Iterable[AnyCall]:
        """Return the calls of a member, or without one our own."""
        return self._kept.get(party, {}).values()

    def follow(self, asked: Asked, programme: Programme, now: datetime) -> list[Effect]:
        """Keep what now counts of a call; nothing when that is what is kept."""
        mine = self._kept.setdefault(asked.party, {})
        known = mine.get(asked.event.id)
        made = counted(known, asked, programme, now)
        if made == known:
            return []
        if made is not None:
            mine[asked.event.id] = made
            return [Remember(made)]
        del mine[asked.event.id]
        return [Forget(known)] if known else []

    def sweep(self, now: datetime) -> list[Effect]:
        """Forget the calls of seasons that are over."""
        over = [each for mine in self._kept.values() for each in mine.values() if now >= each.until]
        for each in over:
            del self._kept[_party(each)][each.event]
        return [Forget(each) for each in over]


def _party(called: AnyCall) -> PartyId | None:
    return called.party if isinstance(called, CalledMember) else None

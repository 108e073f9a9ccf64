"""A set point for several members: each gets one of its own, so that their sum is what is asked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.commitments import meant, only
from xmpp_cem.core.records import Dispatch, Member, Part
from xmpp_cem.core.vtn.dispatch.calling import called_in
from xmpp_cem.core.vtn.dispatch.closedloop import LENIENT_PART
from xmpp_cem.core.vtn.dispatch.division import MOST_MODIFICATIONS, Division, next_order
from xmpp_cem.core.vtn.dispatch.limiting import takes_limits
from xmpp_cem.core.vtn.dispatch.telling import who_are_meant, without_share
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import Order, stretches
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Place, TargetPower

Rooms = Callable[[int], Mapping[PartyId, int]]
"""By how much members may change at most inside limits, W, for a change of this sign."""


@dataclass(frozen=True)
class Row:
    """A member under a set point.

    Args:
        party: its id.
        power_w: what counts for it as long as it is given nothing, W, signed.
        fall_w, rise_w: by how much that can fall and rise, W.
        takes: whether it can be given a set point.
        targets: its resources that are meant; none for all.
        called: those that a programme calls, where it is one.
    """

    party: PartyId
    power_w: int
    fall_w: int = 0
    rise_w: int = 0
    takes: bool = False
    targets: tuple[ResourceId, ...] = ()
    called: tuple[ResourceId, ...] = ()


@dataclass(frozen=True)
class Aim:
    """How members together come to a power.

    Args:
        powers_w: the set point of each member that takes one, W, signed.
        missed_w: by how much the sum misses what is asked all the same, W.
    """

    powers_w: Mapping[PartyId, int]
    missed_w: int


def aim(target_w: int, rows: Iterable[Row], rooms: Rooms) -> Aim:
    """Divide the way from what members do to what they shall do, by what each of them can do.

    Args:
        target_w: the power of all together, W, signed.
        rows: the members.
        rooms: what limits in force leave them.
    """
    known = list(rows)
    change_w = target_w - sum(row.power_w for row in known)
    bounds = rooms(change_w)
    able = {
        row.party: min(each_w, bounds.get(row.party, each_w))
        for row in known
        if row.takes
        for each_w in [row.fall_w if change_w < 0 else row.rise_w]
    }
    shares = pro_rata(abs(change_w), able)
    sign = -1 if change_w < 0 else 1
    powers_w = {row.party: row.power_w + sign * shares[row.party] for row in known if row.takes}
    return Aim(powers_w, abs(change_w) - sum(shares.values()))


class GroupSetPoint:
    """Divides one dispatch with a set point over the members that are meant.

    The set points of members sum to the group's. What is divided stays as it is while it comes as
    near as it can, within a tolerance: set points are absolute, so that a member's load may move.
    """

    def __init__(
        self,
        state: VtnState,
        dispatch: Dispatch,
        parts: Mapping[PartyId, Part],
        powers: Callable[[PartyId], int | None],
        rooms: Rooms,
    ) -> None:
        self._state, self._dispatch, self._parts = state, dispatch, parts
        self._powers, self._rooms = powers, rooms

    def divided(self, why: str, now: datetime) -> Division:
        """Return the division as it is to be now; only whose set point changes hears of it."""
        dispatch, parts = self._dispatch, self._parts
        rows = self._rows(now)
        aims = [aim(signal.power_w, rows, self._rooms) for signal in self._signals]
        missed_w = max(each.missed_w for each in aims)
        before_w, slack_w = self._missed_now_w(rows), self._slack_w
        if before_w is not None and before_w <= max(slack_w, missed_w + slack_w):
            kept_w = before_w if before_w > slack_w else 0
            return Division(dispatch.model_copy(update={"excess_w": kept_w}))
        order = next_order(self._state, dispatch) if parts else dispatch.event.order
        if order.modification > MOST_MODIFICATIONS:
            why = f"{why}; too many modifications"
            return Division(dispatch.model_copy(update={"why": why[:256]}))
        changed = self._changed(rows, aims, order, now)
        asked = bool(parts) and any(part.order == order for part in changed)
        text = f"{why}; divided among {len(aims[0].powers_w)} from what they do to what is asked"
        text += f"; {missed_w} W are missing" if missed_w else ""
        update: dict[str, object] = {"why": text[:256], "excess_w": missed_w}
        if asked:
            update |= {
                "event": dispatch.event.model_copy(update={"order": order}),
                "redivisions": dispatch.redivisions + 1,
                "replanned": now,
            }
        return Division(dispatch.model_copy(update=update), changed)

    def missed_w(self, now: datetime) -> int:
        """Return by how much the sum comes to more than the first set point, W, signed."""
        come_w = sum(self._now_w(row, 0) for row in self._rows(now))
        return come_w - self._signals[0].power_w

    @property
    def _signals(self) -> list[TargetPower]:
        dispatch = self._dispatch
        asked = stretches(dispatch.active, dispatch.signal, dispatch.changes)
        return [signal for _, _, signal in asked if isinstance(signal, TargetPower)]

    @property
    def _slack_w(self) -> int:
        most_w = max(abs(signal.power_w) for signal in self._signals)
        return max(self._state.settings.tolerance_w, most_w // 100)

    def _rows(self, now: datetime) -> list[Row]:
        members = who_are_meant(self._state, self._dispatch.event.targets)
        rows = (self._row(m, able, now) for m in members if (able := m.capability))
        return [row for row in rows if row]

    def _row(self, member: Member, able: Capability, now: datetime) -> Row | None:
        """Return a member as it counts: by what it told that it does without events, and can.

        Whom a programme does not call counts for nothing: its power is not in the sum.
        """
        dispatch, part = self._dispatch, self._parts.get(member.party)
        verdict = called_in(self._state, dispatch, member, part, now)
        if not verdict.is_called or verdict.barred:
            return None
        asked = only(meant(dispatch.event, able), verdict.resources)
        is_whole = len(asked.resources) == len(able.resources)
        if not self._takes(member, part, now):
            seen_w = self._powers(member.party) if is_whole else None
            return Row(member.party, asked.power_w if seen_w is None else seen_w)
        if (short_w := self._short_w(part)) is not None:
            return Row(member.party, short_w)
        fall_w = asked.able_w(dispatch.active, is_fall=True) - asked.committed_w
        rise_w = asked.able_w(dispatch.active, is_fall=False) + asked.committed_w
        is_at_the_point = self._signals[0].at is Place.CONNECTION_POINT
        counted = able if is_at_the_point else asked
        base_w = counted.power_w - counted.committed_w
        ids = tuple(r.id for r in asked.resources)
        called = ids if dispatch.event.programme else ()
        return Row(
            member.party,
            base_w,
            max(0, fall_w),
            max(0, rise_w),
            takes=True,
            targets=() if is_whole else ids,
            called=called,
        )

    def _takes(self, member: Member, part: Part | None, now: datetime) -> bool:
        """Whether a member can be given a set point, and has not ended its promise of one."""
        if member.party in self._state.held_in(self._dispatch.event.id):
            return False
        until = part.answer.until if part and part.answer else None
        is_over = until is not None and max(now, self._dispatch.active.start) >= until
        return not is_over and takes_limits(member, self._dispatch, part, now)

    def _short_w(self, part: Part | None) -> int | None:
        """Return the power that a member comes to which promised a part of the way, W."""
        if part is None or part.answer is None or part.answer.order != part.order:
            return None
        first = part.told[0] if part.told else None
        missing_w = part.asked_w - part.answer.power_w
        slack_w = max(self._state.settings.tolerance_w, abs(part.asked_w) // LENIENT_PART)
        if not isinstance(first, TargetPower) or abs(missing_w) <= slack_w:
            return None
        return first.power_w - missing_w

    def _missed_now_w(self, rows: Iterable[Row]) -> int | None:
        """Return by how much what is told misses what is asked, W; None where nothing is told."""
        if not self._parts:
            return None
        known = list(rows)
        return max(
            abs(signal.power_w - sum(self._now_w(row, place) for row in known))
            for place, signal in enumerate(self._signals)
        )

    def _now_w(self, row: Row, place: int) -> int:
        part = self._parts.get(row.party)
        told = part.told if part and row.takes else ()
        signal = told[place] if len(told) == len(self._signals) else None
        return signal.power_w if isinstance(signal, TargetPower) else row.power_w

    def _changed(
        self, rows: Iterable[Row], aims: list[Aim], order: Order, now: datetime
    ) -> tuple[Part, ...]:
        """Return the parts of members whose set point is another than before."""
        changed = []
        for row in rows:
            told = tuple(
                signal.model_copy(update={"power_w": each.powers_w[row.party]})
                for signal, each in zip(self._signals, aims, strict=True)
                if row.takes
            )
            part = self._parts.get(row.party) or without_share(self._dispatch, row.party)
            if told and (part.order is None or part.told != told):
                asked_w = told[0].power_w - row.power_w
                update = {"told": told, "order": order, "asked_at": now, "asked_w": asked_w}
                update |= {"targets": row.targets, "resources": row.called}
                changed.append(part.model_copy(update=update))
        return tuple(changed)

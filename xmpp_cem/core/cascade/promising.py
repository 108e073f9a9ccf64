"""What may be said above of an event that members were asked for, by the gateway's policy."""

from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.core.cascade.case import Case
from xmpp_cem.core.cascade.settings import Policy
from xmpp_cem.core.ven.eventacts import is_mandatory
from xmpp_cem.core.vtn.dispatch.tallying import Tally
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.quantity import bounded
from xmpp_cem.model.signal import Delta, Limit, Share, TargetPower


@dataclass(frozen=True)
class Saying:
    """An answer above.

    Args:
        power_w: what is promised, signed, W; 0 is a no.
        reason: for people.
        is_final: whether every member has answered, or will not any more.
        opt: yes or no.
        until: when the first promise of a member ends, so that the sum changes.
    """

    power_w: int
    reason: str
    is_final: bool
    opt: Opt
    until: datetime | None = None


def saying(case: Case, policy: Policy, now: datetime) -> Saying | None:
    """Return what may be said of an event now, None as long as it is too early.

    Less than before is not said while members with room for it are about to be asked.
    """
    live = case.live
    if not live or not all(lower.role.knows_presence(now) for lower, _ in live):
        return None
    tallies = [lower.role.dispatching.tally(dispatch, now) for lower, dispatch in live]
    is_final = all(each.is_final for each in tallies)
    if not is_final and policy is Policy.FIRM:
        return None
    reason = f"{sum(t.ins for t in tallies)} of {sum(t.count for t in tallies)} members"
    if not isinstance(case.commitment.event.signal, Delta | Share):
        return _followed(case, tallies, reason, now) if is_final else None
    power_w = sum(each.confirmed_w for each in tallies)
    if held := sum(each.held for each in tallies):
        reason += f"; {held} are committed to an event that goes first"
    if not is_final and (silent := sum(each.silent for each in tallies)):
        is_expected = policy is Policy.EXPECTED
        more_w = sum(t.expected_w if is_expected else t.asked_w for t in tallies)
        how = "by what they kept so far" if is_expected else "by what they can do"
        reason = (
            f"{reason} confirm {kilowatts(power_w)}; {silent} silent: {kilowatts(more_w)} {how}"
        )
        power_w += more_w
    last = case.commitment.answer
    if last and power_w < abs(last.power_w) and any(map(_may_rise, tallies)):
        return None
    sign = -1 if case.commitment.asked_w < 0 else 1
    opt = Opt.IN if power_w else Opt.OUT
    until = min((each.until for each in tallies if each.until), default=None)
    return Saying(sign * bounded(power_w), reason, is_final, opt, until)


def _may_rise(tally: Tally) -> bool:
    return tally.is_paced and tally.room_w > tally.confirmed_w


def _followed(case: Case, tallies: list[Tally], reason: str, now: datetime) -> Saying:
    """Say yes to a limit that is kept, and to any other signal that a member follows."""
    excess_w = sum(dispatch.excess_w for _, dispatch in case.live)
    is_limit = isinstance(case.commitment.event.signal, Limit)
    if excess_w and is_limit:
        reason += f"; the limit may be exceeded by {kilowatts(excess_w)}"
    elif excess_w:
        reason += f"; the set point is missed by {kilowatts(excess_w)}"
    is_kept = not excess_w and len(case.live) == len(case.below)
    is_yes = (is_kept or not is_limit) and any(each.ins for each in tallies)
    if is_mandatory(case.commitment.event):
        is_yes = True
    power_w = sum(lower.role.dispatching.promised_w(d, now) for lower, d in case.live)
    opt = Opt.IN if is_yes else Opt.OUT
    return Saying(bounded(power_w) if is_yes else 0, reason, is_final=True, opt=opt)


def missing_w(case: Case, said: Saying | None) -> int | None:
    """Return what nobody covers of what was asked, W, not signed; None as long as it is open.

    Args:
        case: the event.
        said: what may be said of it by the firm policy, whatever the gateway's is.
    """
    if said is None or case.commitment.answer is None:
        return None
    if isinstance(case.commitment.event.signal, TargetPower):
        return sum(dispatch.excess_w for _, dispatch in case.live)
    return max(0, abs(case.commitment.asked_w) - abs(said.power_w))


def tolerance_w(case: Case) -> int:
    """Return by how much what was asked may be missed, W."""
    least = max(each.lower.role.settings.tolerance_w for each in case.below)
    return max(least, abs(case.commitment.asked_w) // 100)


def is_news(case: Case, said: Saying) -> bool:
    """Whether something else was said last; before all have answered, by more than a tolerance."""
    last = case.commitment.answer
    if last is None or last.order != case.commitment.event.order or last.opt is not said.opt:
        return True
    if said.is_final:
        return (last.power_w, last.until) != (said.power_w, said.until)
    return abs(last.power_w - said.power_w) > tolerance_w(case)

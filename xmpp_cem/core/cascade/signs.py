"""What differs between the levels of a gateway."""

from collections.abc import Iterator
from datetime import datetime

from xmpp_cem.core.cascade.calls import Rules
from xmpp_cem.core.cascade.case import Case
from xmpp_cem.core.cascade.planning import is_missed, is_of_power
from xmpp_cem.core.cascade.promising import is_news, missing_w, saying, tolerance_w
from xmpp_cem.core.cascade.saga import Phase, Sign
from xmpp_cem.core.cascade.settings import Policy
from xmpp_cem.core.life.life import State
from xmpp_cem.core.ven.eventacts import asks
from xmpp_cem.core.vtn.dispatch.modifying import modified, why_turned
from xmpp_cem.model.answer import Opt


def signs(rules: Rules, case: Case, now: datetime) -> Iterator[Sign]:
    """Yield what differs between the levels of an event, the most urgent first.

    Args:
        rules: of the gateway.
        case: the event.
        now: the present.
    """
    phase = case.phase(now)
    if phase is Phase.OVER:
        if case.is_ended_above and any(now < d.active.end for _, d in case.live):
            yield Sign.ENDED
    elif not case.known:
        yield from _before(rules, case, now)
    elif not case.live:
        yield from _after(case)
    else:
        yield from _between(rules, case, now)


def _before(rules: Rules, case: Case, now: datetime) -> Iterator[Sign]:
    """Yield what can be seen of an event of which nothing was asked below."""
    commitment = case.commitment
    if commitment.status is State.REFUSED:
        return
    if rules.why_looped(case):
        yield Sign.LOOPED
    if any(each.event in each.lower.role.dispatching.dispatches for each in case.below):
        yield Sign.TAKEN
    deadline = commitment.event.answer_by - rules.settings.margin
    if now >= deadline or all(e.lower.role.knows_presence(now) for e in case.below):
        yield Sign.PLANNABLE


def _after(case: Case) -> Iterator[Sign]:
    """Yield what can be seen of an event that was cancelled below and not above.

    Or that is over below, by its old times, and was put off above: it needs an event of its own.
    """
    answer, order = case.commitment.answer, case.commitment.event.order
    is_told = answer is not None and answer.opt is Opt.OUT and answer.order == order
    start = case.commitment.event.active.start
    is_over = all(
        e.dispatch and (e.dispatch.event.is_cancelled or e.dispatch.active.end <= start)
        for e in case.known
    )
    if is_over and not is_told:
        yield Sign.RELEASED


def _between(rules: Rules, case: Case, now: datetime) -> Iterator[Sign]:
    """Yield what differs between an event above and those that were made of it below."""
    event = case.commitment.event
    if now < min(event.active.end, *(d.active.end for _, d in case.live)):
        yield from _of_plan(rules, case, now)
    if asks(event) and not case.is_barred:
        is_firm = rules.settings.policy is Policy.FIRM
        said = saying(case, rules.settings.policy, now)
        if said and is_news(case, said):
            yield Sign.ANSWERABLE
        missing = missing_w(case, said if is_firm else saying(case, Policy.FIRM, now))
        told = case.commitment.short_w
        if missing is not None and _differs(missing, told, tolerance_w(case)):
            yield Sign.SHORT


def _of_plan(rules: Rules, case: Case, now: datetime) -> Iterator[Sign]:
    """Yield why the events below have to become others."""
    is_something = bool(case.commitment.asked_w)
    calls = [
        (dispatch, rules.call(case, lower, is_something * abs(dispatch.target_w), now))
        for lower, dispatch in case.live
        if not rules.has_agreed(case, dispatch, now)
    ]
    if case.is_barred and any(d.target_w for _, d in case.live):
        yield Sign.BARRED
    is_turned = any(why_turned(d, call) for d, call in calls)
    if is_turned:
        yield Sign.TURNED
    total, signal = sum(abs(d.target_w) for _, d in case.live), case.commitment.event.signal
    is_other = any(modified(d, call, "") for d, call in calls)
    if not (is_turned or is_other):
        rules.agree(case, now)
    if is_other or (is_of_power(signal) and total != abs(case.commitment.asked_w)):
        yield Sign.CHANGED
    if is_missed(case, now):
        yield Sign.MISSED


def _differs(missing_w: int, told_w: int, tolerance_w: int) -> bool:
    """Whether another shortfall is to be told than the last one, all in W."""
    is_missing = missing_w > tolerance_w
    if is_missing != bool(told_w):
        return True
    return is_missing and abs(missing_w - told_w) > tolerance_w

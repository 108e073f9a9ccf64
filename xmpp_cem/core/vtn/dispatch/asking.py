"""What operators may ask of a domain, by the kind of signal, and why they may not."""

from xmpp_cem.core.vtn.dispatch.telling import who_are_meant
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import EVERYTHING, Event
from xmpp_cem.model.signal import (
    ChargeState,
    Delta,
    Limit,
    Place,
    Price,
    Share,
    Signal,
    TargetPower,
)


def why_not_asked(state: VtnState, event: Event) -> str:
    """Return why this is nothing that an operator may ask of the domain, or nothing."""
    if event.programme and (why := _why_in_none(event.signal)):
        return why
    if not event.wants_answer:
        return "members answer each event here: ask for an answer"
    if event.targets != EVERYTHING and not isinstance(event.signal, TargetPower):
        return "only a set point names resources; everything else is asked of all members"
    return _why_no_signal(state, event)


def _why_in_none(signal: Signal) -> str:
    """Return why a signal belongs to no programme, or nothing."""
    if isinstance(signal, Limit) and signal.is_mandatory:
        return "a mandatory limit admits no opt-out, and belongs to no programme"
    if isinstance(signal, Limit) and signal.at is not Place.TERMINALS:
        return "in a programme a limit is at the terminals of those who are called: say so"
    if not isinstance(signal, Delta | TargetPower | Limit):
        return "programmes are for changes of power, set points and limits"
    return ""


def _why_no_signal(  # noqa: PLR0911 one case per signal
    state: VtnState, event: Event
) -> str:
    signal = event.signal
    later = tuple(change.signal for change in event.changes)
    match signal:
        case Delta():
            return _why_no_delta(signal, later)
        case Limit():
            return _why_no_limit(state, signal, later)
        case TargetPower():
            return _why_no_set_point(state, event)
        case Price():
            currencies = {each.currency for each in (signal, *later) if isinstance(each, Price)}
            return "a price keeps its currency" if len(currencies) > 1 else ""
        case Share():
            return "an operator asks in W; the VTN makes shares of it"
        case ChargeState():
            return "no party follows charge states yet"
        case _:
            return ""


def _why_no_delta(signal: Delta, later: tuple[Signal, ...]) -> str:
    if signal.power_w == 0:
        return "an operator asks for a change of power in W, other than 0"
    powers = [each.power_w for each in later if isinstance(each, Delta)]
    if any(power_w * signal.power_w < 0 for power_w in powers):
        return "an event cannot turn from decrease to increase: create another"
    return ""


def _why_no_limit(state: VtnState, signal: Limit, later: tuple[Signal, ...]) -> str:
    if state.settings.tells_the_set:
        return f"the profile {state.settings.profile} of this domain cannot say limits"
    lasting = {
        each.model_copy(update={"limit_w": 0}) for each in (signal, *later) if each.kind == "limit"
    }
    if len(lasting) > 1:
        return "within an event only the W of a limit change: create another for the rest"
    return ""


def _why_no_set_point(state: VtnState, event: Event) -> str:
    if state.settings.tells_the_set and event.targets.resources:
        return f"the profile {state.settings.profile} of this domain names no resources"
    if event.targets.kinds:
        return "a set point names resources, not kinds"
    members = who_are_meant(state, event.targets)
    known = {r.id for m in members if m.capability for r in m.capability.resources}
    strange = sorted(set(event.targets.resources) - known)
    if strange:
        return f"no member has the resources {', '.join(strange)[:200]}"
    signals = (event.signal, *(change.signal for change in event.changes))
    places = {each.at for each in signals if isinstance(each, TargetPower)}
    if len(places) > 1:
        return "a set point keeps its place: create another event for the other"
    return "" if members else "there is no member here"

"""Compares a day that was played with the one that was reckoned, and with its limits."""

from bisect import bisect_right
from datetime import timedelta

from tests.day.reckoning import Site
from tests.day.script import CEILINGS
from xmpp_cem.model.signal import Limit

_HOUR = timedelta(hours=1)
FINE = 4
"""So many instants of a period of control are reckoned: a version may live for less than one."""


def power_at(trace, instant):
    """Return what a device drew at an instant, W."""
    return trace[max(0, bisect_right(trace, (instant, 10**9)) - 1)][1]


def differences(day, *, slack):
    """Return where a site's power is none of those reckoned within the slack of the instant.

    Args:
        day: that was played.
        slack: how many periods of control may pass between a message and the power.
    """
    period = day.pace.control
    count = int((day.at(day.steps) - day.begins) / period)
    instants = [day.begins + period * number for number in range(count)]
    finer = [instant + period * part / FINE for instant in instants for part in range(FINE)]
    found = []
    for site in day.sites:
        # What is seen of the failsafe is seen up to half a period after it was so.
        held = [(when - period / 2, is_held) for when, is_held in day.held.get(site, [])]
        reckoned = Site(site, day.told, day.spans, held, day.pace.report)
        line = reckoned.day(finer, FINE, 2 * period.total_seconds())
        for number, instant in enumerate(instants):
            near = line[max(0, number - slack) * FINE : (number + slack) * FINE + 1]
            power_w = power_at(day.devices[site].trace, instant + period / 2)
            if None not in near and power_w not in near:
                step = round((instant - day.begins) / day.pace.step, 2)
                found.append((site, step, power_w, sorted(set(near))))
    return found


def crossings(day, *, grace, every):
    """Return the instants at which a limit was crossed that its site had long enough to know.

    The customer's own hand and a fault of the device are no crossings of the site's: they win.
    """
    found = []
    for when, sites, event in day.told:
        if not isinstance(event.signal, Limit) or event.is_cancelled:
            continue
        replaced = [w for w, _, e in day.told if e.id == event.id and event.order < e.order]
        until = min([event.active.end, *replaced])
        for site in sites:
            instant = max(event.active.start, when + grace) + every / 10
            while instant < until:
                power_w = power_at(day.devices[site].trace, instant)
                if power_w > event.signal.limit_w and not _is_excused(day, site, instant, grace):
                    found.append((site, instant, power_w, event.signal.limit_w))
                instant += every
    return found


def excesses(day, *, grace, every):
    """Return the instants at which all sites together took more than the operator let them.

    For what changes at a site, as by its owner's hand, the VTN has as much time as for a change of
    the limit: it divides anew.
    """
    found = []
    turns = [turn for span in day.spans.values() for turn in span]
    for each in CEILINGS:
        instant = day.at(each.start) + every / 10
        while instant < day.at(day.steps):
            near = [_ceiling(day, each, instant - grace), _ceiling(day, each, instant)]
            is_turning = any(turn <= instant < turn + grace for turn in turns)
            if None not in near and not is_turning:
                power_w = sum(power_at(device.trace, instant) for device in day.devices.values())
                if power_w > max(near):
                    found.append((each.number, instant, power_w, max(near)))
            instant += every
    return found


def _ceiling(day, each, instant):
    """Return the limit that the operator had given for an instant by then, W."""
    said = [(each.told, each.limit_w, each.end), *each.changes]
    if each.cancelled is not None:
        said.append((each.cancelled, None, each.end))
    limit_w, end = [(limit_w, end) for told, limit_w, end in said if day.at(told) <= instant][-1]
    is_now = day.at(each.start) <= instant < day.at(end)
    return day.scaled(limit_w) if is_now and limit_w is not None else None


def _is_excused(day, site, instant, grace):
    return any(
        trouble.site == site
        and trouble.what in {"override", "fault", "power cut"}
        and begin <= instant < end + grace
        for trouble, (begin, end) in day.spans.items()
    )


def spans_held(day, site):
    """Return the spans in which a site held its failsafe limit."""
    seen = day.held.get(site, [])
    ends = [when for when, _ in seen[1:]] + [day.at(day.steps)]
    return [(a, b) for (a, is_held), b in zip(seen, ends, strict=False) if is_held]


def energies(day, site):
    """Return (start, by mean power, by register) of each window after another one, Wh.

    Windows in which nobody could read the device are left out: there unknown is not zero.
    """
    windows, length = day.windows[site], day.pace.report
    blind = [
        span for t, span in day.spans.items() if t.site == site and t.what in {"fault", "power cut"}
    ]
    return [
        (start, made.power_w * (length / _HOUR), made.import_wh - windows[start - length].import_wh)
        for start, made in sorted(windows.items())
        if start - length in windows
        and not any(begin < start + length and start - length < end for begin, end in blind)
    ]

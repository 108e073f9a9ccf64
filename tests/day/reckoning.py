"""What every site should have done on the scripted day, reckoned second by second from the events.

It shares nothing with the product but the events themselves: no timeline, no table, no rounding.
"""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.day.play import FAILSAFE_W
from tests.day.script import LESS_W, decrease_w, free_w
from xmpp_cem.model.signal import Limit

INCREASE_W = 1000


class Site:
    """One site's day.

    Args:
        name: the site.
        told: (when, sites or None for all, version).
        spans: trouble to (begin, end).
        held: (when, whether the failsafe limit is held), as was seen of it: of that the day
            judges the bounds, and properties the rest.
        report: length of a reporting window.
    """

    def __init__(self, name, told, spans, held, report):
        self.name, self.report, self.held = name, report, held
        self.told = [(when, e) for when, sites, e in told if sites is None or name in sites]
        self.spans = {t: span for t, span in spans.items() if t.site == name}
        self.known, self.promised, self.baselines = {}, {}, {}
        self.samples = []
        self.decider = self.decided = None

    def is_in(self, what, now):
        return any(t.what == what and a <= now < b for t, (a, b) in self.spans.items())

    def day(self, instants, fine, back_s):
        """Return the power of each instant, W; None where nobody can say.

        Args:
            instants: in order, evenly spaced.
            fine: every so many of them the site looks at its device.
            back_s: how long a lost site needs to hear what it missed, seconds.
        """
        self.told = [(self.heard(when, back_s), e) for when, e in self.told]
        return [
            self.look(now, is_sampled=number % fine == 0) for number, now in enumerate(instants)
        ]

    def heard(self, when, back_s):
        """Return when a version reaches the site."""
        for trouble, (begin, end) in self.spans.items():
            if trouble.what in {"lost", "power cut"} and begin <= when < end:
                return end + timedelta(seconds=back_s)
        return when

    def look(self, now, *, is_sampled):
        if self.is_in("power cut", now):
            self.samples = []
            return None
        for when, event in sorted(self.told, key=lambda entry: entry[0]):
            if when <= now:
                self.take(event, now)
        self.told = [(when, event) for when, event in self.told if when > now]
        if self.is_in("override", now) or self.is_in("fault", now):
            self.promised = {e: w for e, w in self.promised.items() if not w or self.over(e, now)}
        power_w = self.act(now)
        if self.is_in("fault", now):
            return None
        if is_sampled:
            # A device may have been read before it was told of its release.
            if self.decider is None and self.decided is None:
                self.samples.append((now, power_w))
            self.decided = self.decider
        return power_w

    def over(self, event_id, now):
        return now >= self.known[event_id].active.end

    def take(self, event, now):
        known = self.known.get(event.id)
        if known is not None and not known.order < event.order:
            return
        if known is not None and (known.is_cancelled or now >= known.active.end):
            return
        if now >= event.active.end and not event.is_cancelled:
            return
        self.known[event.id] = event
        if isinstance(event.signal, Limit):
            return
        is_fall = event.signal.direction == "decrease"
        able_w = decrease_w(self.name) if is_fall else INCREASE_W
        if self.is_in("override", event.signal.basis) or self.is_in("fault", event.signal.basis):
            able_w = 0
        asked = (event.signal.multiplier * able_w).to_integral_value(ROUND_HALF_UP)
        asked_w = int(Decimal(asked))
        self.promised.pop(event.id, None)
        refuses = self.is_in("refuses", now) and asked_w
        held = self.is_in("override", now) or self.is_in("fault", now)
        if event.is_cancelled or refuses or (held and event.signal.multiplier):
            return
        most_w = LESS_W if self.is_in("less", now) else asked_w
        self.promised[event.id] = (-1 if is_fall else 1) * min(asked_w, most_w)

    def act(self, now):
        """Return the power that events, limits and nothing else lead to, W."""
        own_w = free_w(self.name)
        acting = [
            e
            for e in self.known.values()
            if e.active.start <= now < e.active.end and not e.is_cancelled
        ]
        limit_w = min(
            (e.signal.limit_w for e in acting if isinstance(e.signal, Limit)), default=None
        )
        wanted = []
        for event in acting:
            if event.id in self.promised:
                if event.id not in self.baselines:
                    self.baselines[event.id] = self.baseline(event)
                wanted += [event] if self.promised[event.id] else []
        wanted.sort(key=lambda e: (e.priority, -e.created.timestamp()))
        self.decider, power_w = None, own_w
        if wanted and self.baselines[wanted[0].id] is not None:
            self.decider = wanted[0].id
            power_w = self.baselines[self.decider] + self.promised[self.decider]
        if self.is_in("override", now):
            return own_w
        if self.is_held(now):
            limit_w = min(FAILSAFE_W, FAILSAFE_W if limit_w is None else limit_w)
        return max(0, power_w if limit_w is None else min(power_w, limit_w))

    def is_held(self, now):
        seen = [is_held for when, is_held in self.held if when <= now]
        return bool(seen) and seen[-1]

    def baseline(self, event):
        start = event.active.start
        window = [w for at, w in self.samples if start - 3 * self.report <= at < start]
        if window:
            return sum(window) // len(window)
        earlier = [w for at, w in self.samples if at < start]
        if earlier:
            return earlier[-1]
        if self.samples:
            return self.samples[0][1]
        return self.baselines.get(self.decider)

"""A site: a VEN that controls its own resources."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xmpp_cem.core.concerns import Concern, about_vtn
from xmpp_cem.core.effects import Actuate, Effect, Note, ReadDevices, SetTimer
from xmpp_cem.core.inputs import (
    Decided,
    Input,
    LinkChanged,
    Measured,
    OwnerSaid,
    Started,
    TimerFired,
)
from xmpp_cem.core.life.life import Cause
from xmpp_cem.core.overriding import Overriding, why_held
from xmpp_cem.core.readings.sampling import resource_of
from xmpp_cem.core.records import Commitment, Record
from xmpp_cem.core.timeline.ranking import ranking
from xmpp_cem.core.ven.eventacts import Happening, Word
from xmpp_cem.core.ven.losing import lost_after_s, released
from xmpp_cem.core.ven.rejudging import rejudged
from xmpp_cem.core.ven.site.alarming import Alarming
from xmpp_cem.core.ven.site.cycling import Cycling
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.core.ven.site.guarding import Guarding
from xmpp_cem.core.ven.site.plan import Plan, plan
from xmpp_cem.core.ven.site.preparing import drawn, moves_power, prepared, window_of
from xmpp_cem.core.ven.site.reporting import Reporting
from xmpp_cem.core.ven.site.takingback import Mending, asked_anew, held, left_w, taken_back
from xmpp_cem.core.ven.stages import outcome, told
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.envelope import Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.ids import EventId, ResourceId
from xmpp_cem.model.signal import Level, Price

_TICK = "site/control"
FOLLOWS = frozenset({"delta", "multiplier", "set-point", "limit", "price", "level"})
"""Kinds of signals that a site can follow."""


@dataclass(frozen=True)
class SiteSettings:
    """What a site is configured with.

    Args:
        ven: as a VEN.
        control_every: period of its control loop.
        failsafe: what it holds when it knows nothing; None: it trusts what it last knew.
    """

    ven: VenSettings
    control_every: timedelta = timedelta(seconds=1)
    failsafe: FailsafeSettings | None = None


class Site:
    """Timeline to set points to devices to readings, level-triggered from what is remembered."""

    def __init__(self, settings: SiteSettings) -> None:
        self._settings = settings
        told = settings.failsafe.told if settings.failsafe else None
        self.ven = Ven(replace(settings.ven, follows=FOLLOWS, failsafe=told))
        self._guarding = Guarding(settings.failsafe, self.ven)
        self._reporting = Reporting(self.ven)
        self._sampling = self._reporting.sampling
        self._overriding = Overriding(settings.ven.party)
        self._alarming = Alarming(settings.ven.party)
        self._cycling = Cycling()
        self._mending = Mending()
        self._free_w: dict[ResourceId, int] = {}
        self._plan = self._last_plan = Plan()

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart."""
        self.ven.restore(record)

    def handle(  # noqa: PLR0911 one case per input
        self, what: Input, now: datetime
    ) -> list[Effect]:
        """Return what one input leads to."""
        match what:
            case Started():
                self._free_w |= dict(self.ven.state.record.free)
                guarded = self._guarding.start(now)
                return [*self.ven.handle(what, now), *guarded, SetTimer(_TICK, now)]
            case TimerFired(key=key) if key == _TICK:
                return self._tick(now)
            case Measured(samples=samples):
                return self._measured(samples, now)
            case Decided():
                return self.ven.handle(self._kept_to(what, now), now)
            case OwnerSaid(enrolments=enrolments, schedules=schedules):
                is_new = self.ven.state.rules.say(enrolments, schedules)
                return self._spoken(now) if is_new else []
            case LinkChanged(is_up=is_up):
                self._guarding.linked(now, is_up=is_up)
                return self.ven.handle(what, now)
            case _:
                return self.ven.handle(what, now)

    def _spoken(self, now: datetime) -> list[Effect]:
        """Act on what our customer now says, and tell our VTN."""
        ven = self.ven
        told = ven.register(Verb.CREATE, now) if ven.state.can_register else []
        return [*rejudged(ven.state, ven.book, now), *told]

    def concerns(self, _now: datetime) -> tuple[Concern, ...]:
        """Return what is not as it should be."""
        return about_vtn(self.ven.vtn_silent_since)

    def _tick(self, now: datetime) -> list[Effect]:
        """Apply the desired state again and look at the devices: nothing acts from a message."""
        effects: list[Effect] = [SetTimer(_TICK, now + self._settings.control_every)]
        effects += released(self.ven, now, has_failsafe=self._settings.failsafe is not None)
        effects += self._guarding.look(
            now, is_limited=self._plan.is_limited, lost_after_s=lost_after_s(self.ven)
        )
        effects += self._prepared(now)
        before = self._last_plan = self._plan
        newest = () if self._guarding.is_blind(now) else self.ven.book.commitments.newest()
        samples = self._sampling.latest
        caps, responses = self._guarding.caps, self.ven.settings.responses
        wanted = plan(newest, caps, samples, self._free_w, now, responses)
        self._plan = self._cycling.held(wanted, samples, now)
        effects += self._explained(before)
        effects += self._freed(before)
        effects += self._ranked(now)
        effects += self._told(before.causes, now)
        points = tuple(
            SetPoint(resource=name, power_w=setting.power_w)
            for name, setting in self._plan.settings.items()
        )
        return [*effects, Actuate(points), ReadDevices()]

    def _ranked(self, now: datetime) -> list[Effect]:
        """Tell the book which events yield to a higher priority, and which decide again."""
        segments = [setting.segment for setting in self._plan.settings.values()]
        effects: list[Effect] = []
        for commitment in list(self.ven.book.live()):
            cause = ranking(commitment.event.id, segments)
            if cause is not None:
                what = Happening(cause, Word(), now)
                effects += self.ven.book.happened(commitment.event.id, what)
        return effects

    def _prepared(self, now: datetime) -> list[Effect]:
        """Draw offsets of what is new, and fix baselines and shares of what begins or changes."""
        effects: list[Effect] = []
        for commitment in list(self.ven.book.live()):
            ready = drawn(commitment, self.ven.state.record.seed, self.ven.settings.party, now)
            window = window_of(ready)
            if moves_power(ready) and window and window.window.contains(now):
                over = 3 * self.ven.report_every
                ready = prepared(ready, self._sampling, over, self._moved(ready))
            if ready != commitment:
                effects.append(self.ven.book.keep(ready))
        return effects

    def _moved(self, other: Commitment) -> dict[ResourceId, int]:
        """Return the baselines of resources that other events move already."""
        found: dict[ResourceId, int] = {}
        for commitment in self.ven.book.live():
            if commitment.event.id != other.event.id and commitment.event.id in self._plan.causes:
                found |= {
                    r: w for r, w in commitment.baselines or () if dict(commitment.shares).get(r)
                }
        return found

    def _explained(self, before: Plan) -> list[Effect]:
        """Say why a set point has changed."""
        effects: list[Effect] = []
        for name, setting in self._plan.settings.items():
            known = before.settings.get(name)
            if (known.power_w if known else None) != setting.power_w:
                power = "free" if setting.power_w is None else f"{setting.power_w} W"
                why = setting.segment.why
                fields = (("resource", name), ("power", power), ("why", why))
                effects.append(Note("info", "set point", fields))
        return effects

    def _freed(self, before: Plan) -> list[Effect]:
        """Note what each resource does when nobody decides, and keep it while a limit holds it.

        What was read right after a release is still the power that an event had moved. After a
        restart in an event its baseline says what is not read.
        """
        powers = {sample.resource: sample.power_w for sample in self._sampling.latest}
        for name, setting in self._plan.settings.items():
            was = before.settings.get(name)
            if setting.power_w is None and (was is None or was.power_w is None):
                self._free_w[name] = powers[name]
            elif name not in self._free_w:
                cause = self.ven.book.commitments.get(setting.segment.cause or "")
                known = dict(cause.baselines or ()) if cause else {}
                self._free_w[name] = known.get(name, powers[name])
        held = tuple(
            (name, self._free_w[name])
            for name, setting in sorted(self._plan.settings.items())
            if setting.power_w is not None and setting.segment.limits
        )
        return [] if held == self.ven.state.record.free else [self.ven.state.save(free=held)]

    def _told(self, before: frozenset[EventId], now: datetime) -> list[Effect]:
        """Tell the VTN, once, that an event has begun or ended to move power."""
        effects: list[Effect] = []
        current = self._plan.causes
        changes = [(event_id, StatusType.STOPPED) for event_id in sorted(before - current)]
        changes += [(event_id, StatusType.STARTED) for event_id in sorted(current - before)]
        party, samples = self.ven.settings.party, self._sampling.latest
        for event_id, kind in changes:
            commitment = self.ven.book.commitments.get(event_id)
            if commitment is None:
                continue
            is_over = kind is StatusType.STOPPED
            end = outcome(commitment, samples, party, now) if is_over else ()
            effects += self.ven.tell(told(commitment, kind, party, now), now, *end)
            fields = (("event_id", event_id), ("what", kind.name.lower()))
            effects.append(Note("info", "event moves power", fields))
        return effects

    def _measured(self, samples: tuple[Sample, ...], now: datetime) -> list[Effect]:
        self._cycling.saw(samples, now)
        # Devices may have been read before they were told of this plan.
        moved = self._plan.moved | self._last_plan.moved
        effects = self._reporting.measured(samples, moved, now)
        self.ven.state.override_ends = {s.resource: s.overridden_until for s in samples}
        resources = (resource_of(each, now, self._committed_w(each.resource)) for each in samples)
        shown = tuple(self._guarding.shown(resource) for resource in resources)
        effects += self.ven.update(shown, now)
        event = next(iter(sorted(self._plan.causes)), None)
        for status in self._overriding.look(samples, event, now):
            effects += self.ven.tell(status, now)
        effects += [*self._alarmed(samples, now), *self._overridden(samples, now)]
        unended = self.ven.book.commitments.after(now)
        for known in self._mending.look(samples, unended, now):
            effects += asked_anew(self.ven.book, known, now)
        return effects

    def _committed_w(self, resource: ResourceId) -> int:
        """Return by how much the event that decides for a resource has changed its power, W."""
        setting = self._plan.settings.get(resource)
        cause = self.ven.book.commitments.get((setting.segment.cause if setting else None) or "")
        return dict(cause.shares).get(resource, 0) if cause else 0

    def _alarmed(self, samples: tuple[Sample, ...], now: datetime) -> list[Effect]:
        """Tell, once, which mandatory limits are not kept, and why."""
        effects: list[Effect] = []
        for status in self._alarming.look(self.ven.book.live(), samples, now):
            what = Happening(Cause.PREVENTED, Word(0, status.reason), now)
            effects += self.ven.book.happened(status.event or "", what)
            fields = (("event_id", status.event or ""), ("why", status.reason))
            effects += [Note("error", "a limit is not kept", fields), *self.ven.tell(status, now)]
        return effects

    def _overridden(self, samples: tuple[Sample, ...], now: datetime) -> list[Effect]:
        """Let the customer's local override win: take back what it makes impossible, and say so."""
        effects: list[Effect] = []
        for known in list(self.ven.book.live()):
            answer = known.answer
            is_response = isinstance(known.event.signal, Price | Level)
            if answer is None or answer.opt is Opt.OUT or not answer.power_w or is_response:
                continue
            if not held(known.event, samples, now):
                continue
            commitment = taken_back(known, samples, now)
            if commitment != known:
                effects.append(self.ven.book.keep(commitment))
            power_w = left_w(commitment, answer.power_w, samples, now)
            opt = Opt.IN if power_w else Opt.OUT
            why = why_held(samples)
            until = answer.until
            effects += self.ven.book.answer(commitment, opt, power_w, why, now, until)
        return effects

    def _kept_to(self, decision: Decided, now: datetime) -> Decided:
        """Return a decision that promises nothing of what cannot be moved."""
        samples = self._sampling.latest
        commitment = self.ven.book.commitments.get(decision.event)
        if commitment is None or not decision.power_w:
            return decision
        is_response = isinstance(commitment.event.signal, Price | Level)
        if is_response or not held(commitment.event, samples, now):
            return decision
        power_w = left_w(commitment, decision.power_w, samples, now)
        if power_w == decision.power_w:
            return decision
        opt = decision.opt if power_w else Opt.OUT
        why = decision.reason or why_held(samples)
        return replace(decision, opt=opt, power_w=power_w, reason=why)

"""A site: a VEN that controls its own resources."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.core.concerns import Concern, about_vtn
from xmpp_cem.core.control import acting, prepared, set_points
from xmpp_cem.core.effects import Actuate, Effect, Note, ReadDevices, SetTimer
from xmpp_cem.core.inputs import Input, Measured, Started, TimerFired
from xmpp_cem.core.records import Commitment, Record
from xmpp_cem.core.sampling import Sampling, resource_of
from xmpp_cem.core.ven import Ven
from xmpp_cem.core.venstate import VenSettings
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import derived_id

_TICK = "site/control"


@dataclass(frozen=True)
class SiteSettings:
    """What a site is configured with; `control_every` is the period of its control loop."""

    ven: VenSettings
    control_every: timedelta = timedelta(seconds=1)


class Site:
    """Timeline to set points to devices to readings, level-triggered from what is remembered."""

    def __init__(self, settings: SiteSettings) -> None:
        self._settings = settings
        self.ven = Ven(settings.ven)
        self._sampling = Sampling()
        self._acting: str | None = None

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart."""
        self.ven.restore(record)

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to."""
        match what:
            case Started():
                return [*self.ven.handle(what, now), SetTimer(_TICK, now)]
            case TimerFired(key=key) if key == _TICK:
                return self._tick(now)
            case Measured(samples=samples):
                return self._measured(samples, now)
            case _:
                return self.ven.handle(what, now)

    def concerns(self, _now: datetime) -> tuple[Concern, ...]:
        """Return what is not as it should be."""
        return about_vtn(self.ven.vtn_silent_since)

    def _tick(self, now: datetime) -> list[Effect]:
        """Apply the desired state again and look at the devices: nothing acts from a message."""
        effects: list[Effect] = [SetTimer(_TICK, now + self._settings.control_every)]
        commitment = acting(self.ven.book.live(), now)
        if commitment:
            ready = prepared(commitment, self._sampling, 3 * self.ven.report_every)
            if ready != commitment:
                effects.append(self.ven.book.keep(ready))
            commitment = ready
        effects += self._told(commitment, now)
        return [*effects, Actuate(set_points(commitment, self._sampling)), ReadDevices()]

    def _told(self, commitment: Commitment | None, now: datetime) -> list[Effect]:
        """Tell the VTN, once, that an event has begun or ended to move power."""
        current = commitment.event.id if commitment else None
        if current == self._acting:
            return []
        effects: list[Effect] = []
        for event_id, kind in ((self._acting, StatusType.STOPPED), (current, StatusType.STARTED)):
            if event_id:
                status_id = derived_id("status", self.ven.settings.party, event_id, kind, now)
                status = Status(id=status_id, type=kind, at=now, event=event_id)
                effects += self.ven.tell(status, now)
                fields = (("event_id", event_id), ("what", kind.name.lower()))
                effects.append(Note("info", "event moves power", fields))
        self._acting = current
        return effects

    def _measured(self, samples: tuple[Sample, ...], now: datetime) -> list[Effect]:
        readings = self._sampling.take(samples, now, self.ven.report_every)
        effects = self.ven.report(readings, now) if readings else []
        effects += self.ven.update(tuple(resource_of(sample) for sample in samples), now)
        return effects + self._overridden(samples, now)

    def _overridden(self, samples: tuple[Sample, ...], now: datetime) -> list[Effect]:
        """Let the customer's local override win: take back what it makes impossible, and say so."""
        held = {s.resource for s in samples if s.is_overridden or s.is_faulty}
        if not held:
            return []
        effects: list[Effect] = []
        for commitment in list(self.ven.book.live()):
            answer = commitment.answer
            if answer is None or answer.opt is Opt.OUT:
                continue
            mean = commitment.event.targets.mean
            able = [s for s in samples if s.resource not in held and mean(s.resource, s.kind)]
            is_fall = answer.power_w < 0
            able_w = sum(
                dict(commitment.limits).get(s.resource, s.decrease_w if is_fall else s.increase_w)
                for s in able
            )
            power_w = min(abs(answer.power_w), able_w)
            opt = Opt.IN if power_w else Opt.OUT
            signed = -power_w if is_fall else power_w
            effects += self.ven.book.answer(commitment, opt, signed, "local override", now)
        return effects

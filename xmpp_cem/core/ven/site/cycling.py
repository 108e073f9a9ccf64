"""Minimum run and rest: no resource is switched more often than its physics bears."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xmpp_cem.core.timeline.trajectory import Setting
from xmpp_cem.core.ven.site.plan import Plan
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.limits import Limits


@dataclass
class _Cycle:
    """What was last seen of a resource, and since when it runs or rests; None: for long enough."""

    power_w: int
    since: datetime | None = None


class Cycling:
    """Holds set points back while a resource has to run on, or to rest on.

    It is physics, so that a limit does not shorten it: power that it holds beyond a limit is told.
    What runs or rests at the first look after a start may have done so for long.
    """

    def __init__(self) -> None:
        self._cycles: dict[ResourceId, _Cycle] = {}

    def saw(self, samples: tuple[Sample, ...], now: datetime) -> None:
        """Note what resources do; what a faulty one did last says nothing."""
        for sample in samples:
            if sample.is_faulty:
                continue
            cycle = self._cycles.setdefault(sample.resource, _Cycle(sample.power_w))
            if (cycle.power_w == 0) != (sample.power_w == 0):
                cycle.since = now
            cycle.power_w = sample.power_w

    def held(self, plan: Plan, samples: tuple[Sample, ...], now: datetime) -> Plan:
        """Return the plan with set points that run on, or rest on, where they must."""
        limits = {sample.resource: sample.limits for sample in samples if sample.limits}
        settings = {
            name: self._setting(name, setting, limits.get(name), now)
            for name, setting in plan.settings.items()
        }
        return Plan(settings)

    def _setting(
        self, name: ResourceId, setting: Setting, limits: Limits | None, now: datetime
    ) -> Setting:
        cycle = self._cycles.get(name)
        if limits is None or cycle is None or cycle.since is None or setting.power_w is None:
            return setting
        is_running = cycle.power_w != 0
        least_s = limits.min_run_s if is_running else limits.min_rest_s
        rest = cycle.since + timedelta(seconds=least_s) - now
        if is_running == (setting.power_w != 0) or rest <= timedelta(0):
            return setting
        power_w = _least_w(limits, cycle.power_w) if is_running else 0
        what = "must run" if is_running else "must rest"
        why = f"{setting.segment.why}; {what} on for {rest.total_seconds():.0f} s"
        return replace(setting, power_w=power_w, segment=replace(setting.segment, why=why))


def _least_w(limits: Limits, power_w: int) -> int:
    """Return the least power of running on the side that runs, W."""
    if power_w > 0:
        return limits.least_import_w or limits.feasible(power_w)
    return -limits.least_export_w or limits.feasible(power_w)

"""Minimum run and rest: a resource is not switched more often than its physics bears."""

from datetime import datetime, timedelta

from xmpp_cem.model.limits import Limits


class Cycling:
    """Holds a set point back while the resource has to run on, or to rest on."""

    def __init__(self) -> None:
        self._power_w: int | None = None
        self._since: datetime | None = None

    def saw(self, power_w: int, now: datetime) -> None:
        """Note the power that was read, W; what runs at the first look may have run for long."""
        if self._power_w is not None and (self._power_w == 0) != (power_w == 0):
            self._since = now
        self._power_w = power_w

    def allowed(self, power_w: int, limits: Limits, now: datetime) -> int:
        """Return the power to ask for, W: the wanted one, or that of going on as it is."""
        if self._power_w is None or self._since is None:
            return power_w
        is_running = self._power_w != 0
        if is_running == (power_w != 0):
            return power_w
        least_s = limits.min_run_s if is_running else limits.min_rest_s
        if now - self._since >= timedelta(seconds=least_s):
            return power_w
        return self._least(limits) if is_running else 0

    def _least(self, limits: Limits) -> int:
        """Return the least power of running on the side that runs, W."""
        if (self._power_w or 0) > 0:
            return limits.least_import_w or limits.feasible(self._power_w or 0)
        return -limits.least_export_w or limits.feasible(self._power_w or 0)

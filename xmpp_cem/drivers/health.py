"""Whether what a driver says is plausible, and whether its resource follows its set point."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from xmpp_cem.drivers.driver import Reading
from xmpp_cem.model.flexibility import Forecasts, Offered
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.reading import Corrections

_S_PER_H = 3600
_FORECASTS: TypeAdapter[Forecasts] = TypeAdapter(Forecasts)
_CORRECTIONS: TypeAdapter[Corrections] = TypeAdapter(Corrections)
_LONGEST_DOUBT = timedelta(hours=1)
_LEAST_W = 100
_MARGIN = 0.1
_SLACK_WH = 50
"""Registers are whole Wh, and some devices count in steps of ten."""


_FULL = 1000
_OPTIONAL = ("import_wh", "export_wh", "stored_wh", "charge_permille", "needed_wh")
_NUMBERS = ("power_w", "increase_w", "decrease_w", *_OPTIONAL)


def margin_w(limits: Limits) -> int:
    """Return how far power may miss before it counts, W: a tenth of the rating, at least 100 W."""
    rated = max(limits.rated_import_w, limits.rated_export_w)
    return max(_LEAST_W, round(rated * _MARGIN))


@dataclass(frozen=True)
class Look:
    """A reading and when it was taken, UTC."""

    at: datetime
    reading: Reading


def doubt(reading: Reading, limits: Limits) -> str:
    """Return why a reading cannot be true by itself, or nothing."""
    return _of_numbers(reading) or _of_power(reading, limits) or _of_times_to_come(reading)


def _of_numbers(reading: Reading) -> str:
    for name in _NUMBERS:
        value = getattr(reading, name)
        if value is None and name in _OPTIONAL:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{name} is {value!r} and no whole number"
        if name != "power_w" and value < 0:
            return f"{name} is negative: {value}"
    if (reading.charge_permille or 0) > _FULL:
        return f"charge_permille is above {_FULL}: {reading.charge_permille}"
    if reading.departs is not None and reading.departs.tzinfo is None:
        return f"departs has no time zone: {reading.departs}"
    return ""


def _of_times_to_come(reading: Reading) -> str:
    if reading.offered is not None and not isinstance(reading.offered, Offered):
        return f"offered is {reading.offered!r} and no offer"
    for name, kind in (("forecast", _FORECASTS), ("corrections", _CORRECTIONS)):
        try:
            kind.validate_python(getattr(reading, name))
        except ValidationError as error:
            return f"{name}: {error.errors(include_url=False)[0]['msg']}"
    return ""


def _of_power(reading: Reading, limits: Limits) -> str:
    margin = margin_w(limits)
    highest, lowest = limits.rated_import_w + margin, -limits.rated_export_w - margin
    for name, power in (
        ("power", reading.power_w),
        ("power with increase", reading.power_w + reading.increase_w),
        ("power with decrease", reading.power_w - reading.decrease_w),
    ):
        if not lowest <= power <= highest:
            return f"{name} of {power} W is beyond the ratings"
    return ""


def jump(look: Look, before: Look | None, limits: Limits) -> str:
    """Return why the registers of a reading cannot follow those before, or nothing.

    Args:
        look: the new reading, true by itself.
        before: the one before, true by itself.
        limits: what the resource's physics allows.
    """
    if before is None:
        return ""
    seconds = (look.at - before.at).total_seconds()
    for name, rated_w in (
        ("import_wh", limits.rated_import_w),
        ("export_wh", limits.rated_export_w),
    ):
        new, old = getattr(look.reading, name), getattr(before.reading, name)
        if new is None or old is None:
            continue
        possible = (rated_w + margin_w(limits)) * max(0.0, seconds) / _S_PER_H
        if new < old:
            return f"{name} fell from {old} to {new}"
        if new - old > possible * (1 + _MARGIN) + _SLACK_WH:
            return f"{name} rose by {new - old} Wh in {seconds:g} s"
    return ""


class Following:
    """Watches whether a resource goes where its set point is, as far as it says that it can.

    A device that says it cannot move is believed; one that offers flexibility and does not deliver
    it lies. Ramp, minimum run and minimum rest are granted on top of the patience. Who has lied is
    doubted until it follows a set point, or for a time that doubles, up to an hour.

    Args:
        patience: how long a resource may stay away from its set point.
    """

    def __init__(self, patience: timedelta) -> None:
        self._patience = patience
        self._power_w: int | None = None
        self._away_since: datetime | None = None
        self._doubted_until: datetime | None = None
        self._doubts = 0
        self._reason = ""

    def doubt(self, look: Look, power_w: int | None, limits: Limits) -> str:
        """Return that the resource has not followed for too long, or nothing.

        Args:
            look: the new reading.
            power_w: the set point in force, W; None: free.
            limits: what the resource's physics allows.
        """
        if power_w != self._power_w:
            self._power_w, self._away_since = power_w, None
        away_w = self._away_w(look.reading, power_w, limits)
        if away_w:
            self._stray(look, away_w, limits)
        else:
            self._away_since = None
            if power_w is not None and abs(power_w - look.reading.power_w) <= margin_w(limits):
                self._doubted_until, self._doubts = None, 0
        is_doubted = self._doubted_until is not None and look.at < self._doubted_until
        return self._reason if is_doubted else ""

    def _stray(self, look: Look, away_w: int, limits: Limits) -> None:
        if self._away_since is None:
            self._away_since = look.at
        if look.at - self._away_since <= self._patience + _needed(away_w, limits):
            return
        if self._doubted_until is None or look.at >= self._doubted_until:
            self._doubts += 1
            hold = min(self._patience * 2 ** min(self._doubts, 16), _LONGEST_DOUBT)
            self._doubted_until = look.at + hold
        self._reason = f"does not follow: {look.reading.power_w} W instead of {self._power_w} W"

    def _away_w(self, reading: Reading, power_w: int | None, limits: Limits) -> int:
        """Return how far the resource is from where it says it can go, W, or 0."""
        if power_w is None or reading.overridden:
            return 0
        missing = power_w - reading.power_w
        able = reading.increase_w if missing > 0 else reading.decrease_w
        margin = margin_w(limits)
        return abs(missing) if abs(missing) > margin and able > margin else 0


def _needed(away_w: int, limits: Limits) -> timedelta:
    ramp_s = away_w / limits.ramp_w_per_s if limits.ramp_w_per_s else 0
    return timedelta(seconds=ramp_s + max(limits.min_run_s, limits.min_rest_s))

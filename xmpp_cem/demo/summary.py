"""What the demonstration showed, for people and for programs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rich.table import Table

from xmpp_cem.demo.plan import GRID, REPORT_S, Plan
from xmpp_cem.demo.story import Outcome
from xmpp_cem.demo.tally import Tally

_TOLERANCE = 0.1
_NOTICED_WITHIN_S = 30.0
_REASONS_SHOWN = 3


@dataclass(frozen=True)
class Summary:
    """Figures, and the reasons why the demonstration failed, if it did."""

    figures: dict[str, Any]
    lost: list[str]
    duplicated: list[str]
    reasons: list[str]

    @property
    def is_good(self) -> bool:
        """Whether all that was promised was seen."""
        return not self.reasons


def summarise(plan: Plan, outcome: Outcome, tally: Tally, server: str, seconds: float) -> Summary:
    """Return what was seen; power in W, signed: a decrease is negative."""
    aggregators = tuple(a.party for a in plan.aggregators)
    end = outcome.active.end if outcome.active else None
    lost = tally.lost(timedelta(seconds=REPORT_S), frozenset({plan.killed.party}), end)
    duplicated = tally.duplicated()
    mean = tally.changed_w(aggregators, outcome.active) if outcome.active else None
    active_s = outcome.active.duration.total_seconds() if outcome.active else 0.0
    values: dict[str, Any] = {
        "server": server,
        "levels": 3,
        "vens": len(plan.agents) - 1,
        "target_w": outcome.target_w,
        "delivered_w_mean": None if mean is None else round(mean),
        "delivered_wh": None if mean is None else round(mean * active_s / 3600),
        **tally.opts(aggregators),
        "redivisions": tally.redivisions,
        "lost": len(lost),
        "duplicated": len(duplicated),
        "override_seen_s": _rounded(outcome.override_seen_s),
        "kill_seen_s": _rounded(outcome.kill_seen_s),
        "division_reasons": list(tally.divisions),
        "failsafe_w": outcome.failsafe_w,
        "failsafe_seen_s": _rounded(outcome.failsafe_seen_s),
        "failsafe_left_s": _rounded(outcome.failsafe_left_s),
        "seconds": round(seconds, 1),
    }
    reasons = _reasons(values, lost, duplicated)
    if not tally.is_completed:
        reasons.append("not every domain told that the event has ended")
    return Summary(values, lost, duplicated, reasons)


def answers(plan: Plan, tally: Tally) -> Table:
    """Return who answered what, level by level."""
    shown = Table(title="Who answered what", title_justify="left", box=None, padding=(0, 1))
    for column in ("party", "answer", "promised", "at the end", "why"):
        shown.add_column(column, justify="right" if column == "promised" else "left")
    for domain in plan.domains:
        for (where, _), record in tally.records.items():
            for share in record.shares if where == domain else ():
                answer = "silent" if share.opt is None else share.opt.value
                indent = "" if domain == GRID else "  "
                promised = f"{share.promised_w / 1000:+.1f} kW"
                name = indent + share.party
                shown.add_row(name, answer, promised, share.availability.value, share.reason)
    return shown


def figures(summary: Summary) -> Table:
    """Return the figures with units that people read."""
    values = summary.figures
    shown = Table(title="Summary", title_justify="left", box=None, show_header=False)
    shown.add_row("asked for", f"{values['target_w'] / 1000:+.1f} kW")
    if values["delivered_w_mean"] is not None:
        mean, energy = values["delivered_w_mean"] / 1000, values["delivered_wh"] / 1000
        shown.add_row("delivered", f"{mean:+.1f} kW on average, {energy:+.2f} kWh")
    sites = (f"{values[n]} {n.replace('_', ' ')}" for n in ("opt_in", "opt_out", "unreachable"))
    shown.add_row("sites", ", ".join(sites))
    shown.add_row("divided anew", f"{values['redivisions']} times")
    shown.add_row("override seen after", f"{values['override_seen_s']} s")
    shown.add_row("loss seen after", f"{values['kill_seen_s']} s")
    for why in values["division_reasons"][-_REASONS_SHOWN:]:
        shown.add_row("because", why)
    held, left = values["failsafe_seen_s"], values["failsafe_left_s"]
    shown.add_row("failsafe held, left after", f"{held} s, {left} s")
    shown.add_row("lost, came twice", f"{values['lost']}, {values['duplicated']}")
    shown.add_row("on", f"{values['server']}, in {values['seconds']} s")
    return shown


def _reasons(values: dict[str, Any], lost: list[str], duplicated: list[str]) -> list[str]:
    reasons = [f"lost: {what}" for what in lost] + [f"came twice: {what}" for what in duplicated]
    mean, target = values["delivered_w_mean"], values["target_w"]
    if mean is None:
        reasons.append("nothing was measured")
    elif abs(mean - target) > abs(target) * _TOLERANCE:
        reasons.append(f"delivered {mean} W on average instead of {target} W")
    for name in ("override_seen_s", "kill_seen_s"):
        seconds = values[name]
        if seconds is None or seconds > _NOTICED_WITHIN_S:
            reasons.append(f"{name} is {seconds}; presence should have shown it in seconds")
    reasons += [
        f"{name} is not known; the site should have shown it in its presence"
        for name in ("failsafe_seen_s", "failsafe_left_s")
        if values[name] is None
    ]
    return reasons + _too_few(values)


def _too_few(values: dict[str, Any]) -> list[str]:
    reasons = []
    for name, least in (("redivisions", 2), ("opt_in", 1), ("opt_out", 1), ("unreachable", 1)):
        if values[name] < least:
            reasons.append(f"{name} is {values[name]}, at least {least} was expected")
    return reasons


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)

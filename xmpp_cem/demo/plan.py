"""Who takes part in the demonstration, and how large everything is."""

from dataclasses import dataclass, field
from typing import Any

HOST = "xmpp.localhost"
GRID = "grid"
OPERATOR = "operator"
TESTER = "tester"

LEAD_S, DURATION_S, ANSWER_S, REPORT_S = 10, 60, 6, 5
"""The event starts this long after its creation and lasts; answers are due; windows; seconds."""

TARGET_W = 60_000
"""The most that is asked for, W; less when the sites offer less than they should."""

FAILSAFE_W, VTN_LOST_S = 5_000, 25
"""What one site takes at most without its VTN, W, and after how long it gives it up, seconds."""

TARGET_SHARE = 0.62
"""Of what is offered, so that the others can carry a site that drops out."""


@dataclass(frozen=True)
class Site:
    """A VEN with resources; each resource is the table of its configuration."""

    party: str
    resources: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Aggregator:
    """A gateway: a VEN of the grid's domain and the VTN of its own."""

    party: str
    sites: tuple[Site, ...]

    @property
    def vtn(self) -> str:
        """Local part of its VTN account; its VEN account is named after the party."""
        return f"vtn-{self.party}"


@dataclass(frozen=True)
class Plan:
    """The hierarchy: grid, aggregators, sites."""

    aggregators: tuple[Aggregator, ...] = field(default_factory=lambda: (_north(), _south()))

    @property
    def sites(self) -> tuple[Site, ...]:
        """All sites."""
        return tuple(site for aggregator in self.aggregators for site in aggregator.sites)

    @property
    def domains(self) -> dict[str, str]:
        """Domain to the local part of its VTN account."""
        return {GRID: "vtn-grid"} | {a.party: a.vtn for a in self.aggregators}

    @property
    def accounts(self) -> tuple[str, ...]:
        """Local parts of all accounts."""
        parties = [a.party for a in self.aggregators] + [site.party for site in self.sites]
        return (*self.domains.values(), *parties, OPERATOR, TESTER)

    @property
    def agents(self) -> tuple[str, ...]:
        """The parties that run as processes, from the top."""
        aggregators = tuple(a.party for a in self.aggregators)
        return (GRID, *aggregators, *(site.party for site in self.sites))

    @property
    def overridden(self) -> Site:
        """The site whose owner takes over during the event."""
        return self.aggregators[0].sites[0]

    @property
    def guarded(self) -> Site:
        """The site that falls back to a limit of its own when its aggregator is gone."""
        return self.aggregators[1].sites[2]

    @property
    def killed(self) -> Site:
        """The site whose process is killed during the event."""
        return self.aggregators[1].sites[1]


def _north() -> Aggregator:
    sites = (
        Site("bakery", (_battery(12_000), _ev(1), _heat_pump(4), _load("commerce", 1))),
        Site("school", (_battery(10_000), _ev(1), _pv(1), _load("commerce", 1))),
        Site("depot", (_battery(8_000), _ev(1), _ev(2), _load("commerce", 1))),
    )
    return Aggregator("north", sites)


def _south() -> Aggregator:
    sites = (
        Site("farm", (_battery(20_000), _heat_pump(4), _pv(2), _load("household", 2))),
        Site("hotel", (_battery(12_000), _ev(1), _heat_pump(4), _load("commerce", 1))),
        Site("flats", (_battery(8_000), _ev(1), _ev(2), _load("household", 6))),
    )
    return Aggregator("south", sites)


def _battery(rated_w: int) -> dict[str, Any]:
    return {
        "id": "battery",
        "kind": "battery",
        "rated_charge_w": rated_w,
        "rated_discharge_w": rated_w,
        "capacity_wh": 2 * rated_w,
        "soc_start_percent": 60,
    }


def _ev(number: int) -> dict[str, Any]:
    return {"id": f"ev-{number}", "kind": "ev", "rated_w": 11_000, "energy_needed_wh": 45_000}


def _heat_pump(scale: int) -> dict[str, Any]:
    return {
        "id": "heat-pump",
        "kind": "heat-pump",
        "rated_w": 2_000 * scale,
        "profile": "heat-pump",
        "profile_scale": scale,
        "ramp_w_per_s": 500,
    }


def _pv(scale: int) -> dict[str, Any]:
    return {
        "id": "pv",
        "kind": "pv",
        "rated_w": 10_000 * scale,
        "profile": "pv",
        "profile_scale": scale,
    }


def _load(profile: str, scale: int) -> dict[str, Any]:
    return {
        "id": "load",
        "kind": "base-load",
        "rated_w": 10_000 * scale,
        "profile": profile,
        "profile_scale": scale,
    }

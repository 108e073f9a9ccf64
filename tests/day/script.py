"""What happens on the scripted day: 40 events at a fleet of 20 sites, and what goes wrong.

Times are steps from the start of the day, quarters of an hour where the clock is simulated.
"""

from dataclasses import dataclass
from typing import Literal

SITES = tuple(f"site-{number}" for number in range(1, 21))


def free_w(site):
    """What a site draws when nobody decides, W."""
    return 4000 + 100 * number_of(site)


def decrease_w(site):
    """By how much it can go below that, W."""
    return 2000 + 50 * number_of(site)


MOST_W = 9000
"""What a site can take at most, W; it gives nothing."""


def number_of(site):
    return int(site.removeprefix("site-"))


@dataclass(frozen=True)
class Dispatch:
    """A change of power of all sites together, asked for by the operator."""

    number: int
    told: float
    start: int
    end: int
    power_w: int
    priority: int = 100
    changes: tuple[tuple[float, int, int], ...] = ()
    """When, to which power, and until when."""
    cancelled: float | None = None


@dataclass(frozen=True)
class Ceiling:
    """A mandatory limit on the import of all sites together, asked for by the operator."""

    number: int
    told: float
    start: int
    end: int
    limit_w: int
    changes: tuple[tuple[float, int, int], ...] = ()
    """When, to which limit, and until when."""
    cancelled: float | None = None


@dataclass(frozen=True)
class Bound:
    """A mandatory limit on the import of some sites, sent to each by the VTN."""

    number: int
    told: float
    start: int
    end: int
    limit_w: int
    sites: tuple[str, ...]
    changes: tuple[tuple[float, int, int], ...] = ()
    cancelled: float | None = None


@dataclass(frozen=True)
class Trouble:
    """What goes wrong at a site, from one step to another."""

    site: str
    what: Literal["refuses", "less", "override", "fault", "power cut", "lost"]
    start: float
    end: float


def some(*numbers):
    return tuple(f"site-{number}" for number in numbers)


LESS_W = 300
"""What a site that does `less` promises at most, W."""

DISPATCHES = (
    Dispatch(1, 0.25, 2, 4, -6000),
    Dispatch(2, 1.25, 6, 9, -10_000, changes=((2.25, -8000, 9),)),
    Dispatch(3, 4.25, 8, 10, -4000, priority=10),
    Dispatch(4, 4.75, 9, 12, -3000, priority=200),
    Dispatch(5, 7.25, 13, 15, -12_000, changes=((13.25, -5000, 15),)),
    Dispatch(6, 7.75, 14, 16, -2500, cancelled=9.25),
    Dispatch(7, 11.25, 17, 20, -9000, changes=((18.25, -9000, 22),)),
    Dispatch(8, 12.25, 19, 21, -7000, priority=50, cancelled=20.25),
    Dispatch(9, 15.25, 23, 26, 5000),
    Dispatch(10, 16.25, 24, 25, -5000, priority=1),
    Dispatch(11, 17.25, 28, 31, -11_000, changes=((21.25, -6000, 31), (29.25, -11_000, 32))),
    Dispatch(12, 22.25, 30, 33, -4000, priority=150),
    Dispatch(13, 26.25, 34, 38, -8000),
    Dispatch(14, 27.25, 36, 37, -3000, priority=20),
    Dispatch(15, 33.25, 40, 43, -6000, cancelled=41.25),
    Dispatch(16, 35.25, 44, 47, -9500),
    Dispatch(17, 44.25, 45, 46, -5000, priority=30, changes=((45.25, -2000, 47),)),
    Dispatch(18, 46.25, 50, 54, -7000, changes=((51.25, -7000, 53),)),
    Dispatch(19, 47.25, 52, 56, -10_000, priority=60),
    Dispatch(20, 53.25, 58, 62, -6500),
    Dispatch(21, 56.25, 60, 61, -1500, priority=5),
    Dispatch(22, 59.25, 64, 68, -12_000, changes=((66.25, -4000, 68),)),
    Dispatch(23, 65.25, 70, 74, -8000),
    Dispatch(24, 69.25, 72, 76, -5500, priority=90),
    Dispatch(25, 73.25, 78, 82, 4000),
    Dispatch(26, 76.25, 80, 84, -9000, priority=70),
)
BOUNDS = (
    Bound(27, 1.5, 3, 7, 3500, some(1, 2, 3)),
    Bound(28, 2.5, 5, 8, 2500, some(2, 3, 4)),
    Bound(29, 5.5, 10, 14, 4000, some(5, 6, 7, 8), changes=((11.5, 3000, 14),)),
    Bound(30, 12.5, 18, 22, 2000, some(9, 10), cancelled=19.5),
    Bound(31, 16.5, 20, 24, 5000, some(11, 12, 13)),
    Bound(32, 20.5, 26, 30, 0, some(14)),
    Bound(34, 28.5, 33, 36, 3000, some(18, 19, 20), changes=((34.5, 5000, 37),)),
    Bound(36, 43.5, 48, 51, 1500, some(3, 4, 5)),
    Bound(38, 57.5, 63, 66, 3300, some(6, 7, 8), cancelled=61.5),
    Bound(39, 60.5, 67, 72, 2800, some(15, 16)),
)
CEILINGS = (
    Ceiling(33, 21.5, 25, 27, 80_000),
    Ceiling(35, 37.5, 41, 45, 60_000, changes=((42.5, 50_000, 45), (43.5, 72_000, 46))),
    Ceiling(37, 49.5, 55, 59, 84_000),
    Ceiling(40, 74.5, 79, 83, 66_000, cancelled=81.5),
)
EVENTS = (*DISPATCHES, *BOUNDS, *CEILINGS)
# A button is pressed just before a look at it, so that readings and registers agree.
TROUBLES = (
    Trouble("site-20", "refuses", 4, 12),
    Trouble("site-19", "less", 0, 92),
    Trouble("site-18", "override", 14.3999, 16.3999),
    Trouble("site-17", "fault", 35.3999, 39.3999),
    Trouble("site-16", "power cut", 50.6, 52.6),
    Trouble("site-15", "lost", 18.6, 33.6),
    Trouble("site-12", "refuses", 27, 45),
    Trouble("site-11", "override", 57.3999, 60.3999),
)

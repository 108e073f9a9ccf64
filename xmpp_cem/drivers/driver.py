"""The interface between the agents and an energy resource."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.reading import Correction


@dataclass(frozen=True)
class Reversion:
    """The device goes back to its own plan when nobody speaks to it.

    Args:
        after_s: how long after the last set point, by the device's own timer, seconds.
        refresh_s: how often the set point is applied again so that it stays, seconds; well below
            `after_s`.
    """

    after_s: float
    refresh_s: float


@dataclass(frozen=True)
class Description:
    """What a resource is.

    Args:
        kind: sort of resource, such as `battery`.
        limits: what its physics allows.
        reversion: its own timer; None: it keeps its last set point for ever, so it is released
            when the VEN ends and stays curtailed when the VEN is killed.
        is_volatile: set points do not wear out the device's memory; else they are written on
            change only, and seldom.
    """

    kind: str
    limits: Limits
    reversion: Reversion | None = None
    is_volatile: bool = True

    @property
    def reverts(self) -> bool:
        """Whether the device goes back to its own plan by its own timer."""
        return self.reversion is not None


@dataclass(frozen=True)
class Reading:
    """What a resource does now, at its terminals; power is positive from grid to customer.

    Args:
        power_w: present power, W; negative is export.
        increase_w: by how much `power_w` can rise and stay there, W, >= 0.
        decrease_w: by how much `power_w` can fall and stay there, W, >= 0.
        import_wh: register of energy taken from the grid, Wh, never falling; None: no register.
        export_wh: register of energy given to the grid, Wh, never falling; None: no register.
        stored_wh: energy in the resource's store, Wh, or None where that has no meaning.
        overridden: the customer took control; set points are ignored and flexibility is 0.
        charge_permille: state of charge, 0 to 1000, where that has a meaning.
        needed_wh: energy still needed until `departs`, Wh.
        departs: when that energy must be there, UTC, such as the departure of a car.
        offered: what the owner offers beyond `increase_w` and `decrease_w`, at a price.
        forecast: what it will be able to do, in windows that stay where they are while time
            passes, such as full hours.
        corrections: what it did in truth at times that have passed, where it was read wrongly;
            told as revisions of what was reported, once. Again is harmless.
    """

    power_w: int
    increase_w: int
    decrease_w: int
    import_wh: int | None
    export_wh: int | None
    stored_wh: int | None
    overridden: bool
    charge_permille: int | None = None
    needed_wh: int | None = None
    departs: datetime | None = None
    offered: Offered | None = None
    forecast: tuple[Forecast, ...] = ()
    corrections: tuple[Correction, ...] = ()


class Driver(Protocol):
    """A resource that can be read and told a power.

    No call comes while another one runs. A call that cannot do its work raises; one that takes too
    long is cancelled. Both put the resource out of service until a call succeeds again.
    """

    async def describe(self) -> Description:
        """Return what the resource is; asked for anew after each fault."""
        ...

    async def apply(self, power_w: int) -> None:
        """Ask for a power and arm the device's reversion timer, where it has one.

        Args:
            power_w: absolute set point, W, positive from grid to customer, inside the limits.
        """
        ...

    async def read(self) -> Reading:
        """Return what the resource does now."""
        ...

    async def release(self) -> None:
        """Give the resource back to its own plan; again is harmless."""
        ...

    async def close(self) -> None:
        """Let go of connections and processes; releases nothing. The next call opens them again."""
        ...

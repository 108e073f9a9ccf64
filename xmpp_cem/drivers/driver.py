"""The interface between the agents and an energy resource."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Description:
    """What a resource is, unchanged while its driver lives.

    Args:
        kind: sort of resource, such as `battery`.
        rated_import_w: highest power from the grid, W, >= 0.
        rated_export_w: highest power to the grid, W, >= 0 (a magnitude).
    """

    kind: str
    rated_import_w: int
    rated_export_w: int


@dataclass(frozen=True)
class Reading:
    """What a resource does now, at its terminals; power is positive from grid to customer.

    Args:
        power_w: present power, W; negative is export.
        increase_w: by how much `power_w` can rise and stay there, W, >= 0.
        decrease_w: by how much `power_w` can fall and stay there, W, >= 0.
        import_wh: register of energy taken from the grid, Wh, never falling.
        export_wh: register of energy given to the grid, Wh, never falling.
        stored_wh: energy in the resource's store, Wh, or None where that has no meaning.
        overridden: the customer took control; set points are ignored and flexibility is 0.
    """

    power_w: int
    increase_w: int
    decrease_w: int
    import_wh: int
    export_wh: int
    stored_wh: int | None
    overridden: bool


class Driver(Protocol):
    """A resource that can be read and told a power."""

    def describe(self) -> Description:
        """Return what the resource is."""
        ...

    async def apply(self, power_w: int | None) -> None:
        """Ask for a power; repeated calls with the same value change nothing.

        Args:
            power_w: absolute set point, W, positive from grid to customer; None releases.
        """
        ...

    async def read(self) -> Reading:
        """Return what the resource does now."""
        ...

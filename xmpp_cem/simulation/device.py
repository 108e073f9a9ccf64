"""A device at a site: it goes on as it was told while the program that told it is dead."""

from dataclasses import dataclass

from xmpp_cem.agents.application import Decision, OptIn, OptOut
from xmpp_cem.model.control import Sample


@dataclass
class Device:
    """One resource that obeys at once.

    Args:
        resource: its name.
        free_w: its power when nobody limits it, W.
        flexible_w: by how much it can fall or rise, W.
        most_w: the most that its customer promises, W.
        set_point: what it was last told, W; None runs free.
        is_overridden: whether the customer has taken control.
        refuses: whether its customer says no to every event.
    """

    resource: str
    free_w: int
    flexible_w: int
    most_w: int = 10**6
    set_point: int | None = None
    is_overridden: bool = False
    refuses: bool = False

    @property
    def power_w(self) -> int:
        """Present power, W."""
        return self.free_w if self.is_overridden or self.set_point is None else self.set_point

    def decide(self, power_w: int) -> Decision:
        """Take part with as much as the customer allows."""
        if self.refuses or self.is_overridden or not power_w:
            return OptOut("not today")
        if abs(power_w) > self.most_w:
            return OptIn(self.most_w if power_w > 0 else -self.most_w, "no more than that")
        return OptIn(power_w)

    def read(self) -> tuple[Sample, ...]:
        """Return what a meter shows."""
        able_w = 0 if self.is_overridden else self.flexible_w
        sample = Sample(
            resource=self.resource,
            kind="device",
            power_w=self.power_w,
            decrease_w=able_w,
            increase_w=able_w,
            is_overridden=self.is_overridden,
        )
        return (sample,)

"""What the power of a group would be without an event, as it is stated upward."""

from pydantic import Field

from xmpp_cem.model.quantity import PerMille, Power
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class Stated(Value):
    """The baseline of a group for an event: the sum of what is stated of its members.

    Args:
        power_w: the mean over the event's time, W.
        expected, reporting: how many members of all levels below are asked, and of how many of
            these a baseline is stated; the others are left out.
        oldest: when the oldest reading that it rests upon was measured, None: nothing is stated.
        estimated_share_permille: how much of it rests on readings that were estimated, in
            thousandths of the members' powers, each without its sign, rounded up.
        quality: the worst of the readings that it rests upon.
        made: when it became what it is.
    """

    power_w: Power
    expected: int = Field(ge=0, le=2**31)
    reporting: int = Field(ge=0, le=2**31)
    oldest: Instant | None = None
    estimated_share_permille: PerMille = 0
    quality: Quality = Quality.VALID
    made: Instant

    @property
    def is_whole(self) -> bool:
        """Whether a baseline is stated of every member."""
        return self.reporting >= self.expected

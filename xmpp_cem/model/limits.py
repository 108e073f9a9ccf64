"""What the physics of a resource allows, whatever anybody asks for."""

from typing import Annotated

from pydantic import Field

from xmpp_cem.model.quantity import Flexibility
from xmpp_cem.model.value import Value

_LONGEST_S = 86_400

_Seconds = Annotated[int, Field(ge=0, le=_LONGEST_S, strict=True)]


class Limits(Value):
    """Physical limits of a resource; powers are magnitudes at its terminals.

    Args:
        rated_import_w: highest power from the grid, W.
        rated_export_w: highest power to the grid, W.
        least_import_w: while it takes power it takes at least this, W: 6 A on each phase for an EV.
        least_export_w: while it gives power it gives at least this, W.
        step_w: power beyond the least one changes by whole steps of this, W.
        ramp_w_per_s: fastest change of power, W/s; None: at once.
        min_run_s: once running it runs at least so long, seconds.
        min_rest_s: once at rest it rests at least so long, seconds.
    """

    rated_import_w: Flexibility
    rated_export_w: Flexibility
    least_import_w: Flexibility = 0
    least_export_w: Flexibility = 0
    step_w: Annotated[int, Field(ge=1, le=10**9, strict=True)] = 1
    ramp_w_per_s: Annotated[float, Field(gt=0, le=10**9)] | None = None
    min_run_s: _Seconds = 0
    min_rest_s: _Seconds = 0

    def feasible(self, power_w: int) -> int:
        """Return the power that is possible and nearest below in magnitude, W, signed.

        Less power than asked is the safe side: rounding never crosses a limit that was asked for.
        """
        if power_w >= 0:
            return self._stepped(power_w, self.least_import_w, self.rated_import_w)
        return -self._stepped(-power_w, self.least_export_w, self.rated_export_w)

    def _stepped(self, size_w: int, least_w: int, most_w: int) -> int:
        return stepped(min(size_w, most_w), least_w, self.step_w)


def stepped(size_w: int, least_w: int, step_w: int) -> int:
    """Return the power that steps from a least one allow, nearest below in magnitude, W."""
    return 0 if size_w < least_w else least_w + (size_w - least_w) // step_w * step_w

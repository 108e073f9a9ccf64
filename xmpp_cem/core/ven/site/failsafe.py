"""The failsafe of a VEN as one table: when its own limit holds, and what lifts it.

What is seen of VTN, server and clock is gathered in `watch.py`, which feeds this table. A limit of
events is in force besides, whatever the mode; whoever wants power acts inside both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from xmpp_cem.core.timeline.bounds import FOREVER, Cap
from xmpp_cem.model.quantity import Flexibility
from xmpp_cem.model.resource import Failsafe
from xmpp_cem.model.signal import Direction
from xmpp_cem.model.value import Value

_LARGEST_W = 10**12


class Mode(StrEnum):
    """How far a VEN trusts what it knows.

    `BOOT` follows every start and `FAILSAFE` every loss; both hold the failsafe limit. `LIMITED` is
    normal operation with a limit of events in force. `AUTONOMOUS` is a failsafe that has lasted,
    and exists only where it is configured.
    """

    BOOT = "boot"
    NORMAL = "normal"
    LIMITED = "limited"
    FAILSAFE = "failsafe"
    AUTONOMOUS = "autonomous"


class Sign(StrEnum):
    """What has been seen of VTN, server, store and clock."""

    STARTED = "start of the program"
    HEARTBEAT = "heartbeat alone"
    EARLY = "fresh index and state, delay not over"
    FRESH_FREE = "fresh index and state, no limit"
    FRESH_LIMITED = "fresh index and state, a limit in force"
    LIMIT_BEGINS = "limit begins"
    LIMIT_ENDS = "limit ends"
    VTN_LOST = "no heartbeat for too long"
    SERVER_LOST = "no server for too long"
    STATE_LOST = "state not current for too long"
    CLOCK_LOST = "clock implausible"
    CLOCK_BACK = "clock plausible again"
    LONG_ENOUGH = "failsafe has lasted"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a sign leads to: the mode afterwards, whether it was refused, and why."""

    to: Mode
    is_refused: bool = False
    why: str = ""


class Autonomy(Value):
    """What holds when a failsafe has lasted and the VTN is still away: a choice, never a default.

    Args:
        after_s: how long failsafe lasts first, seconds.
        import_w: the most taken from the grid, W; None for no limit.
        export_w: the most given to the grid, W; None for no limit.
        is_unlimited: must be said where a direction has no limit.
    """

    after_s: int = Field(ge=60, le=30 * 86_400)
    import_w: Flexibility | None = None
    export_w: Flexibility | None = None
    is_unlimited: bool = False

    @model_validator(mode="after")
    def _never_silently_unlimited(self) -> Self:
        if (None in (self.import_w, self.export_w)) != self.is_unlimited:
            raise ValueError("say is_unlimited if, and only if, a direction has no limit")
        return self


class FailsafeSettings(Value):
    """What a VEN holds when it knows nothing, and when it gives up waiting.

    Args:
        import_w: the most taken from the grid, W.
        export_w: the most given to the grid, W.
        vtn_lost_s: so long without a valid index, seconds.
        server_lost_s: so long without a connection, seconds.
        state_lost_s: so long without the state that the index lists, seconds.
        longest_delay_s: the most that a start may be delayed, seconds.
        skew_s: by how much an index's time may differ from ours and still count, seconds.
        autonomy: what follows on a lasting failsafe; None stays in failsafe.
    """

    import_w: Flexibility
    export_w: Flexibility
    vtn_lost_s: int = Field(default=300, ge=10, le=86_400)
    server_lost_s: int = Field(default=300, ge=10, le=86_400)
    state_lost_s: int = Field(default=600, ge=10, le=86_400)
    longest_delay_s: int = Field(default=600, ge=0, le=1800)
    skew_s: int = Field(default=60, ge=1, le=600)
    autonomy: Autonomy | None = None

    @property
    def told(self) -> Failsafe:
        """What the VTN is told: the limits that hold whatever follows, and from when on."""
        after_s = max(self.vtn_lost_s, self.server_lost_s, self.state_lost_s)
        import_w, export_w = self.import_w, self.export_w
        if self.autonomy:
            import_w = max(import_w, _or_any(self.autonomy.import_w))
            export_w = max(export_w, _or_any(self.autonomy.export_w))
        return Failsafe(import_w=import_w, export_w=export_w, after_s=after_s)


def _or_any(limit_w: int | None) -> int:
    return _LARGEST_W if limit_w is None else limit_w


HELD = (Mode.BOOT, Mode.FAILSAFE, Mode.AUTONOMOUS)
"""Modes that only a fresh index and state together lead out of."""
_TRUSTING = (Mode.NORMAL, Mode.LIMITED)
_LOST = {Sign.VTN_LOST, Sign.SERVER_LOST, Sign.STATE_LOST}
_Row = Mapping[Mode, Turn]


def _to(modes: Iterable[Mode], to: Mode, why: str = "") -> _Row:
    return dict.fromkeys(modes, Turn(to, why=why))


def _stay(modes: Iterable[Mode], why: str = "") -> _Row:
    return {mode: Turn(mode, why=why) for mode in modes}


def _refuse(modes: Iterable[Mode], why: str) -> _Row:
    return {mode: Turn(mode, is_refused=True, why=why) for mode in modes}


_KNOWN = "known already"
_INSIDE = "it holds besides what is held anyway"

_ROWS: dict[Sign, _Row] = {
    Sign.STARTED: _to(Mode, Mode.BOOT, "nothing is known yet"),
    Sign.HEARTBEAT: {
        **_refuse(HELD, "a heartbeat alone lifts nothing; index and state must be fresh"),
        **_stay(_TRUSTING, "the VTN is there"),
    },
    Sign.EARLY: {
        **_refuse(HELD, "not before the random delay after a start is over"),
        **_refuse(_TRUSTING, "the delay was over before this mode was reached"),
    },
    Sign.FRESH_FREE: _to(Mode, Mode.NORMAL, "index and state are fresh"),
    Sign.FRESH_LIMITED: _to(Mode, Mode.LIMITED, "index and state are fresh, with a limit"),
    Sign.LIMIT_BEGINS: {**_to(_TRUSTING, Mode.LIMITED), **_stay(HELD, _INSIDE)},
    Sign.LIMIT_ENDS: {**_to(_TRUSTING, Mode.NORMAL), **_stay(HELD, "what is held goes on")},
    **{
        sign: {
            **_to((Mode.BOOT, *_TRUSTING), Mode.FAILSAFE, sign.value),
            **_stay((Mode.FAILSAFE, Mode.AUTONOMOUS), _KNOWN),
        }
        for sign in Sign
        if sign in _LOST
    },
    Sign.CLOCK_LOST: {
        **_to((*_TRUSTING, Mode.AUTONOMOUS), Mode.FAILSAFE, "no time can be trusted"),
        **_stay((Mode.BOOT, Mode.FAILSAFE), "the failsafe limit holds already"),
    },
    Sign.CLOCK_BACK: _stay(Mode, "a clock lifts nothing; index and state must be fresh"),
    Sign.LONG_ENOUGH: {
        **_to((Mode.FAILSAFE,), Mode.AUTONOMOUS, "the VTN is still away; as configured"),
        **_stay((Mode.AUTONOMOUS,), _KNOWN),
        **_refuse((Mode.BOOT, *_TRUSTING), "only a failsafe becomes autonomous"),
    },
}

MODES: Mapping[tuple[Mode, Sign], Turn] = {
    (mode, sign): turn for sign, row in _ROWS.items() for mode, turn in row.items()
}
"""Every pair of mode and sign; in the documentation as a table and a diagram."""


def turn(mode: Mode, sign: Sign) -> Turn:
    """Return what a sign leads to; there is an entry for every pair."""
    return MODES[mode, sign]


def own_caps(mode: Mode, settings: FailsafeSettings) -> tuple[Cap, ...]:
    """Return the limits that a VEN holds by itself in a mode, besides those of events.

    They hold at every instant, so that a clock that jumps does not lift them.
    """
    if mode in _TRUSTING:
        return ()
    limits: Autonomy | FailsafeSettings = settings
    if mode is Mode.AUTONOMOUS and settings.autonomy is not None:
        limits = settings.autonomy
    pairs = ((Direction.IMPORT, limits.import_w), (Direction.EXPORT, limits.export_w))
    return tuple(
        Cap(mode.value, _ALWAYS, FOREVER, direction, limit_w, is_mandatory=True)
        for direction, limit_w in pairs
        if limit_w is not None
    )


_ALWAYS = datetime.min.replace(tzinfo=UTC)

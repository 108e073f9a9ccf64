"""Decides how shares reach members: as one multiplier for all, or each its own by transaction."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from xmpp_cem.allocations.allocation import Shares
from xmpp_cem.allocations.candidates import Candidates
from xmpp_cem.allocations.columns import Flags, Watts

_BILLION = 10**9
_BILLIONTH = Decimal("0.000000001")
_MANY = 2


@dataclass(frozen=True)
class Carrier:
    """What carries the shares of one division.

    Args:
        multiplier: the share of its confirmed capability that each member takes, 0 to 1, nine
            decimals, for one event that all read; None: every share needs a transaction.
        residue_w: target met less what members make of the multiplier, W; negative when rounding
            makes more of it.
        why: one sentence for people.
    """

    multiplier: Decimal | None
    residue_w: int
    why: str


def carrier(shares: Shares, candidates: Candidates, *, many: int = _MANY) -> Carrier:
    """Return what carries shares: a multiplier if it says the same to everybody within 1 W.

    All members read a multiplier, also those whose share is 0, and each rounds what it takes to
    whole W, half up, and takes no more than the limit that it has promised.

    Args:
        shares: what a division asks.
        candidates: the members that were divided over.
        many: with fewer members asked than this, each gets a transaction.
    """
    capability, limit = candidates.capability_w, candidates.limit_w
    asked: Flags = shares.watts > 0
    count = int(asked.sum())
    if count < many:
        return Carrier(None, 0, f"Individual shares: {count} asked, an event for all needs {many}.")
    multiplier = _common(shares.watts, capability, limit)
    spoken = np.minimum(_rounded(int(multiplier * _BILLION), capability), limit)
    differs = np.flatnonzero(np.abs(spoken - shares.watts) > 1)
    if len(differs):
        first = int(differs[0])
        told = f"{shares.keys[first]} for {spoken[first]} W and not {shares.watts[first]} W"
        why = f"Individual shares: {multiplier} of capability for all would ask {told}"
        return Carrier(None, 0, f"{why}, and {len(differs) - 1} more otherwise than they shall.")
    residue = int(shares.watts.sum()) - int(spoken.sum())
    why = f"One event: {multiplier} of capability for all is what each of {count} members takes"
    return Carrier(multiplier, residue, f"{why}, with a residue of {residue} W.")


def _common(watts: Watts, capability: Watts, limit: Watts) -> Decimal:
    """Return the share of capability of those whom no limit below it holds; 1 if it holds all."""
    free: Flags = (watts < limit) | (limit == capability)
    taken, whole = int(watts[free].sum()), int(capability[free].sum())
    return (Decimal(taken) / Decimal(whole)).quantize(_BILLIONTH) if taken else Decimal(1)


def _rounded(billionths: int, capability: Watts) -> Watts:
    """Return billionths of capabilities, rounded half up, without an overflow."""
    high, low = np.divmod(capability, 10**6)
    thousands, rest = np.divmod(high * billionths, 1000)
    rounded: Watts = thousands + (rest * 10**6 + low * billionths + _BILLION // 2) // _BILLION
    return rounded

"""Which claims and limits decide about an instant: what is long over costs no more time."""

from collections.abc import Sequence
from datetime import datetime

from xmpp_cem.core.bounds import Cap
from xmpp_cem.core.timeline import Claim


def relevant(
    claims: Sequence[Claim], caps: Sequence[Cap], now: datetime
) -> tuple[list[Claim], list[Cap]]:
    """Return those of which the setting of an instant can depend.

    A ramp starts where the claim before it had led to. So besides the claims of the instant those
    count that touch them, and so on into the past; and the limits of all that time.
    """
    since, left = now, sorted(claims, key=_over, reverse=True)
    kept: list[Claim] = []
    for claim in left:
        start = claim.pieces[0].start
        if _over(claim) >= since and start <= now:
            kept.append(claim)
            since = min(since, start)
    return kept, [cap for cap in caps if cap.start <= now and cap.end >= since]


def _over(claim: Claim) -> datetime:
    return claim.end + claim.hold + claim.recovery

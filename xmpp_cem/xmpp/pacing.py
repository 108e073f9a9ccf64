"""Decides how long to wait: a token bucket for bursts, a jittered back-off for failures."""

import math
import random
from collections.abc import Callable

from xmpp_cem.errors import (
    AuthenticationError,
    ExpiredCertificateError,
    TransportError,
    UntrustedServerError,
)

REFUSED_PAUSE = 30.0
FORGIVES_EVERY = 2.0
"""So many seconds of a session make up for one failed attempt: links that come and go, as they do
on the radio, must not add up to minutes without any."""


class TokenBucket:
    """Lets a burst through, then one per interval.

    Args:
        burst: how many pass at once, at least 1.
        interval: seconds per further one.
        clock: monotonic seconds.
    """

    def __init__(self, burst: int, interval: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._interval = interval
        self._clock = clock
        self._free_at = clock() - burst * interval

    def take(self) -> float:
        """Reserve the next place; returns the seconds to wait until it is ours."""
        now = self._clock()
        self._free_at = max(self._free_at, now - self._burst * self._interval) + self._interval
        return max(0.0, self._free_at - now)


class Backoff:
    """Exponential back-off with full jitter.

    Args:
        first: upper bound of the first pause, seconds.
        longest: upper bound of any pause, seconds.
        chance: source of randomness.
    """

    def __init__(self, first: float, longest: float, chance: random.Random) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        # More would lengthen no pause, and have to be made up for.
        self._most = max(0, math.ceil(math.log2(longest / first)))
        self._failures = 0

    def pause(self, reason: TransportError, lived: float) -> float:
        """Return the seconds to wait, at least a tenth of `first`.

        Args:
            reason: why the last attempt ended; after refused credentials it starts from 30 s.
            lived: seconds the last session was up; each two make up for a failed attempt.
        """
        self._failures = max(0, self._failures - int(lived / FORGIVES_EVERY))
        growth = 2.0**self._failures
        self._failures = min(self._most, self._failures + 1)
        floor = self._first / 10
        is_refused = isinstance(reason, AuthenticationError)
        # No account can be locked by what nobody asked, or asked with a certificate that has ended.
        is_harmless = isinstance(reason, UntrustedServerError | ExpiredCertificateError)
        if is_refused and not is_harmless:
            floor = REFUSED_PAUSE
            return self._chance.uniform(floor, max(floor, min(self._longest, 2 * floor * growth)))
        return self._chance.uniform(floor, max(floor, min(self._longest, self._first * growth)))

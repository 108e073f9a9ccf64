"""Whether the members of a domain still live, whatever the server shows of them."""

import math
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Ping, SetTimer
from xmpp_cem.core.inputs import Link
from xmpp_cem.model.ids import Jid, PartyId

LIVENESS_TIMER = "vtn/alive"

_LOOKS = 10
"""So often within a lease we look who is silent."""

_PING_AFTER = 0.6
"""Share of the lease after which a silent member is pinged: most members report sooner."""

_PATIENCE = 0.4
"""Share of the lease for which an answer is waited: with `_PING_AFTER` the whole lease."""

_ROUND = 0.2
"""Share of the lease over which pings are spread when all members fall silent at once."""

_LATE = 2
"""A look that comes so many looks late shows that we ourselves stood still."""


class Liveness:
    """When each member was last heard, and whom to ask (XEP-0199).

    Presence can outlive a client that was frozen or cut off for hours; a lease cannot. Silence is
    counted only while we listen ourselves: what we slept through is nobody else's silence.

    Args:
        lease: how long a member may be silent before it counts as unreachable.
        connection: the XMPP resource of a VEN's connection.
    """

    def __init__(self, lease: timedelta, connection: str = "ven") -> None:
        self._lease = lease
        self._look_every = lease / _LOOKS
        self._connection = connection
        self._heard: dict[PartyId, datetime] = {}
        self._asked: dict[PartyId, datetime] = {}
        self._lapsed: set[PartyId] = set()
        self._looked: datetime | None = None

    def begin(self, now: datetime) -> SetTimer:
        """Listen from now on: a connection is there, and nobody is known yet."""
        self.end()
        self._looked = now
        return SetTimer(LIVENESS_TIMER, now + self._look_every)

    def end(self) -> None:
        """Forget everybody: without a connection nobody can be heard."""
        self._heard.clear()
        self._asked.clear()
        self._lapsed.clear()
        self._looked = None

    def shown(self, party: PartyId, now: datetime) -> None:
        """Note that a member shows itself: from now on its silence counts."""
        self._heard[party] = now
        self._asked.pop(party, None)
        self._lapsed.discard(party)

    def gone(self, party: PartyId) -> None:
        """Note that the server itself says that a member is gone: nobody pings it."""
        self._heard.pop(party, None)
        self._asked.pop(party, None)
        self._lapsed.discard(party)

    def heard(self, party: PartyId, now: datetime) -> bool:
        """Note a sign of life; returns whether the member's lease had lapsed before."""
        if party not in self._heard:
            return False
        was_lapsed = party in self._lapsed
        self.shown(party, now)
        return was_lapsed

    def look(
        self, accounts: dict[PartyId, str], now: datetime
    ) -> tuple[list[PartyId], list[Effect]]:
        """Return whose lease has just lapsed, and the effects: pings, and the next look.

        A look that is due twice, as after a new connection, is taken once.
        """
        if self._looked is None or now < self._looked + self._look_every:
            return [], []
        self._forgive(now - self._looked, now)
        self._looked = now
        over = (p for p, at in self._heard.items() if now - at >= self._lease)
        lapsed = [party for party in over if party not in self._lapsed]
        self._lapsed.update(lapsed)
        pings = [
            Ping(Link.LOWER, Jid(accounts[party], self._connection), self._lease * _PATIENCE)
            for party in self._silent(accounts, now)
        ]
        return lapsed, [*pings, SetTimer(LIVENESS_TIMER, now + self._look_every)]

    def _forgive(self, gap: timedelta, now: datetime) -> None:
        """Do not count the time that we stood still, suspended or with our clock set."""
        if gap < _LATE * self._look_every:
            return
        slept = gap - self._look_every
        self._heard = {party: min(at + slept, now) for party, at in self._heard.items()}
        self._asked = {party: min(at + slept, now) for party, at in self._asked.items()}

    def _silent(self, accounts: dict[PartyId, str], now: datetime) -> list[PartyId]:
        """Return whom to ping now, the longest silent first, and no more than our pace allows.

        Who has lapsed is asked on, so that its first breath is noticed.
        """
        looks = max(1, round(_ROUND * _LOOKS))
        most = math.ceil(len(accounts) / looks)
        due = [
            (at, party)
            for party, at in self._heard.items()
            if party in accounts
            and now - at >= self._lease * _PING_AFTER
            and now - self._asked.get(party, at) >= self._wait(party)
        ]
        chosen = [party for _, party in sorted(due)[:most]]
        self._asked |= dict.fromkeys(chosen, now)
        return chosen

    def _wait(self, party: PartyId) -> timedelta:
        """Return how long after the last ping the next may follow: one at a time."""
        return self._lease * _PATIENCE if party in self._asked else timedelta(0)

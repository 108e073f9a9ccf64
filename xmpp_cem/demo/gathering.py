"""Whether everybody is here and offers what may be asked for."""

from datetime import datetime, timedelta

from xmpp_cem.demo.plan import GRID, TARGET_SHARE, TARGET_W
from xmpp_cem.messages.operations import DomainMembers
from xmpp_cem.model.availability import Availability

_PATIENCE = timedelta(seconds=15)


def target_of(offered_w: int) -> int:
    """Return by how much power is to be less, of an offer; both in W, not signed."""
    return min(TARGET_W, int(offered_w * TARGET_SHARE) // 1000 * 1000)


class Gathering:
    """Who of so many is here, and what they offer together.

    What a site or gateway offers first can leave out devices and members that it has yet to hear
    of, so that one waits a while for an offer that suffices; then the one that is there will do.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._ready: dict[str, int] = {}
        self._since: datetime | None = None
        self.offered_w = 0

    @property
    def ready(self) -> int:
        """How many are here."""
        return sum(self._ready.values())

    def take(self, body: DomainMembers) -> None:
        """Take the members of a domain as its VTN knows them now."""
        self._ready[body.domain] = sum(
            member.revision > 0 and member.availability is not Availability.UNREACHABLE
            for member in body.members
        )
        if body.domain == GRID:
            self.offered_w = sum(member.decrease_w for member in body.members)

    def suffices(self, now: datetime) -> bool:
        """Whether to begin: all are here and offer enough, or what they do after some patience."""
        if self.ready < self._count:
            self._since = None
            return False
        self._since = self._since or now
        is_enough = target_of(self.offered_w) >= TARGET_W
        return is_enough or (self.offered_w > TARGET_W and now >= self._since + _PATIENCE)

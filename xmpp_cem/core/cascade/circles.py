"""Circles of domains, seen before any event: a gateway that finds its own mark above itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from xmpp_cem.core.cascade.ends import Lower, Upper
from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.inputs import Link
from xmpp_cem.messages.controls import MOST_ABOVE
from xmpp_cem.model.ids import DomainId

_HOLD = timedelta(seconds=60)
_SPREAD_S = 240


class Circles:
    """The domains above that are below us too.

    Each index tells the marks of the gateways above it; a gateway adds its own for those below. Who
    finds its own mark closes a circle, and is no member there as long as it finds it and a while
    after: so long that what went round has come to rest. Gateways that see one circle at the same
    moment all let go, and come back at different times: the first makes the others see it again.

    Args:
        tokens: our own mark in each domain below.
        uppers: the domains above.
        lowers: the domains below.
    """

    def __init__(
        self, tokens: dict[DomainId, str], uppers: tuple[Upper, ...], lowers: tuple[Lower, ...]
    ) -> None:
        self._tokens = tokens
        self._own = frozenset(tokens.values())
        self._uppers = uppers
        self._lowers = lowers
        self._seen: dict[Link, datetime] = {}
        self._proved: frozenset[Link] = frozenset()
        drawn = int.from_bytes(sha256("".join(tokens.values()).encode()).digest()[:4])
        self._hold = _HOLD + timedelta(seconds=drawn % _SPREAD_S)

    @property
    def links(self) -> frozenset[Link]:
        """The connections to domains above that are below us too."""
        return self._proved.union(self._seen)

    def proved(self, upper: Upper) -> None:
        """An event from there has come from us: it is so until we are started again."""
        self._proved |= {upper.link}

    def look(self, now: datetime) -> list[Effect]:
        """See what the domains above say of theirs, and tell those below."""
        effects: list[Effect] = []
        above: list[str] = []
        for upper in self._uppers:
            marks = _marks_above(upper)
            if self._is_circle(upper, marks, now):
                effects += self._noted(upper, now)
            else:
                above += marks
        for lower in self._lowers:
            marks = tuple(dict.fromkeys((self._tokens[lower.domain], *above)))[:MOST_ABOVE]
            effects += lower.placed(lower.role.stands_below(marks, now))
        return effects

    def _is_circle(self, upper: Upper, marks: Iterable[str], now: datetime) -> bool:
        """Whether a domain above is below us, or was a moment ago."""
        link = upper.link
        if not self._own.isdisjoint(marks):
            return True
        if link in self._seen and now >= self._seen[link] + self._hold:
            del self._seen[link]
        return link in self.links

    def _noted(self, upper: Upper, now: datetime) -> list[Effect]:
        """Remember when a circle was seen last; tell people of it once."""
        is_new = upper.link not in self.links
        if not self._own.isdisjoint(_marks_above(upper)):
            self._seen[upper.link] = now
        if not is_new:
            return []
        return [Note("error", "the domain above is below us too", (("domain", upper.domain),))]


def _marks_above(upper: Upper) -> tuple[str, ...]:
    """Return the marks that a domain's newest index tells; none of a VTN that is not heard."""
    role = upper.role
    return () if role.vtn_silent_since else role.state.record.above

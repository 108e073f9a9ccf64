"""Names of members in what is said above: nowhere, unless a domain is configured to hear them."""

from datetime import datetime

from xmpp_cem.core.cascade.case import Case
from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.text import one_line

_MOST = 256


class Naming:
    """What the domains above are told of who is behind a gateway.

    Args:
        told: the domains above that hear names; all others hear numbers alone.
    """

    def __init__(self, told: frozenset[DomainId]) -> None:
        self._told = told

    def hears(self, case: Case) -> bool:
        """Whether the domain above hears names."""
        return case.upper.domain in self._told

    def said(self, case: Case, text: str, now: datetime) -> str:
        """Return a reason, with the members that do not take part where they may be named."""
        missing = _missing(case, now) if self.hears(case) else []
        return f"{text}; without {', '.join(missing)}"[:_MOST] if missing else text

    def alarm(self, case: Case, party: PartyId, text: str) -> str:
        """Return a member's alarm; its own words may name whatever is behind it."""
        if not self.hears(case):
            return "a member does not keep its limit"
        return one_line(f"{party}: {text}")[:_MOST]


def _missing(case: Case, now: datetime) -> list[PartyId]:
    """Return the members that were asked and do nothing, for whatever reason."""
    return [
        part.party
        for lower, dispatch in case.live
        for part in lower.role.dispatching.parts.get(dispatch.event.id, {}).values()
        if not lower.role.dispatching.takes_part(dispatch, part, now)
    ]

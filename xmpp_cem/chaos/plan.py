"""Who takes part in fault injection, and how fast everything goes."""

from dataclasses import dataclass

HOST = "xmpp.localhost"
GRID = "grid"
OPERATOR = "operator"
MEMBERS = {
    GRID: ("north", "south"),
    "north": ("north-1", "north-2", "north-3", "north-4"),
    "south": ("south-1", "south-2", "south-3", "south-4"),
}
"""Each domain, named after the party that leads it, and its members."""

WINDOW_S = 1
"""Length of a reporting window, seconds."""

LEAD_S, ACTIVE_S, GAP_S = 2, 4, 4
"""An event starts this long after its creation, lasts, and rests before the next; seconds."""

RATED_W = 10_000
"""What each site's battery can charge and discharge, W; at rest it does neither."""

SITES = tuple(site for domain, members in MEMBERS.items() if domain != GRID for site in members)
GATEWAYS = MEMBERS[GRID]
PARTIES = (GRID, *GATEWAYS, *SITES)


@dataclass(frozen=True)
class Times:
    """How long a round may take, seconds.

    Args:
        settle: from the last fault's end until everything must agree again.
        start: from the first start until all members are there.
    """

    settle: float = 330.0
    start: float = 240.0


def leader(member: str) -> str:
    """Return the party whose domain a party is a member of."""
    return next(domain for domain, members in MEMBERS.items() if member in members)


def below(party: str) -> frozenset[str]:
    """Return a party and all parties below it."""
    return frozenset({party}).union(*(below(member) for member in MEMBERS.get(party, ())))


def account(party: str, *, leads: bool) -> str:
    """Return the local part of an account: a gateway has one above and one below."""
    return f"vtn-{party}" if leads else party


def accounts() -> tuple[str, ...]:
    """Return the local parts of all accounts."""
    leading = tuple(account(domain, leads=True) for domain in MEMBERS)
    return (*leading, *GATEWAYS, *SITES, OPERATOR)

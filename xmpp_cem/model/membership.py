"""How an account stands in a communication domain."""

from enum import StrEnum


class Standing(StrEnum):
    """What a party of a domain is to its VTN."""

    MEMBER = "member"
    """Admitted: it may register, is asked and counted."""

    LEFT = "left"
    """Admitted, but it has ended its registration itself; it may register again."""

    LEAVING = "leaving"
    """Being expelled: nothing is asked of it any more, its events are being cancelled."""

    EXPELLED = "expelled"
    """No member any more; its history is kept."""


ADMITTED = frozenset({Standing.MEMBER, Standing.LEFT})
"""Who may speak with the VTN."""

"""How far an event has come at a member, as the member tells of it besides its answer."""

from enum import StrEnum


class Stage(StrEnum):
    """What a member told last of an event's life; what it answered stands beside it.

    `SUCCEEDED` and `FAILED` say, at the end, whether the power moved as promised.
    """

    RECEIVED = "received"
    SCHEDULED = "scheduled"
    STARTED = "started"
    STOPPED = "stopped"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    OVERRIDDEN = "overridden"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SHORTFALL = "shortfall"

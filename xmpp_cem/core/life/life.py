"""The words of an event's life at a VEN: states, causes, acts, and the steps they make."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where an event is in its life at a VEN.

    `UNKNOWN` is what is not known here (yet, or no more). `EXPIRED` is an event whose time ran out
    while it did not act; `COMPLETED` one that acted until its end.
    """

    UNKNOWN = "unknown"
    PENDING = "pending"
    FAR = "far"
    NEAR = "near"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    EXPIRED = "expired"


class Cause(StrEnum):
    """What becomes known about an event: by version, index, answer, safety, clock and plan."""

    NEWER = "newer version"
    POSTPONED = "newer version, starting later than now"
    SAME = "same version again"
    CONFLICT = "same version, other content"
    OLDER = "older version"
    CANCEL = "cancel"
    OMITTED = "omitted from a newer index"
    UNLISTED = "not in the index"
    MESSAGE_EXPIRED = "message expired"
    CLOCK_IMPLAUSIBLE = "clock implausible"
    TOO_LATE = "too late, over already"
    NOT_FOR_ME = "newer version, not for me"
    RULE_BROKEN = "newer version, against a rule"
    UNSUPPORTED = "newer version, cannot be followed"
    OPT_IN = "opt-in, whole or in part"
    OPT_IN_BARRED = "opt-in, where a rule refused"
    OPT_OUT = "opt-out"
    OPT_OUT_BARRED = "opt-out of a mandatory limit"
    PREVENTED = "prevented by safety"
    SILENCE_IS_IN = "deadline, silence means yes"
    SILENCE_IS_OUT = "deadline, silence means no"
    IS_NEAR = "start near"
    STARTS = "start"
    ENDS = "end"
    OUTRANKED = "higher priority takes over"
    RANKS_AGAIN = "higher priority is over"
    TOMBSTONE_OVER = "tombstone over"


class Act(StrEnum):
    """What a step asks its caller to do, in the order given; all of it within one commit."""

    KEEP = "keep the version"
    ASK = "ask for a decision"
    SAY_IN = "answer opt-in"
    SAY_OUT = "answer opt-out"
    DECLINE = "answer opt-out, once for each version"
    PREPARE = "store baseline and offsets"
    START = "tell started"
    STOP = "tell stopped, release"
    ALARM = "alarm"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Step:
    """What one cause leads to.

    Args:
        to: the state afterwards.
        acts: what is to be done, in order.
        code: `0.0`, or the code of IEC 61968-9 with which the cause is refused.
        why: for people; of a refusal always there.
    """

    to: State
    acts: tuple[Act, ...] = ()
    code: str = "0.0"
    why: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the sender of the cause is to be told that it was not taken."""
        return self.code != OK


OK = "0.0"
TIMED_OUT = "4.1"
INVALID = "1.8"
NOT_LISTED = "2.15"
WRONG_TARGET = "2.13"
NOT_KNOWN = "2.29"
NOT_ATTEMPTED = "5.2"
BY_RULE = "6.1"

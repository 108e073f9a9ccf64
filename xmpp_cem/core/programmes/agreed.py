"""What parties have agreed on and what has come of it, as it must survive a restart."""

from typing import Literal

from xmpp_cem.core.kept import Kept
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import EventId, MessageId, PartyId, ProgrammeId, ResourceId
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Instant, Interval


class Agreed(Kept):
    """What a VEN was told by its VTN: the programmes of its resources, and their enrolments."""

    side = "upper"
    kind: Literal["agreed"] = "agreed"
    programmes: tuple[Programme, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()

    @property
    def key(self) -> str:
        """One per party."""
        return ""


class Enrolled(Kept):
    """What a VTN was told by a member: its customer's word on programmes, and opt schedules.

    `schedules` were told with a registration and are replaced by the next; `opts` one by one, and
    stand until they are cancelled or over, as do `overrides`, of which only the ids are known.
    """

    side = "lower"
    kind: Literal["enrolled"] = "enrolled"
    party: PartyId
    enrolments: tuple[Enrolment, ...] = ()
    schedules: tuple[OptSchedule, ...] = ()
    opts: tuple[OptSchedule, ...] = ()
    overrides: tuple[MessageId, ...] = ()

    @property
    def key(self) -> str:
        """The member."""
        return self.party


class _Call(Kept):
    """One call of resources in a programme: what its budgets are reckoned from.

    It outlives the event's tombstone, and is forgotten at `until`, when the season is over. Once it
    `is_taken`, somebody has said yes.
    """

    programme: ProgrammeId
    event: EventId
    resources: tuple[ResourceId, ...]
    active: Interval
    is_taken: bool = True
    until: Instant


class Called(_Call):
    """A call of a VEN's own resources."""

    side = "upper"
    kind: Literal["called"] = "called"

    @property
    def key(self) -> str:
        """The event."""
        return self.event


class CalledMember(_Call):
    """A VTN's call of a member's resources."""

    side = "lower"
    kind: Literal["called-member"] = "called-member"
    party: PartyId

    @property
    def key(self) -> str:
        """The event and the member."""
        return f"{self.event}/{self.party}"


class Judged(Kept):
    """What programmes and opt schedules leave to an event at a VEN.

    `resources` are those that it may move, None for all that it means; `barred` says which rule
    refuses it here, and `is_called` whether anything here is enrolled. `scheduled` is what opt
    schedules answer, and `why_scheduled` their reason.
    """

    resources: tuple[ResourceId, ...] | None = None
    barred: str = ""
    is_called: bool = True
    scheduled: Opt | None = None
    why_scheduled: str = ""


AnyCall = Called | CalledMember
"""A call, whoever's."""

Understood = Agreed | Called | CalledMember | Enrolled
"""All that is kept of agreements."""

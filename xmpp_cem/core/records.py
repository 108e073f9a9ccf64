"""What must survive a restart: a closed set of values."""

from typing import Annotated, Literal

from pydantic import Field

from xmpp_cem.core.call import Asker
from xmpp_cem.core.kept import Conduct, Confirmations, DomainName, Dropped, Kept, Removal, Report
from xmpp_cem.core.life.life import State
from xmpp_cem.core.life.lifecycle import OPEN
from xmpp_cem.core.life.spread import Offsets
from xmpp_cem.core.programmes.agreed import Judged, Understood
from xmpp_cem.core.settlement.grouping import Settled
from xmpp_cem.messages.configuration import Admission
from xmpp_cem.messages.controls import IndexEntry
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Change, Event, Order
from xmpp_cem.model.ids import EventId, MessageId, PartyId, ResourceId
from xmpp_cem.model.membership import ADMITTED, Standing
from xmpp_cem.model.position import Position
from xmpp_cem.model.quantity import Power
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Delta, Signal
from xmpp_cem.model.stated import Stated
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval


class VenRecord(Kept):
    """What a VEN knows of itself and its domain.

    `index_*` is the newest index seen, `above` the marks of gateways that it tells; `dropped` is
    what of our reports is no longer kept. `seed` is drawn once, for randomised starts; `boot` names
    the machine's last start; `floor` is a time that has passed. `free` is the power that resources
    had before a limit held them, as long as it does, W. `opts` are the opt schedules told singly.
    """

    side = "upper"
    kind: Literal["ven"] = "ven"
    epoch: int = 0
    sequence: int = 0
    revision: int = 0
    admission: Admission | None = None
    index_epoch: int = -1
    index_version: int = -1
    index: tuple[IndexEntry, ...] = ()
    above: tuple[str, ...] = ()
    dropped: Dropped | None = None
    seed: str = ""
    boot: str = ""
    floor: Instant | None = None
    free: tuple[tuple[ResourceId, Power], ...] = ()
    opts: tuple[MessageId, ...] = ()

    @property
    def key(self) -> str:
        """One per party."""
        return ""


class Commitment(Judged):
    """One event at a VEN: its newest version, what is asked, what was answered.

    `status` is the state of its life; one that has ended is a tombstone, until its validity and a
    day have passed. `decide_by` is when silence becomes an answer, where the version came after its
    deadline. `offsets` of a randomised start are drawn once, when it was `taken`. `baselines` (W),
    `limits` (W, not signed) and, of a set point, `rooms` (down and up) of the resources are set at
    the start and then stand; `shares` (W, signed) follow what is promised. `is_own`: in no index.
    `short_w` (W, not signed) is the shortfall that a gateway told last, `stated` the baseline.
    `taken_back`: resources that their owner has taken out of this version while it acted.
    `declined`: the no to a newer version, which came when the event was over here.
    """

    side = "upper"
    kind: Literal["commitment"] = "commitment"
    event: Event
    digest: str
    asked_w: Power
    revision: int
    status: State
    decide_by: Instant | None = None
    path: tuple[str, ...] = ()
    hop: int = 0
    is_own: bool = False
    answer: Answer | None = None
    offsets: Offsets | None = None
    taken: Instant | None = None
    baselines: tuple[tuple[ResourceId, Power], ...] | None = None
    limits: tuple[tuple[ResourceId, int], ...] = ()
    shares: tuple[tuple[ResourceId, Power], ...] = ()
    rooms: tuple[tuple[ResourceId, int, int], ...] = ()
    short_w: int = 0
    stated: Stated | None = None
    taken_back: tuple[ResourceId, ...] = ()
    declined: Answer | None = None

    @property
    def key(self) -> str:
        """The event."""
        return self.event.id

    @property
    def newest(self) -> Order:
        """The newest version that was judged for good, taken or declined."""
        return self.declined.order if self.declined else self.event.order

    @property
    def said(self) -> Answer | None:
        """What was answered last."""
        return self.declined or self.answer

    def means(self, resource: ResourceId, kind: str) -> bool:
        """Whether it may move a resource."""
        is_meant = self.event.targets.mean(resource, kind) and resource not in self.taken_back
        return is_meant and (self.resources is None or resource in self.resources)

    @property
    def is_live(self) -> bool:
        """Whether it may still act."""
        return self.status in OPEN


class VtnRecord(Kept):
    """What a VTN knows of its own leadership."""

    side = "lower"
    kind: Literal["vtn"] = "vtn"
    epoch: int = 0
    index_version: int = 0
    sequence: int = 0

    @property
    def key(self) -> str:
        """One per party."""
        return ""


class Member(Kept):
    """A VEN of our domain; `availability` starts as unreachable after a restart.

    `known` is the position up to which we have all that it reported, None before we have asked;
    `called_s` is for how long events have moved its power so far. What an operator has commanded
    (`is_commanded`) wins over the file: `standing` since `since` and `why`, and the account, which
    took the place of the `former` ones. `removal` lasts until its nodes are closed to it.
    `asked_wh` and `kept_wh` (Wh, not signed) are what ended events asked of it and what it did.
    """

    side = "lower"
    kind: Literal["member"] = "member"
    party: PartyId
    account: str
    capability: Capability | None = None
    availability: Availability = Availability.UNREACHABLE
    last_heard: Instant | None = None
    known: Position | None = None
    called_s: int = 0
    asked_wh: int = 0
    kept_wh: int = 0
    standing: Standing = Standing.MEMBER
    is_commanded: bool = False
    since: Instant | None = None
    why: str = ""
    former: tuple[str, ...] = ()
    removal: Removal | None = None

    @property
    def key(self) -> str:
        """The member."""
        return self.party

    @property
    def is_admitted(self) -> bool:
        """Whether it may speak with us."""
        return self.standing in ADMITTED

    @property
    def kept_permille(self) -> int:
        """How much of what was asked of it was done so far; half while nothing is known."""
        return self.kept_wh * 1000 // self.asked_wh if self.asked_wh else 500


class Part(Kept):
    """One member's part in a dispatch.

    `capability_w` is its flexibility at the event's basis, by its capability of `revision` (None in
    an older store), and `limit_w` the most it has confirmed since, both W and not signed;
    `baseline_w` is its power before the event, `delivered_ws` (W s) and `measured_s` what it
    changed so far and over how long, `until` the last window's end and `gaps` what is not measured
    before it. `order` is the version in which a member of an individual division was last asked,
    at `asked_at`. `told` is what it alone is asked, one signal for each of the event's; without any
    it is `asked_w`. `standing_w` are the limits, W, that it may act on, none where it has confirmed
    none; `counted_w` counts for it under a limit that it does not take. `targets` are those of its
    resources that a set point means, none for all. `shortfall` is what it told last, at
    `shortfall_at`, that it cannot cover. In a programme, `resources` are called; a member that may
    not be is `barred`, and why. `stated` is what a gateway told of the baselines of its members.
    """

    side = "lower"
    kind: Literal["part"] = "part"
    event: EventId
    party: PartyId
    capability_w: int
    limit_w: int
    asked_w: Power
    order: Order | None = None
    asked_at: Instant | None = None
    told: tuple[Signal, ...] = ()
    standing_w: tuple[int, ...] = ()
    counted_w: int | None = None
    targets: tuple[ResourceId, ...] = ()
    alarm: Sentence = ""
    answer: Answer | None = None
    baseline_w: Power | None = None
    delivered_w: Power | None = None
    delivered_ws: int = 0
    measured_s: int = 0
    until: Instant | None = None
    gaps: tuple[Interval, ...] = ()
    conduct: Conduct = Conduct()
    shortfall: str = ""
    shortfall_at: Instant | None = None
    resources: tuple[ResourceId, ...] = ()
    barred: str = ""
    stated: Stated | None = None
    revision: int | None = None

    @property
    def key(self) -> str:
        """The event and the member."""
        return f"{self.event}/{self.party}"


class Dispatch(Kept):
    """An event of our domain as its VTN divides it; the parts are records of their own.

    `called` and `changes` are what its VTN was called for, where the event's signal is what its
    members are told; an older store has `target_w` alone, the change of power, W, signed. When
    `is_individual` each member is asked for its own share, by transaction. `unmanaged_w` (W) is
    load that takes no limit, `excess_w` by how much a limit may be exceeded or a set point is
    missed. `origin` is the domain above from which a gateway has it, `stopped` when it was
    cancelled.
    """

    side = "lower"
    kind: Literal["dispatch"] = "dispatch"
    event: Event
    target_w: Power
    called: Signal | None = None
    changes: tuple[Change, ...] = ()
    upper: EventId | None = None
    redivisions: int = 0
    replanned: Instant | None = None
    stopped: Instant | None = None
    why: str = ""
    path: tuple[str, ...] = ()
    hop: int = 0
    asker: Asker | None = None
    unmanaged_w: int | None = None
    excess_w: int = 0
    is_individual: bool = False
    origin: DomainName = ""

    @property
    def key(self) -> str:
        """The event."""
        return self.event.id

    @property
    def active(self) -> Interval:
        """When power is asked to change."""
        return self.event.active

    @property
    def acting(self) -> Interval | None:
        """When power does change: until a cancel, and never with one before the start."""
        if self.stopped is None or self.stopped >= self.active.end:
            return self.active
        if self.stopped <= self.active.start:
            return None
        return Interval(start=self.active.start, end=self.stopped)

    @property
    def signal(self) -> Signal:
        """What its VTN was called for."""
        return self.called or Delta(power_w=self.target_w)


_OfVen = VenRecord | Confirmations | Report | Commitment | Understood
_OfVtn = VtnRecord | Member | Part | Dispatch | Settled

Record = Annotated[_OfVen | _OfVtn, Field(discriminator="kind")]

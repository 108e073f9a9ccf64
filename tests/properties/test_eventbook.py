"""What a VEN really does with its events is what the table of their life gives, step by step."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.core.effects import AskDecision, SetTimer
from xmpp_cem.core.inputs import Decided
from xmpp_cem.core.kept import Confirmed
from xmpp_cem.core.life.arrival import Known, Version, judge_version
from xmpp_cem.core.life.life import Act, Cause, State
from xmpp_cem.core.life.lifecycle import OPEN
from xmpp_cem.core.life.phases import Moments, live, next_due, tick
from xmpp_cem.core.reach import NEAR_BEFORE
from xmpp_cem.core.ven.eventacts import DECIDE_WITHIN, TOMBSTONE
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.venstate import VenSettings, VenState
from xmpp_cem.messages.controls import EventIndex, IndexEntry
from xmpp_cem.messages.envelope import Header, Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.signal import Delta, Level
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    NOW,
    at,
    capability,
    make_event,
    of_kind,
    plain_digest,
    transactions_in,
)

HEADER = Header(
    verb=Verb.CHANGED,
    noun=Noun.CONTROLS,
    message_id=derived_id("m"),
    timestamp=NOW,
    source="vtn",
)
EVENT = make_event().id
DAY_S = 86_400


def book():
    state = VenState(VenSettings("site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest))
    state.save(index_epoch=1, index_version=1)
    state.confirm((Confirmed(capability=capability(4000), at=at(-1)),))
    return EventBook(state)


def made_version(modification, kind):
    """Return one of several contents of a version, among them such as start later, or end it."""
    start = 400 if kind == "later" else 20
    status = EventStatus.CANCELLED if kind == "cancel" else EventStatus.FAR
    return make_event(
        modification=modification,
        signal=Level(level=1) if kind == "strange" else Delta(power_w=-1000),
        active=Interval(start=at(start), end=at(start + 60)),
        answer_by=at(start - 10),
        status=status,
    )


class Twin:
    """The life of one event, by judging, table and clock alone."""

    def __init__(self):
        self.state, self.event, self.by = State.UNKNOWN, None, None
        self.acts, self.is_own, self.declined = [], False, None

    def moments(self, event, by):
        active = event.active
        forget = active.end + TOMBSTONE
        return Moments(active.start - NEAR_BEFORE, active.start, active.end, by, forget)

    def walked(self, steps):
        for made in steps:
            self.state = made.to
            self.acts += made.acts
        if self.state is State.UNKNOWN:
            self.event = None

    def tick(self, now):
        if self.event:
            self.walked(tick(self.state, self.moments(self.event, self.by), now))

    def caused(self, cause, now):
        self.tick(now)
        if self.event:
            self.walked(live(self.state, cause, self.moments(self.event, self.by), now))

    def version(self, event, now, *, is_own, is_in_index):
        self.tick(now)
        known = Known(self.event.order, plain_digest(self.event)) if self.event else None
        is_able = isinstance(event.signal, Delta)
        what = Version(
            event.order,
            plain_digest(event),
            event.active,
            is_cancel=event.is_cancelled,
            is_able=is_able,
        )
        cause = judge_version(what, known, now, is_clock_good=True)
        by = event.answer_by
        by = by if now < by else min(now + DECIDE_WITHIN, event.active.end)
        steps = live(self.state, cause, self.moments(event, by), now)
        if Act.KEEP in steps[0].acts:
            self.event, self.by, self.is_own = event, by, is_own and not is_in_index
            self.declined = None
            self.walked(steps)
        elif self.event:
            is_same = known == Known(event.order, plain_digest(event))
            self.is_own |= is_same and is_own and not is_in_index
            self.walked(live(self.state, cause, self.moments(self.event, self.by), now))
            self.decline(event.order)

    def decline(self, order):
        if Act.DECLINE in self.acts and self.declined and not self.declined < order:
            self.acts.remove(Act.DECLINE)
        elif Act.DECLINE in self.acts:
            self.declined = order


class Happenings:
    """A book and its twin, to which the same things happen."""

    def __init__(self):
        self.book, self.twin = book(), Twin()
        self.second, self.version, self.indexed, self.timer = 0, 1, False, None
        self.effects = []

    @property
    def now(self):
        return at(self.second)

    def told(self, effects):
        self.effects = effects
        for timer in of_kind(effects, SetTimer):
            self.timer = timer.at

    def sleep(self, seconds):
        """Let time pass while timers cannot fire, as right after a restart."""
        self.second += seconds

    def wait(self, seconds):
        self.second += seconds
        self.twin.tick(self.now)
        if self.timer is not None and self.timer <= self.now:
            self.timer = None
            self.told(self.book.fire(EVENT, self.now))

    def arrive(self, event, *, is_own):
        self.twin.version(event, self.now, is_own=is_own, is_in_index=self.indexed)
        verb = Verb.CHANGE if is_own else Verb.CHANGED
        header = HEADER.model_copy(update={"verb": verb})
        self.told(self.book.take_event(event, header, self.now))

    def index(self, *, lists):
        """Make a newer index, which lists the version known here, or nothing."""
        known, self.version = self.twin.event, self.version + 1
        entries = ()
        if lists and known:
            digest = plain_digest(known)
            entries = (IndexEntry(event=known.id, order=known.order, digest=digest),)
        self.indexed = bool(entries)
        newer = EventIndex(
            domain="grid",
            epoch=1,
            version=self.version,
            at=at(self.second + 1),
            heartbeat_s=60,
            entries=entries,
        )
        if entries:
            self.twin.is_own = False
        elif not self.twin.is_own and self.twin.state in OPEN:
            self.twin.caused(Cause.OMITTED, self.now)
        self.told(self.book.take_index(newer, "n", self.now))

    def decide(self, power_w):
        known = self.book.commitments.get(EVENT)
        if known is None:
            return
        order = known.event.order
        self.twin.tick(self.now)
        self.told(self.book.decided(Decided(EVENT, order, self.opt(power_w), power_w), self.now))
        if not self.is_said(known.answer, order, power_w):
            cause = Cause.OPT_IN if power_w else Cause.OPT_OUT
            if power_w and not isinstance(known.event.signal, Delta):
                cause = Cause.OPT_IN_BARRED
            self.twin.caused(cause, self.now)

    def opt(self, power_w):
        return Opt.IN if power_w else Opt.OUT

    def is_said(self, last, order, power_w):
        """Whether it was answered before, by the party or just now by its silence."""
        if Act.SAY_OUT in self.twin.acts:
            return not power_w
        opt = self.opt(power_w)
        return last is not None and (last.order, last.opt, last.power_w) == (order, opt, power_w)

    def happen(self, kind, value, is_own):
        self.twin.acts.clear()
        match kind:
            case "wait":
                self.wait(value)
            case "sleep":
                self.sleep(value)
            case "version":
                self.arrive(made_version(*value), is_own=is_own)
            case "index":
                self.index(lists=value)
            case _:
                self.decide(value)

    def check(self):
        known, twin = self.book.commitments.get(EVENT), self.twin
        assert (known.status if known else State.UNKNOWN) is twin.state
        assert (known.event if known else None) == twin.event
        answers = [m.body.answers[0].opt for m in transactions_in(self.effects)]
        said = {Act.SAY_IN: Opt.IN, Act.SAY_OUT: Opt.OUT, Act.DECLINE: Opt.OUT}
        assert answers == [said[act] for act in twin.acts if act in said]
        assert len(of_kind(self.effects, AskDecision)) == twin.acts.count(Act.ASK)
        if known:
            assert self.timer == next_due(twin.state, twin.moments(twin.event, twin.by))
            acts = known.status in {State.FAR, State.NEAR, State.ACTIVE}
            assert not acts or known.answer.opt is Opt.IN


VERSIONS = st.tuples(
    st.integers(0, 5), st.sampled_from(["plain", "plain", "later", "strange", "cancel"])
)
HAPPENINGS = st.one_of(
    st.tuples(st.just("version"), VERSIONS, st.booleans()),
    st.tuples(st.just("version"), VERSIONS, st.booleans()),
    st.tuples(st.just("decide"), st.sampled_from([0, -500, -1000]), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 10, 60, 300, DAY_S]), st.none()),
    st.tuples(st.just("sleep"), st.sampled_from([10, 30, 300, DAY_S]), st.none()),
    st.tuples(st.just("index"), st.booleans(), st.none()),
)


@given(st.lists(HAPPENINGS, max_size=25))
@settings(max_examples=300)
def test_the_book_is_always_in_the_state_that_the_table_gives(happenings):
    both = Happenings()
    for kind, value, is_own in happenings:
        both.effects = []
        both.happen(kind, value, is_own)
        both.check()


HISTORY = [make_event(modification=m, signal=Delta(power_w=-100 * (m + 1))) for m in range(6)]


@pytest.mark.parametrize("count", range(1, 7))
def test_every_order_of_modifications_each_of_them_twice_converges_to_the_highest(count):
    for arrivals in itertools.permutations(HISTORY[:count]):
        made = book()
        for event in (*arrivals, *reversed(arrivals)):
            made.take_event(event, HEADER, NOW)
        known = made.commitments[EVENT]
        assert known.event == HISTORY[count - 1]
        assert (known.status, known.asked_w, known.answer) == (State.PENDING, -100 * count, None)

"""Whatever is asked of a resource, one timeline follows, and it never leaves a limit."""

import random
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.timeline.bounds import FOREVER, Cap, Limit, Physical, Range
from xmpp_cem.core.timeline.timeline import Claim, Kind, Part, Piece, timeline
from xmpp_cem.core.timeline.trajectory import setting_at
from xmpp_cem.model.event import Order
from xmpp_cem.model.signal import Direction, Phase
from xmpp_cem.testing.builders import at

SPAN_S = 60
POWERS = st.integers(-6000, 6000)
SECONDS = st.integers(0, SPAN_S)
SPREADS = st.integers(0, 8).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def pieces(draw):
    edges = sorted(draw(st.sets(SECONDS, min_size=2, max_size=5)))
    kept = [
        Piece(at(start), at(end), draw(st.none() | POWERS))
        for start, end in pairwise(edges)
        if draw(st.booleans())
    ]
    return tuple(kept) or (Piece(at(edges[0]), at(edges[-1]), draw(POWERS)),)


claims = st.builds(
    Claim,
    event=st.sampled_from("abcdef"),
    priority=st.integers(0, 2),
    created=st.integers(-3, 0).map(at),
    order=st.builds(Order, epoch=st.just(1), modification=st.integers(0, 2)),
    pieces=pieces(),
    kind=st.sampled_from(Kind),
    ramp=SPREADS,
    hold=SPREADS,
    recovery=SPREADS,
)


@st.composite
def caps(draw):
    start = draw(st.integers(0, SPAN_S))
    end = draw(st.none() | st.integers(1, SPAN_S))
    return Cap(
        source=draw(st.sampled_from(["limit-1", "limit-2", "failsafe"])),
        start=at(start),
        end=FOREVER if end is None else at(start + end),
        direction=draw(st.sampled_from(Direction)),
        limit_w=draw(st.integers(0, 7000)),
        phase=draw(st.none() | st.sampled_from(Phase)),
        is_mandatory=draw(st.booleans()),
    )


physicals = st.builds(
    Physical,
    range=st.builds(Range, st.integers(-5000, 0), st.integers(0, 5000)),
    least_import_w=st.sampled_from([0, 0, 1380]),
    least_export_w=st.sampled_from([0, 0, 900]),
    step_w=st.sampled_from([1, 1, 230]),
    phases=st.sampled_from([tuple(Phase), (Phase.A,), (Phase.A, Phase.B)]),
    ramp_w_per_s=st.none() | st.integers(1, 2000),
)
asked = st.lists(claims, max_size=6)
limits = st.lists(caps(), max_size=4)
INSTANTS = [at(second / 2) for second in range(-4, 4 * SPAN_S)]


def newest(of):
    """Return one claim of each event: of equal versions the one that the timeline takes too."""
    by_event = {}
    for claim in sorted(of, key=lambda c: (c.order.modification, repr(c))):
        by_event[claim.event] = claim
    return list(by_event.values())


def wanting(of, instant):
    """Reckon independently who wants an instant, the first to decide first."""
    found = [c for c in of if any(p.start <= instant < p.end for p in c.pieces)]
    found.sort(key=lambda c: c.event)
    found.sort(key=lambda c: c.order.modification, reverse=True)
    found.sort(key=lambda c: c.created, reverse=True)
    found.sort(key=lambda c: c.priority)
    return found


def power_of(claim, instant):
    return next(p.power_w for p in claim.pieces if p.start <= instant < p.end)


@given(asked, limits, physicals)
def test_segments_are_in_order_without_overlap_and_not_empty(wanted, capped, physical):
    made = timeline(wanted, capped, physical)
    assert all(segment.start < segment.end for segment in made.segments)
    assert all(one.end <= other.start for one, other in pairwise(made.segments))


@given(asked, limits, physicals)
def test_the_highest_priority_decides_then_the_newest(wanted, capped, physical):
    made = timeline(wanted, capped, physical)
    for instant in INSTANTS:
        segment = made.at(instant)
        first = wanting(newest(wanted), instant)
        if first:
            assert (segment.part, segment.cause) == (Part.ACT, first[0].event)
            assert segment.over == tuple(claim.event for claim in first[1:])
            power_w = power_of(first[0], instant)
            expected = None if power_w is None else physical.fitted(power_w, segment.range)
            assert segment.power_w == expected


@given(asked, limits, physicals)
def test_nothing_acts_outside_its_window_and_recovery_stays_within_its_bounds(
    wanted, capped, physical
):
    made = timeline(wanted, capped, physical)
    by_event = {claim.event: claim for claim in newest(wanted)}
    for instant in INSTANTS:
        segment = made.at(instant)
        if segment.part is Part.FREE:
            assert (segment.cause, segment.power_w) == (None, None)
            continue
        claim = by_event[segment.cause]
        if segment.part is Part.ACT:
            assert claim in wanting([claim], instant)
        else:
            assert wanting(by_event.values(), instant) == []
            assert claim.end <= instant < claim.end + claim.hold + claim.recovery


@given(asked, limits, physicals, st.integers(-5000, 5000))
def test_nothing_is_outside_any_limit_at_any_instant(wanted, capped, physical, free_w):
    made = timeline(wanted, capped, physical)
    for instant in INSTANTS:
        setting = setting_at(made, free_w, instant)
        power_w = free_w if setting.power_w is None else setting.power_w
        if setting.power_w is not None:
            assert physical.range.holds(power_w)
            least_w = physical.least_import_w if power_w > 0 else physical.least_export_w
            assert power_w == 0 or abs(power_w) >= least_w
            assert power_w == 0 or (abs(power_w) - least_w) % physical.step_w == 0
        for cap in capped:
            if cap.holds_at(instant) and (cap.phase is None or cap.phase in physical.phases):
                flow_w = power_w if cap.direction is Direction.IMPORT else -power_w
                assert flow_w <= cap.limit_w * (len(physical.phases) if cap.phase else 1)


@given(asked, limits, physicals, st.randoms(use_true_random=False))
def test_the_order_of_events_and_repeats_do_not_matter(wanted, capped, physical, shuffler):
    made = timeline(wanted, capped, physical)
    again, limited = [*wanted, *wanted[:2]], [*capped, *capped[:1]]
    shuffler.shuffle(again)
    shuffler.shuffle(limited)
    assert timeline(again, limited, physical) == made


@given(asked, limits, physicals)
def test_what_a_timeline_says_leads_to_the_same_timeline(wanted, capped, physical):
    made = timeline(wanted, capped, physical)
    acting = [segment for segment in made.segments if segment.part is Part.ACT]
    again = [
        Claim(
            event=f"{number}",
            priority=0,
            created=at(0),
            order=Order(epoch=1, modification=0),
            pieces=(Piece(segment.start, segment.end, segment.power_w),),
        )
        for number, segment in enumerate(acting)
    ]
    twice = timeline(again, capped, physical)
    for instant in INSTANTS:
        if made.at(instant).part is Part.ACT:
            assert twice.at(instant).power_w == made.at(instant).power_w
            assert twice.at(instant).range == made.at(instant).range


@given(asked, limits, physicals)
def test_the_limits_of_a_segment_are_the_tightest_in_force(wanted, capped, physical):
    made = timeline(wanted, capped, physical)
    for instant in INSTANTS:
        tight = {}
        for cap in capped:
            if cap.holds_at(instant):
                key = (cap.direction, cap.phase)
                tight[key] = min(cap.limit_w, tight.get(key, cap.limit_w))
        told = made.at(instant).limits
        assert {(each.direction, each.phase): each.limit_w for each in told} == tight
        assert all(isinstance(each, Limit) and each.sources for each in told)


@given(asked, physicals, st.integers(-5000, 5000))
def test_power_never_moves_faster_than_the_resource_may(wanted, physical, free_w):
    made = timeline(wanted, (), physical)
    free_w = physical.fitted(free_w, physical.range)
    rate = physical.ramp_w_per_s
    if rate is None or {physical.least_import_w, physical.least_export_w, physical.step_w} != {
        0,
        1,
    }:
        return
    settings = [setting_at(made, free_w, instant) for instant in INSTANTS]
    for one, other in pairwise(settings):
        if one.power_w is not None and other.power_w is not None:
            slack = 1 + len(made.segments)
            assert abs(other.power_w - one.power_w) <= rate / 2 + slack


def test_a_day_of_many_events_is_resolved_quickly_and_the_same_each_time():
    shuffler = random.Random(4)  # noqa: S311 a test's own choice
    wanted = [
        Claim(
            event=f"event-{number}",
            priority=shuffler.randint(0, 5),
            created=at(-shuffler.randint(0, 1000)),
            order=Order(epoch=1, modification=0),
            pieces=tuple(
                Piece(at(900 * step), at(900 * step + 900), shuffler.randint(-5000, 5000))
                for step in range(shuffler.randint(0, 60), 96)
            ),
        )
        for number in range(100)
    ]
    physical = Physical(Range(-5000, 5000))
    made = timeline(wanted, (), physical)
    assert len(made.segments) == 96
    assert timeline(reversed(wanted), (), physical) == made

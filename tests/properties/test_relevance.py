"""What a plan leaves out because it is over or far away could not have changed it."""

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.life.life import State
from xmpp_cem.core.life.spread import Offsets
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.timeline.bounds import Physical, Range
from xmpp_cem.core.timeline.responding import NO_RESPONSES
from xmpp_cem.core.timeline.timeline import timeline
from xmpp_cem.core.timeline.trajectory import setting_at
from xmpp_cem.core.ven.commitments import over
from xmpp_cem.core.ven.site.claiming import claim_of
from xmpp_cem.core.ven.site.plan import plan
from xmpp_cem.core.ven.site.relevance import relevant
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event

ANY = Physical(Range(-(10**12), 10**12))
SAMPLES = (Sample(resource="r", power_w=5000, decrease_w=5000),)


@st.composite
def commitments(draw, number):
    start = draw(st.integers(0, 60))
    event = make_event(
        number,
        active=Interval(start=at(start), end=at(start + draw(st.integers(1, 30)))),
        answer_by=at(start),
        priority=draw(st.integers(0, 2)),
        ramp_s=draw(st.sampled_from([0, 0, 5, 40])),
        recovery_s=draw(st.sampled_from([0, 0, 7])),
    )
    status = draw(st.sampled_from([State.ACTIVE, State.COMPLETED, State.SUPERSEDED]))
    return taken(event, draw(st.integers(-3000, -1)), status, draw(st.sampled_from([0, 0, 3])))


def taken(event, share_w, status, stop_s=0):
    answer = Answer(
        id=derived_id("answer", event.id),
        event=event.id,
        order=event.order,
        opt=Opt.IN,
        power_w=-1000,
        revision=1,
        sequence=1,
        at=at(0),
    )
    return Commitment(
        event=event,
        digest="0" * 64,
        asked_w=share_w,
        revision=1,
        status=status,
        answer=answer,
        offsets=Offsets(stop_s=stop_s),
        taken=at(0),
        baselines=(("r", 5000),),
        shares=(("r", share_w),),
    )


def commitment(number, start_s, ramp_s):
    """Return one of a row in which each event ends when the next begins."""
    active = Interval(start=at(start_s), end=at(start_s + 10))
    event = make_event(number, active=active, answer_by=at(start_s), ramp_s=ramp_s)
    return taken(event, -1000, State.ACTIVE)


many = st.integers(0, 7).flatmap(lambda count: st.tuples(*map(commitments, range(count))))


@given(many, st.integers(0, 100))
def test_what_is_long_over_or_far_away_changes_nothing(known, second):
    now = at(second)
    claims = (claim_of(each, SAMPLES[0], SAMPLES, NO_RESPONSES, ANY) for each in known)
    whole = timeline([claim for claim in claims if claim], (), ANY)
    wanted = setting_at(whole, 5000, now)
    newest = sorted(known, key=over, reverse=True)
    found = plan(newest, (), SAMPLES, {"r": 5000}, now).settings["r"]
    assert (found.power_w, found.range) == (wanted.power_w, wanted.range)
    assert (found.segment.cause, found.segment.over) == (wanted.segment.cause, wanted.segment.over)


@given(many)
def test_a_day_later_nothing_is_left(known):
    assert relevant(sorted(known, key=over, reverse=True), at(86_400)) == []


def test_where_power_is_reached_at_once_a_row_without_a_pause_is_not_walked_back():
    row = [commitment(number, start_s=10 * number, ramp_s=0) for number in range(20)]
    assert [each.event.id for each in relevant(row[::-1], at(195))] == [row[19].event.id]


def test_a_ramp_starts_where_the_event_before_it_had_led_to():
    row = [
        commitment(number, start_s=10 * number, ramp_s=5 * (number > 17)) for number in range(20)
    ]
    assert relevant(row[::-1], at(195)) == row[:16:-1]

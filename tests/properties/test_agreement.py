"""A VTN and its VEN agree on whom an event may call, whatever the rules and the calls before."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.messages.envelope import Result
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Mode
from xmpp_cem.model.programme import (
    Consent,
    DailyWindow,
    Enrolment,
    OverrideRule,
    Programme,
)
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event
from xmpp_cem.testing.pair import Pair

HOUR = 3600
SEASON = Interval(start=datetime(2026, 1, 10, tzinfo=UTC), end=datetime(2026, 1, 20, tzinfo=UTC))


programmes = st.builds(
    Programme,
    id=st.just("peak"),
    version=st.just(1),
    valid=st.just(SEASON),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    windows=st.sampled_from([(), (DailyWindow(start=time(8), end=time(18)),)]),
    notice_s=st.sampled_from([0, HOUR]),
    longest_s=st.sampled_from([HOUR, 86_400]),
    gap_s=st.sampled_from([0, 2 * HOUR]),
    calls_per_day=st.sampled_from([None, 1, 2]),
    calls_per_season=st.sampled_from([None, 2]),
    seconds_per_day=st.sampled_from([None, HOUR]),
    seconds_per_season=st.sampled_from([None, 2 * HOUR]),
    override=st.sampled_from(OverrideRule),
)


def enrolled(consents):
    return st.lists(
        st.builds(
            Enrolment,
            programme=st.just("peak"),
            party=st.just("a"),
            resource=st.sampled_from(["r", "s"]),
            valid=st.just(SEASON),
            consent=consents,
        ),
        max_size=2,
        unique_by=lambda each: each.resource,
    ).map(tuple)


words = st.none() | st.builds(
    Consent,
    is_given=st.sampled_from([True, True, False]),
    version=st.sampled_from([1, 1, 2]),
    at=st.sampled_from([at(-7200), at(-3600)]),
)
steps = st.lists(
    st.tuples(
        st.integers(0, 30),  # hours until the next step
        st.integers(0, 6),  # hours to the start
        st.sampled_from([HOUR // 2, HOUR, 2 * HOUR]),
        st.sampled_from(["in", "out", "silent", "cancel", "back"]),
        st.sampled_from([Mode.REAL, Mode.COMMS]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50)
@given(programmes, enrolled(words), enrolled(words), steps)
def test_a_ven_bars_what_its_vtn_would_not_call_and_nothing_else(programme, told, own, given_steps):
    pair = Pair((programme,), told, enrolments=own)
    for number, (wait, lead, seconds, then, mode) in enumerate(given_steps):
        pair.now += wait * HOUR
        start = at(pair.now + lead * HOUR + 60)
        event = make_event(
            number,
            signal=Delta(power_w=-1000),
            mode=mode,
            active=Interval(start=start, end=start + timedelta(seconds=seconds)),
            created=at(pair.now),
            answer_by=start,
            programme="peak",
        )
        resources = pair.ven.state.capability.resources
        verdict = pair.ven.state.rules.verdict(event, [r.id for r in resources], at(pair.now))
        assert (pair.call(event).result is Result.FAILED) is bool(verdict.why_nothing)
        if verdict.why_nothing:
            continue
        part, known = pair.part(event), pair.commitment(event)
        assert (known.barred, known.asked_w) == ("", part.asked_w)
        assert known.resources == part.resources == verdict.resources
        if then != "silent":
            pair.decide(Opt.OUT if then == "out" else Opt.IN)
        pair.now += lead * HOUR + 60 + seconds // 2
        if then == "cancel":
            pair.cancel(event)
        elif then == "back":
            pair.take_back(event)
        pair.pass_to(event, pair.now + seconds)
        pair.asked = []
        theirs, ours = pair.counted()
        assert theirs == ours

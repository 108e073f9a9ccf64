from datetime import timedelta

import pytest

from xmpp_cem.core.life.life import State
from xmpp_cem.core.readings.sampling import Sampling
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.site.preparing import drawn, moves_power, prepared, window_of
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Mode, Targets
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Direction, Limit, TargetPower
from xmpp_cem.testing.builders import at, make_event

OVER = timedelta(seconds=30)


def commitment(power_w=-3000, event=None, opt=Opt.IN, **changes):
    event = event or make_event()
    answer = Answer(
        id=derived_id("answer"),
        event=event.id,
        order=event.order,
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(1),
    )
    made = Commitment(event=event, digest="0" * 64, asked_w=power_w, revision=1, status=State.FAR)
    return made.model_copy(update={"answer": answer} | changes)


@pytest.fixture
def sampling():
    made = Sampling()
    for seconds in range(20):
        made.take(
            (
                Sample(resource="r1", power_w=4000, decrease_w=4000, increase_w=1000),
                Sample(resource="r2", power_w=-2000, decrease_w=2000),
            ),
            at(seconds),
            timedelta(seconds=10),
        )
    return made


def test_a_promise_is_divided_over_the_resources_by_what_they_can_do(sampling):
    ready = prepared(commitment(), sampling, OVER)
    assert dict(ready.shares) == {"r1": -2000, "r2": -1000}
    assert dict(ready.baselines) == {"r1": 4000, "r2": -2000}


def test_a_rise_uses_what_can_rise(sampling):
    ready = prepared(commitment(800), sampling, OVER)
    assert dict(ready.shares) == {"r1": 800, "r2": 0}


def test_baselines_and_limits_are_fixed_once_and_shares_follow_the_promise(sampling):
    first = prepared(commitment(), sampling, OVER)
    sampling.take((Sample(resource="r1", power_w=0, decrease_w=0),), at(30), OVER)
    second = prepared(first.model_copy(update={"answer": commitment(-1500).answer}), sampling, OVER)
    assert second.baselines == first.baselines
    assert second.limits == first.limits
    assert dict(second.shares) == {"r1": -1000, "r2": -500}


def test_without_a_look_at_the_devices_nothing_is_fixed():
    made = commitment()
    assert prepared(made, Sampling(), OVER) == made


@pytest.mark.parametrize(
    "made",
    [
        commitment(0, opt=Opt.OUT),
        commitment(answer=None),
        commitment(status=State.CANCELLED),
        commitment(event=make_event(mode=Mode.COMMS)),
    ],
    ids=["opted out", "undecided", "cancelled", "only a test of communication"],
)
def test_nothing_else_moves_power(made):
    assert not moves_power(made)


def test_a_mandatory_limit_takes_no_opt_out():
    def limited(*, is_mandatory):
        signal = Limit(limit_w=1, direction=Direction.IMPORT, is_mandatory=is_mandatory)
        return commitment(0, make_event(signal=signal), Opt.OUT)

    assert moves_power(limited(is_mandatory=True))
    assert not moves_power(limited(is_mandatory=False))


def test_a_set_point_is_reached_from_the_baseline_of_all_resources(sampling):
    event = make_event(signal=TargetPower(power_w=-1000))
    ready = prepared(commitment(-2500, event), sampling, OVER)
    assert sum(dict(ready.shares).values()) == -3000
    part = commitment(-2500, event).model_copy(update={"asked_w": -4000})
    assert sum(dict(prepared(part, sampling, OVER).shares).values()) == -2500


def test_only_resources_that_are_meant_take_a_share(sampling):
    event = make_event(targets=Targets(resources=("r2",)))
    assert dict(prepared(commitment(-1500, event), sampling, OVER).shares) == {"r2": -1500}


def test_a_baseline_is_not_taken_while_another_event_moves_the_resource(sampling):
    after_a_restart = Sampling()
    moved = frozenset({"r1"})
    after_a_restart.take(sampling.latest, at(0), timedelta(seconds=10), moved)
    ready = prepared(commitment(), after_a_restart, OVER, {"r1": 9000, "gone": 1})
    assert dict(ready.baselines) == {"r1": 9000, "r2": -2000}


def test_offsets_are_drawn_once_and_a_version_that_allows_less_bounds_them():
    wide = commitment(event=make_event(randomise_s=1000))
    first = drawn(wide, "seed", "site", at(0))
    assert drawn(first, "another", "site", at(5)) == first
    assert 0 <= first.offsets.start_s <= 1000
    narrow = first.model_copy(update={"event": make_event(modification=1, randomise_s=1)})
    assert drawn(narrow, "seed", "site", at(6)).offsets.start_s == min(1, first.offsets.start_s)
    assert drawn(narrow, "seed", "site", at(6)).taken == at(0)
    others = {drawn(wide, "seed", f"site-{n}", at(0)).offsets.start_s for n in range(20)}
    assert len(others) > 10


def test_an_emergency_is_not_put_off_and_what_is_over_never_acts():
    urgent = commitment(event=make_event(randomise_s=1000, priority=0))
    assert window_of(drawn(urgent, "seed", "site", at(0))).window.start == at(20)
    late = commitment(event=make_event())
    assert window_of(drawn(late, "seed", "site", at(80))) is None

import dataclasses
from datetime import timedelta

import pytest

from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import Retract, SetTimer
from xmpp_cem.core.inputs import Started, TimerFired
from xmpp_cem.core.readings.estimating import StandIn
from xmpp_cem.core.readings.metering import Counted, Window
from xmpp_cem.core.vtn.dispatch.modifying import why_fixed
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta, Level
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, at, events_in, of_kind

ACTIVE = Interval(start=at(20), end=at(80))
EVENT = derived_id("dispatch")


def call(target_w=-9000):
    return Call(event=EVENT, signal=Delta(power_w=target_w), active=ACTIVE, answer_by=at(10))


@pytest.fixture
def dispatching(domain):
    domain.vtn.dispatching.create(call(), at(0))
    return domain.vtn.dispatching


def event(dispatching):
    return dispatching.dispatches[EVENT].event


def asked(dispatching):
    return {party: part.asked_w for party, part in dispatching.parts[EVENT].items()}


def all_in(domain, dispatching, seconds=5.0, sequence=1):
    for party, power_w in asked(dispatching).items():
        domain.answer(party, event(dispatching), power_w, sequence, seconds)


def test_a_target_is_divided_pro_rata_as_one_multiplier(dispatching):
    assert asked(dispatching) == {"a": -1500, "b": -3000, "c": -4500}
    assert str(event(dispatching).signal.multiplier) == "0.500000000"


def why(dispatching):
    return dispatching.dispatches[EVENT].why


def test_it_is_said_how_a_target_is_divided_and_what_rounding_leaves(domain, dispatching):
    assert why(dispatching) == "created; divided among 3 by one multiplier, 0.500000000"
    domain.answer("c", event(dispatching), -1000, sequence=2, seconds=5)
    assert why(dispatching).startswith("c opted-in; divided among 3 by one multiplier, 0.88888888")
    domain.answer("a", event(dispatching), 0, sequence=2, seconds=30)
    assert why(dispatching).endswith("8000 W are missing, as all together can do 1000 W")


@pytest.mark.parametrize("target_w", [-1000, -1001])
def test_the_residue_of_a_multiplier_is_told(target_w):
    members = Domain("a", "b", "c")
    members.lead()
    for member in ("a", "b", "c"):
        members.register(member, 3000, -5)
        members.presence(member, seconds=-5)
    members.vtn.dispatching.create(call(target_w), at(0))
    left_w = abs(target_w) + sum(asked(members.vtn.dispatching).values())
    told = why(members.vtn.dispatching)
    assert (f"rounding leaves {left_w} W" in told) == (left_w > 0)
    assert (f"rounding adds {-left_w} W" in told) == (left_w < 0)
    assert left_w != 0


def test_the_same_call_again_changes_nothing(dispatching):
    assert dispatching.create(call(-1), at(1)) == []


def test_members_that_are_away_or_out_are_not_asked(domain):
    domain.presence("b", Availability.OPTED_OUT)
    domain.presence("c", Availability.UNREACHABLE)
    domain.vtn.dispatching.create(call(-1000), at(0))
    assert asked(domain.vtn.dispatching) == {"a": -1000}


def test_an_opt_out_divides_the_rest_anew(domain, dispatching):
    all_in(domain, dispatching)
    domain.answer("c", event(dispatching), 0, sequence=2, seconds=30)
    assert dispatching.dispatches[EVENT].redivisions == 1
    assert asked(dispatching)["a"] == -3000
    assert asked(dispatching)["b"] == -6000
    assert "c opted-out" in dispatching.dispatches[EVENT].why


def test_a_lost_member_divides_the_rest_anew_and_is_published(domain, dispatching):
    all_in(domain, dispatching)
    domain.vtn.publish_changes(at(6))
    effects = domain.presence("a", Availability.UNREACHABLE, seconds=30)
    assert [e.order.modification for e in events_in(effects)] == [1]
    assert asked(dispatching)["b"] == -3600
    assert asked(dispatching)["c"] == -5400


def test_a_partial_promise_is_carried_by_the_others_and_not_asked_beyond(domain, dispatching):
    domain.answer("c", event(dispatching), -1500)
    assert asked(dispatching) == {"a": -2500, "b": -5000, "c": -1500}


def test_silence_at_the_deadline_counts_as_no(domain, dispatching):
    domain.answer("a", event(dispatching), -1500)
    domain.answer("b", event(dispatching), -3000)
    assert dispatching.expected_w(dispatching.dispatches[EVENT], at(9)) == 9000
    dispatching.fire(EVENT, at(10))
    assert asked(dispatching) == {"a": -3000, "b": -6000, "c": -4500}
    assert dispatching.expected_w(dispatching.dispatches[EVENT], at(10)) == 9000


def test_nothing_is_divided_again_within_a_second(domain, dispatching):
    all_in(domain, dispatching)
    domain.answer("a", event(dispatching), 0, sequence=2, seconds=30)
    domain.answer("b", event(dispatching), 0, sequence=2, seconds=30.5)
    assert dispatching.dispatches[EVENT].redivisions == 1
    dispatching.again(EVENT, at(31.1))
    assert dispatching.dispatches[EVENT].redivisions == 2


def test_when_nobody_is_left_nothing_more_is_asked(domain, dispatching):
    all_in(domain, dispatching)
    before = event(dispatching)
    for seconds, party in ((30, "a"), (40, "b"), (50, "c")):
        domain.answer(party, before, 0, sequence=2, seconds=seconds)
    assert dispatching.expected_w(dispatching.dispatches[EVENT], at(60)) == 0
    assert "nobody is left" in dispatching.dispatches[EVENT].why


def test_a_member_that_was_not_asked_may_join_and_then_counts(domain):
    domain.presence("c", Availability.UNREACHABLE)
    dispatching = domain.vtn.dispatching
    dispatching.create(call(-4500), at(0))
    domain.presence("c", seconds=4)
    assert domain.answer("c", event(dispatching), -4500) is not None
    assert sum(asked(dispatching).values()) == pytest.approx(-4500, abs=3)


def test_who_promised_less_may_promise_more_later_and_is_counted_on_for_it(domain, dispatching):
    domain.answer("a", event(dispatching), -1000, sequence=1)
    assert dispatching.parts[EVENT]["a"].limit_w == 1000
    domain.answer("a", event(dispatching), -2000, sequence=2, seconds=6)
    assert dispatching.parts[EVENT]["a"].limit_w == 2000


@pytest.fixture
def of_b_unknown():
    """A domain that asks 1000 W of `a`, and of `b` nothing, as it knows of nothing."""
    domain = Domain("a", "b")
    domain.lead()
    for member, decrease_w in (("a", 3000), ("b", 0)):
        domain.register(member, decrease_w, -5)
        domain.presence(member, seconds=-4)
    domain.vtn.dispatching.create(call(-1000), at(0))
    return domain


def test_of_whom_nothing_was_known_the_share_that_it_promises_tells_what_it_counts_on(of_b_unknown):
    domain, dispatching = of_b_unknown, of_b_unknown.vtn.dispatching
    assert asked(dispatching) == {"a": -1000, "b": 0}
    domain.answer("b", event(dispatching), -1000, 1, 5)
    part = dispatching.parts[EVENT]["b"]
    assert (part.capability_w, part.limit_w) == (3000, 1000)


def test_the_share_of_an_older_version_does_not_tell_it(of_b_unknown):
    """A third of what it can do is not all of it: asked for all, it would do three times that."""
    domain, dispatching = of_b_unknown, of_b_unknown.vtn.dispatching
    older = event(dispatching)
    dispatching.modify(call(-3000), "operator", at(3))
    domain.answer("b", older, -1000, 1, 5)
    part = dispatching.parts[EVENT]["b"]
    assert (part.capability_w, part.limit_w) == (0, 0)
    assert asked(dispatching) == {"a": -3000, "b": 0}


def test_an_answer_to_an_unknown_event_is_not_taken(domain, dispatching):
    strange = event(dispatching).model_copy(update={"id": derived_id("strange")})
    assert domain.answer("a", strange, -1) is None


def test_a_later_answer_wins_whatever_arrives_first(domain, dispatching):
    domain.answer("a", event(dispatching), 0, sequence=2)
    domain.answer("a", event(dispatching), -1500, sequence=1)
    assert dispatching.parts[EVENT]["a"].answer.opt is Opt.OUT


def test_an_answer_of_a_member_that_counts_anew_after_losing_its_store_wins_by_its_time(
    domain, dispatching
):
    domain.answer("a", event(dispatching), -1500, sequence=3, seconds=5)
    domain.answer("a", event(dispatching), 0, sequence=1, seconds=6)
    assert dispatching.parts[EVENT]["a"].answer.opt is Opt.OUT


def test_a_changed_target_is_divided_and_the_same_one_is_not(domain, dispatching):
    assert dispatching.modify(call(), "above", at(3)) == []
    dispatching.modify(call(-3600), "above", at(3))
    assert asked(dispatching) == {"a": -600, "b": -1200, "c": -1800}
    assert event(dispatching).order.modification == 1


def test_other_times_are_a_newer_version_with_timers_of_its_own(domain, dispatching):
    later = Interval(start=at(40), end=at(100))
    changed = dataclasses.replace(call(), active=later, answer_by=at(30), reason="later")
    effects = dispatching.modify(changed, "operator", at(3))
    assert (event(dispatching).active, event(dispatching).answer_by) == (later, at(30))
    assert event(dispatching).order.modification == 1
    assert asked(dispatching) == {"a": -1500, "b": -3000, "c": -4500}
    timers = {timer.key.rpartition("/")[2]: timer.at for timer in of_kind(effects, SetTimer)}
    assert (timers["answers"], timers["end"]) == (at(30), at(100))
    assert [e.order.modification for e in events_in(domain.vtn.publish_changes(at(3)))] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "seconds", "why"),
    [
        ({"signal": Delta(power_w=9000)}, 5, "from decrease to increase"),
        ({"signal": Level(level=1)}, 5, "keeps its kind of signal"),
        ({"active": Interval(start=at(20), end=at(30))}, 31, "already be over"),
        ({}, 10, "deadline"),
        ({"active": Interval(start=at(50), end=at(90)), "answer_by": at(40)}, 30, "has begun"),
        ({"signal": Delta(power_w=-1)}, 80, "has ended"),
    ],
)
def test_what_an_event_cannot_become_has_a_reason(dispatching, changes, seconds, why):
    wanted = dataclasses.replace(call(), **changes)
    assert why in why_fixed(dispatching.dispatches[EVENT], wanted, at(seconds))


def test_a_cancel_is_a_newer_version_and_is_final(dispatching):
    dispatching.cancel(EVENT, "enough\nof it", at(6))
    assert event(dispatching).is_cancelled
    assert event(dispatching).order.modification == 1
    assert event(dispatching).reason == "enough of it"
    assert dispatching.cancel(EVENT, "again", at(6)) == []
    assert dispatching.index() == ()


def test_an_event_is_settled_when_everybody_reachable_has_answered(domain, dispatching):
    dispatch = dispatching.dispatches[EVENT]
    assert not dispatching.tally(dispatch, at(1)).is_final
    all_in(domain, dispatching)
    assert dispatching.tally(dispatch, at(6)).is_final


def test_before_presences_are_known_nobody_counts_as_lost(domain, dispatching):
    all_in(domain, dispatching)
    domain.vtn._state.known_from = at(50)
    domain.presence("a", Availability.UNREACHABLE, seconds=30)
    assert dispatching.dispatches[EVENT].redivisions == 0
    domain.presence("a", seconds=31)
    dispatching.again(EVENT, at(51))
    assert dispatching.dispatches[EVENT].redivisions == 0


def test_nothing_is_final_before_what_came_right_after_a_restart_is_divided(domain, dispatching):
    all_in(domain, dispatching)
    domain.vtn._state.known_from = at(7)
    domain.answer("c", event(dispatching), 0, sequence=2, seconds=6)
    dispatch = dispatching.dispatches[EVENT]
    assert not dispatching.tally(dispatch, at(7)).is_final
    dispatching.again(EVENT, at(7))
    for member, power_w in (("a", -3000), ("b", -6000)):
        domain.answer(member, event(dispatching), power_w, sequence=3, seconds=8)
    assert dispatching.tally(dispatching.dispatches[EVENT], at(8)).is_final


def test_who_can_do_no_more_is_not_asked_for_all_it_once_could(domain):
    for member in ("b", "c"):
        domain.presence(member, Availability.UNREACHABLE)
    dispatching = domain.vtn.dispatching
    dispatching.create(call(-1500), at(0))
    domain.answer("a", event(dispatching), -1000, seconds=2)
    assert str(event(dispatching).signal.multiplier) == "0.500000000"
    domain.answer("a", event(dispatching), -1500, sequence=2, seconds=4)
    assert dispatching.dispatches[EVENT].redivisions == 0


def window(start, power_w):
    return Window(Interval(start=at(start), end=at(start + 10)), power_w, None, None, 1, 1)


def test_only_windows_inside_the_event_count_and_each_once(domain, dispatching):
    before = window(0, 5000)
    domain.vtn.metering.history["a"] = {before.interval: before}
    dispatching.measured("a", [Counted(window(10, 4000)), *2 * [Counted(window(20, 3500))]], at(90))
    dispatching.measured("a", [Counted(window(70, 3500)), Counted(window(80, 0))], at(90))
    part = dispatching.parts[EVENT]["a"]
    assert part.baseline_w == 5000
    assert part.measured_s == 20
    assert part.delivered_ws == -1500 * 20
    assert dispatching.left_alone("a") == StandIn(5000, at(20))
    domain.vtn.metering.summing.add("a", before.interval, before)
    assert dispatching.left_alone("a") == StandIn(5000, at(20))
    after = window(80, 6000)
    domain.vtn.metering.summing.add("a", after.interval, after)
    assert dispatching.left_alone("a") == StandIn(6000, at(90))


def test_what_is_measured_after_a_cancel_is_no_part_of_the_event(domain, dispatching):
    all_in(domain, dispatching)
    before = window(0, 5000)
    domain.vtn.metering.history["a"] = {before.interval: before}
    dispatching.measured("a", [Counted(window(20, 3500))], at(31))
    dispatching.cancel(EVENT, "enough", at(44))
    later = [window(start, 3500 if start == 30 else 5000) for start in (30, 40, 50, 60, 70)]
    dispatching.measured("a", [*map(Counted, later)], at(90))
    part = dispatching.parts[EVENT]["a"]
    assert (part.measured_s, part.delivered_ws, part.delivered_w) == (20, -1500 * 20, -1500)
    assert (part.conduct.strikes, part.conduct.short, part.limit_w) == (0, 0, 3000)


def shortfall(number, seconds, power_w, reason):
    return Status(
        id=derived_id("shortfall", number),
        type=StatusType.SHORTFALL,
        at=at(seconds),
        event=EVENT,
        power_w=power_w,
        reason=reason,
    )


def test_what_a_member_told_before_comes_late_and_changes_nothing(dispatching):
    lack = shortfall(1, 30, -500, "0.5 kW of 1.5 kW cannot be covered")
    dispatching.told_of("a", [lack])
    assert dispatching.parts[EVENT]["a"].shortfall == lack.reason
    dispatching.told_of("a", [shortfall(2, 31, 0, "all is covered again")])
    dispatching.told_of("a", [lack])
    assert dispatching.parts[EVENT]["a"].shortfall == ""


def test_an_event_that_was_cancelled_before_its_start_measures_nothing(domain, dispatching):
    all_in(domain, dispatching)
    before = window(0, 5000)
    domain.vtn.metering.history["a"] = {before.interval: before}
    dispatching.cancel(EVENT, "not needed", at(15))
    dispatching.measured("a", [Counted(window(20, 3500)), Counted(window(30, 3500))], at(90))
    assert dispatching.parts[EVENT]["a"].measured_s == 0


def test_a_baseline_is_kept_with_the_first_window_that_reaches_into_the_event(domain, dispatching):
    before = window(0, 5000)
    domain.vtn.metering.history["a"] = {before.interval: before}
    dispatching.measured("a", [Counted(before)], at(10))
    assert dispatching.parts[EVENT]["a"].baseline_w is None
    dispatching.measured("a", [Counted(window(15, 4000))], at(25))
    assert dispatching.parts[EVENT]["a"].baseline_w == 5000
    assert dispatching.parts[EVENT]["a"].measured_s == 0


def test_without_a_baseline_nothing_is_counted(dispatching):
    dispatching.measured("a", [Counted(window(20, 3500))], at(90))
    assert dispatching.parts[EVENT]["a"].delivered_w is None


def test_what_came_before_the_baseline_was_known_is_counted_with_it(domain, dispatching):
    inside, before, later = window(20, 3500), window(0, 5000), window(30, 4000)
    domain.vtn.metering.history["a"] = {inside.interval: inside}
    dispatching.measured("a", [Counted(inside)], at(90))
    domain.vtn.metering.history["a"] |= {w.interval: w for w in (before, later)}
    dispatching.measured("a", [Counted(before), Counted(later)], at(90))
    part = dispatching.parts[EVENT]["a"]
    assert (part.measured_s, part.delivered_ws) == (20, -1500 * 10 - 1000 * 10)


def test_windows_that_came_before_the_baseline_count_once_it_is_known(domain, dispatching):
    metering = domain.vtn.metering
    for start, power_w in ((20, 3500), (0, 5000), (30, 3500)):
        one = window(start, power_w)
        metering.history.setdefault("a", {})[one.interval] = one
        dispatching.measured("a", [Counted(one)], at(90))
    part = dispatching.parts[EVENT]["a"]
    assert part.measured_s == 20
    assert part.delivered_ws == -1500 * 20


def test_the_end_completes_the_event(dispatching):
    dispatching.fire(EVENT, at(80) + timedelta(milliseconds=1))
    assert event(dispatching).status is EventStatus.COMPLETED
    assert dispatching.live() == []


def restored(dispatching, *members):
    """A VTN of these members, started anew with what another one remembered."""
    made = Domain(*members)
    for dispatch in dispatching.dispatches.values():
        made.vtn.restore(dispatch)
    for parts in dispatching.parts.values():
        for part in parts.values():
            made.vtn.restore(part)
    return made


def test_a_promise_in_the_wrong_direction_counts_for_nothing(domain, dispatching):
    domain.answer("c", event(dispatching), 4500)
    dispatch = dispatching.dispatches[EVENT]
    assert dispatching.expected_w(dispatch, at(6)) == 9000
    assert asked(dispatching) == {"a": -3000, "b": -6000, "c": 0}


def test_a_restart_knows_an_event_in_which_nobody_could_take_part(domain):
    for member in ("a", "b", "c"):
        domain.presence(member, Availability.UNREACHABLE)
    domain.vtn.dispatching.create(call(), at(0))
    again = restored(domain.vtn.dispatching, "a", "b", "c")
    again.lead()
    assert again.vtn.dispatching.left_alone("a") == StandIn()
    assert again.vtn.dispatching.modify(call(-500), "above", at(2)) != []


def test_the_part_of_a_member_that_is_no_longer_configured_is_left_out(domain, dispatching):
    again = restored(dispatching, "a", "b")
    again.lead()
    record = again.vtn.dispatching.record(again.vtn.dispatching.dispatches[EVENT], at(1))
    assert [share.party for share in record.shares] == ["a", "b"]


def test_after_a_restart_the_newest_event_is_the_one_made_last(domain, dispatching):
    numbers = [derived_id("dispatch", number) for number in range(8)]
    for seconds, number in enumerate(numbers, start=1):
        made = Call(event=number, signal=Delta(power_w=-100), active=ACTIVE, answer_by=at(10))
        dispatching.create(made, at(seconds))
    dispatching.dispatches = dict(sorted(dispatching.dispatches.items()))
    again = restored(dispatching, "a", "b", "c")
    again.lead()
    assert list(again.vtn.dispatching.dispatches) == [EVENT, *numbers]


def test_an_event_cancelled_before_a_restart_still_leaves_its_node_at_its_end(dispatching):
    dispatching.cancel(EVENT, "enough", at(6))
    again = restored(dispatching, "a", "b", "c")
    timers = of_kind(again.tell(Started(), 30), SetTimer)
    assert (f"vtn/event/{EVENT}/end", at(80)) in {(t.key, t.at) for t in timers}
    assert of_kind(again.tell(TimerFired(f"vtn/event/{EVENT}/end"), 80), Retract) != []
    later = restored(dispatching, "a", "b", "c")
    assert not any(EVENT in t.key for t in of_kind(later.tell(Started(), 80), SetTimer))


def whole_yes(domain, event, member):
    answer = Answer(
        id=derived_id(member, event.id),
        event=event.id,
        order=event.order,
        opt=Opt.IN,
        power_w=0,
        revision=0,
        sequence=1,
        at=at(5),
        is_whole=True,
    )
    domain.vtn.dispatching.answer(member, answer, at(5))
    return domain.vtn.dispatching.parts[event.id][member]


def test_a_yes_without_watts_promises_all_that_is_asked(domain, dispatching):
    part = whole_yes(domain, event(dispatching), "b")
    assert part.answer.power_w == part.asked_w == part.limit_w * -1 // 2 == -3000
    assert event(dispatching).order.modification == 0


def test_a_yes_without_watts_of_who_was_not_there_promises_its_share(domain):
    domain.presence("c", Availability.UNREACHABLE)
    domain.vtn.dispatching.create(call(-4500), at(0))
    domain.presence("c", Availability.AVAILABLE)
    part = whole_yes(domain, event(domain.vtn.dispatching), "c")
    assert part.answer.power_w == -4500

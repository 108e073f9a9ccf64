"""Events of programmes at a VTN and its member, who both uphold the rules."""

from datetime import datetime, timedelta

import pytest

from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.life.life import State
from xmpp_cem.core.ven.losing import lost_after_s, released
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import Consent, Enrolment, LossRule, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, arrived, at, capability, make_event, reply_in, request
from xmpp_cem.testing.pair import Pair

SEASON = Interval(start=NOW - timedelta(days=1), end=NOW + timedelta(days=1))


def peak(**rules):
    return Programme(id="peak", version=1, valid=SEASON, **rules)


def bound(resource, *, is_given=True, version=1, seconds=-60, party="a"):
    consent = Consent(is_given=is_given, version=version, at=at(seconds))
    return Enrolment(
        programme="peak", party=party, resource=resource, valid=SEASON, consent=consent
    )


def event(number=1, **changes):
    values = {"programme": "peak", "signal": Delta(power_w=-4000)}
    return make_event(number, **values | changes)


def away(*resources):
    wall = datetime(2026, 1, 15)  # noqa: DTZ001 a wall clock has no zone
    return OptSchedule(
        id=derived_id("away"),
        opt=Opt.OUT,
        resources=resources,
        zone="UTC",
        start=wall,
        duration_s=86_400,
        reason="away",
    )


def reason(reply):
    assert reply.result is Result.FAILED
    return reply.errors[0].reason


def test_only_enrolled_resources_are_counted_and_asked():
    pair = Pair((peak(),), (bound("r"),))
    assert pair.call(event()).result is Result.PARTIAL
    assert (pair.part(event()).resources, pair.part(event()).asked_w) == (("r",), -3000)
    assert [asked.power_w for asked in pair.asked] == [-3000]
    assert pair.commitment(event()).means("r", "test")
    assert not pair.commitment(event()).means("s", "test")


def test_who_is_enrolled_says_the_member_too():
    pair = Pair((peak(),), enrolments=(bound("r"), bound("s")))
    pair.call(event())
    assert pair.part(event()).resources == ("r", "s")


def test_an_unknown_programme_is_refused_with_those_that_there_are():
    said = reason(Pair((peak(),)).call(event(programme="night")))
    assert said == "there is no programme night here; there are: peak"


def test_where_nobody_is_enrolled_nobody_may_be_called():
    said = reason(Pair((peak(),)).call(event()))
    assert said == "peak lets nobody be called: no member that is ready is enrolled in it"


def test_a_member_that_may_not_be_called_is_named_with_the_reason():
    pair = Pair((peak(notice_s=21),), (bound("r"),))
    assert reason(pair.call(event())) == (
        "peak lets nobody be called: a: peak needs 21 s of notice"
    )


def test_a_member_may_enrol_only_its_own():
    pair = Pair((peak(),))
    body = EndDeviceConfig(party="a", capability=capability(), enrolments=(bound("r", party="b"),))
    asked = arrived(request(Verb.CREATE, Noun.CONFIG, "a", body), "a")
    reply = reply_in(pair.domain.tell(asked))
    assert (reply.errors[0].code, reason(reply)) == ("2.14", "enrol resources of your own alone")


def test_a_second_event_of_the_day_is_refused_before_the_first_is_answered():
    pair = Pair((peak(calls_per_day=1),), (bound("r"),))
    pair.call(event())
    assert "peak allows 1 calls a day" in reason(pair.call(event(2)))
    pair.decide(Opt.OUT)
    assert pair.call(event(3)).result is not Result.FAILED


def test_a_ven_refuses_what_its_vtn_should_not_have_called():
    pair = Pair((peak(),), (bound("r"),))
    stricter = (peak(longest_s=59),)
    pair.ven.state.rules.told(
        EndDeviceConfig(party="a", programmes=stricter, enrolments=(bound("r"),)), Verb.CREATE
    )
    pair.call(event())
    known = pair.commitment(event())
    assert (known.status, known.answer.opt) == (State.REFUSED, Opt.OUT)
    assert known.answer.reason == "an event of peak is at most 59 s long"
    assert pair.asked == []
    assert pair.part(event()).answer == known.answer


def test_who_is_not_enrolled_keeps_the_event_without_an_answer():
    pair = Pair((peak(),), (bound("r"),))
    pair.ven.state.rules.told(EndDeviceConfig(party="a"), Verb.CREATE)
    pair.call(event())
    known = pair.commitment(event())
    assert (known.status, known.answer, known.is_called) == (State.REFUSED, None, False)


def test_a_yes_that_the_vtns_rules_bar_is_not_taken_and_nothing_moves():
    pair = Pair((peak(),), (bound("r"), bound("s", is_given=False)))
    pair.call(event())
    part = pair.part(event())
    pair.domain.vtn.dispatching.put_part(part.model_copy(update={"barred": "by hand"}))
    pair.rules.take(
        "a",
        Verb.CREATE,
        EndDeviceConfig(party="a", enrolments=(bound("r", is_given=False, seconds=-5),)),
    )
    pair.decide(Opt.IN)
    known = pair.commitment(event())
    assert (known.status, known.answer.reason) == (State.REFUSED, "the VTN refused the answer")


def test_a_withdrawal_during_an_event_takes_it_out_on_both_sides():
    pair = Pair((peak(),), (bound("r"),))
    pair.call(event())
    pair.decide(Opt.IN)
    pair.pass_to(event(), 30)
    pair.restart(enrolments=(bound("r", is_given=False, seconds=25),))
    known, part = pair.commitment(event()), pair.part(event())
    assert (known.status, known.answer.opt) == (State.REFUSED, Opt.OUT)
    assert known.answer.reason == part.barred == "the customer has withdrawn from peak"


def test_a_withdrawal_of_one_resource_lowers_the_promise():
    pair = Pair((peak(),), (bound("r"), bound("s")))
    pair.call(event())
    pair.decide(Opt.IN)
    pair.restart(enrolments=(bound("s", is_given=False, seconds=-5),))
    known = pair.commitment(event())
    assert (known.answer.opt, known.answer.power_w, known.resources) == (Opt.IN, -3000, ("r",))
    assert known.answer.reason == "the customer has withdrawn a resource"
    assert pair.part(event()).answer.power_w == -3000


def test_consent_to_another_version_is_none():
    pair = Pair((peak(),), (bound("r", version=2),))
    assert "not consented to version 1 of peak" in reason(pair.call(event()))


def test_a_customer_who_agrees_later_is_asked_and_counts():
    pair = Pair((peak(),), (bound("r"),), enrolments=(bound("s", is_given=False),))
    pair.restart(enrolments=(bound("r", is_given=False, seconds=-5),))
    pair.rules.take(  # what the VTN knows is older
        "a", Verb.CREATE, EndDeviceConfig(party="a", enrolments=(bound("r"),))
    )
    pair.call(event())
    assert pair.commitment(event()).answer.opt is Opt.OUT
    pair.restart(enrolments=(bound("r", seconds=-1),))
    assert [asked.power_w for asked in pair.asked] == [-3000]
    pair.decide(Opt.IN)
    assert pair.commitment(event()).status is State.NEAR
    assert pair.part(event()).answer.power_w == -3000


def test_other_times_are_judged_as_a_new_call():
    pair = Pair((peak(notice_s=20),), (bound("r"),))
    pair.call(event())
    pair.decide(Opt.IN)
    pair.now = 5
    sooner = event(active=Interval(start=at(24), end=at(84)), answer_by=at(20))
    assert "peak needs 20 s of notice" in reason(pair.call(sooner, Verb.CHANGE))
    later = event(active=Interval(start=at(25), end=at(85)), answer_by=at(20))
    assert pair.call(later, Verb.CHANGE).result is not Result.FAILED
    known = pair.commitment(event())
    assert (known.event.created, known.barred) == (at(5), "")


def test_a_newer_version_at_the_same_times_is_the_same_call():
    pair = Pair((peak(calls_per_day=1),), (bound("r"),))
    pair.call(event())
    pair.decide(Opt.IN)
    less = event(signal=Delta(power_w=-1000))
    assert pair.call(less, Verb.CHANGE).result is Result.OK
    assert [asked.power_w for asked in pair.asked] == [-1000]


def test_an_event_stays_in_its_programme():
    pair = Pair((peak(),), (bound("r"),))
    pair.call(event())
    assert "cannot leave its programme" in reason(pair.call(event(programme=None), Verb.CHANGE))


@pytest.mark.parametrize("silence", [Opt.IN, Opt.OUT])
def test_silence_at_the_deadline_means_the_same_on_both_sides(silence):
    pair = Pair((peak(silence=silence),), (bound("r"),))
    pair.call(event())
    expected = pair.domain.vtn.dispatching.expected_w
    dispatch = pair.domain.vtn.dispatching.dispatches[event().id]
    assert expected(dispatch, at(10)) == (3000 if silence is Opt.IN else 0)
    pair.pass_to(event(), 10)
    assert pair.commitment(event()).answer.opt is silence
    assert pair.part(event()).answer.opt is silence


def test_budgets_survive_a_restart_of_either_side():
    pair = Pair((peak(calls_per_day=1),), (bound("r"),))
    pair.call(event())
    pair.decide(Opt.IN)
    pair.pass_to(event(), 80)
    pair.restart()
    meant = [resource.id for resource in pair.ven.state.capability.resources]
    verdict = pair.ven.state.rules.verdict(event(2), meant, at(80))
    assert verdict.barred == "peak allows 1 calls a day"


def test_an_opt_schedule_answers_no_for_the_owner_on_both_sides():
    pair = Pair(schedules=(away(),))
    pair.call(event(programme=None))
    known, part = pair.commitment(event()), pair.part(event())
    assert (known.status, known.answer.reason) == (State.REFUSED, "opt schedule: away")
    assert (part.barred, part.asked_w) == ("opt schedule: away", 0)
    assert pair.asked == []


def test_an_opt_schedule_for_one_resource_leaves_the_others_to_be_asked():
    pair = Pair(schedules=(away("s"),))
    pair.call(event(programme=None))
    assert [asked.power_w for asked in pair.asked] == [-3000]
    pair.decide(Opt.IN)
    assert pair.commitment(event()).answer.reason == "opt schedule: away"
    assert pair.part(event()).answer.power_w == -3000


def test_an_opt_schedule_that_is_new_takes_an_accepted_event_back():
    pair = Pair()
    pair.call(event(programme=None))
    pair.decide(Opt.IN)
    pair.restart(schedules=(away(),))
    assert pair.commitment(event()).answer.reason == "opt schedule: away"
    assert pair.part(event()).answer.opt is Opt.OUT


def test_a_program_cannot_promise_for_resources_that_are_left_out():
    pair = Pair((peak(),), (bound("r"),))
    pair.call(event())
    (asked,) = pair.asked
    pair.asked = [type(asked)(asked.event, -6000)]
    pair.decide(Opt.IN)
    assert pair.commitment(event()).answer.power_w == -3000


@pytest.mark.parametrize(
    ("rule", "has_failsafe", "is_released"),
    [
        (LossRule.FINISH, False, False),
        (LossRule.RELEASE, True, True),
        (LossRule.FAILSAFE, False, True),
        (LossRule.FAILSAFE, True, False),
    ],
)
def test_an_event_that_acts_is_released_without_its_vtn_where_the_programme_says_so(
    rule, has_failsafe, is_released
):
    pair = Pair((peak(on_loss=rule, loss_after_s=300),), (bound("r"),))
    long = event(active=Interval(start=at(20), end=at(2000)))
    pair.call(long)
    pair.decide(Opt.IN)
    pair.pass_to(long, 20)
    assert lost_after_s(pair.ven) == (300 if rule is LossRule.FAILSAFE else None)
    pair.now = 400
    pair.to_ven(TimerFired("ven/vtn"))
    pair.now = 410
    pair.to_ven(TimerFired("ven/vtn"))
    since = pair.ven.vtn_silent_since
    assert since is not None
    before, then = since + timedelta(seconds=299), since + timedelta(seconds=300)
    assert released(pair.ven, before, has_failsafe=has_failsafe) == []
    released(pair.ven, then, has_failsafe=has_failsafe)
    known = pair.commitment(long)
    assert (known.answer.opt is Opt.OUT) is is_released
    if is_released:
        assert "nothing heard of the VTN for 300 s" in known.answer.reason


def test_an_event_that_has_not_begun_waits_for_its_vtn():
    pair = Pair((peak(on_loss=LossRule.RELEASE, loss_after_s=10),), (bound("r"),))
    late = event(active=Interval(start=at(1500), end=at(2000)))
    pair.call(late)
    pair.decide(Opt.IN)
    pair.now = 400
    pair.to_ven(TimerFired("ven/vtn"))
    pair.now = 411
    pair.to_ven(TimerFired("ven/vtn"))
    assert pair.ven.vtn_silent_since is not None
    assert released(pair.ven, at(1400), has_failsafe=False) == []

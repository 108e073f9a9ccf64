import pytest

from tests.unit.core.gateway import UPPER_EVENT, Cascade
from tests.unit.core.test_plan import promised
from tests.unit.core.test_site import House
from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import SetTimer
from xmpp_cem.core.inputs import Decided, TimerFired
from xmpp_cem.core.ven.site.claiming import acting
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, at, events_in, make_event, of_kind

EVENT = derived_id("dispatch")
ACTIVE = Interval(start=at(20), end=at(80))


@pytest.fixture
def domain():
    made = Domain("a", "b")
    made.lead()
    for member in ("a", "b"):
        made.register(member, 6000, -5)
        made.presence(member, seconds=-5)
    call = Call(event=EVENT, signal=Delta(power_w=-6000), active=ACTIVE, answer_by=at(10))
    made.vtn.dispatching.create(call, at(0))
    return made


def answer(dispatching, event, member, power_w, **changes):
    made = Answer(
        id=derived_id(member, event.id),
        event=event.id,
        order=event.order,
        opt=Opt.IN,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(5),
    ).model_copy(update=changes)
    return dispatching.answer(member, made, made.at)


def test_what_is_promised_for_a_part_of_the_time_counts_until_then_and_others_go_on(domain):
    dispatching = domain.vtn.dispatching
    event = dispatching.dispatches[EVENT].event
    effects = answer(dispatching, event, "a", -3000, until=at(60))
    assert of_kind(effects, SetTimer) == [SetTimer(f"vtn/event/{EVENT}/until.a", at(60))]
    answer(dispatching, event, "b", -3000)
    dispatch = dispatching.dispatches[EVENT]
    assert dispatching.expected_w(dispatch, at(59)) == 6000
    assert dispatching.expected_w(dispatch, at(60)) == 3000
    shown = {s.party: s.until for s in dispatching.record(dispatch, at(30)).shares}
    assert shown == {"a": at(60), "b": None}
    effects = domain.tell(TimerFired(f"vtn/event/{EVENT}/until.a"), 60)
    assert str(events_in(effects)[-1].signal.multiplier) == "1.000000000"
    assert dispatching.parts[EVENT]["b"].asked_w == -6000


def test_a_promise_ends_at_the_site_before_the_event_does():
    commitment = promised(make_event())
    part = commitment.answer.model_copy(update={"until": at(60)})
    commitment = commitment.model_copy(update={"answer": part})
    assert [(start, end) for start, end, _ in acting(commitment)] == [(at(20), at(60))]


def test_a_gateway_promises_until_the_first_of_its_members_stops_and_then_says_anew():
    cascade = Cascade()
    cascade.up()
    cascade.ask()
    event = cascade.dispatch.event
    dispatching = cascade.gateway.vtn.dispatching
    answer(dispatching, event, "a", -1500, until=at(60))
    answer(dispatching, event, "b", -1500)
    cascade.tell(TimerFired("cascade/tick"), 6)
    assert [(a.power_w, a.until) for a in cascade.answers] == [(-3000, at(60))]
    cascade.tell(TimerFired(f"vtn/event/{event.id}/until.a"), 60)
    answer(dispatching, cascade.dispatch.event, "b", -2000, sequence=2, at=at(61))
    cascade.tell(TimerFired("cascade/tick"), 62)
    assert (cascade.answers[-1].power_w, cascade.answers[-1].until) == (-2000, None)
    assert cascade.answers[-1].event == UPPER_EVENT.id


@pytest.mark.parametrize(
    ("until", "opt", "kept", "reason"),
    [
        (at(60), Opt.IN, at(60), "1 of the 1 kW, for 0.7 of the 1 minutes"),
        (at(80), Opt.IN, None, ""),
        (at(20), Opt.OUT, None, "the time that could be promised is over"),
    ],
)
def test_a_party_s_promise_for_a_part_of_the_time_is_told(until, opt, kept, reason):
    house = House()
    house.begin()
    event = make_event()
    house.publish(EndDeviceControls(events=(event,)))
    house.tell(Decided(event.id, event.order, Opt.IN, -1000, "", until), 5)
    last = house.answers[-1]
    assert (last.opt, last.until, last.reason) == (opt, kept, reason)

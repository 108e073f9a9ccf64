import dataclasses
from datetime import timedelta

import pytest

from xmpp_cem.allocations.in_order import MERIT_ORDER, PRO_RATA, ROTATION
from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import Publish, Transact
from xmpp_cem.core.inputs import Started, TimerFired
from xmpp_cem.core.vtn.dispatch.individual import share_id
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.core.vtn.vtnstate import Terms
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    Domain,
    arrived,
    at,
    events_in,
    of_kind,
    reply_in,
    request,
    transactions_in,
)

EVENT = derived_id("dispatch")
ACTIVE = Interval(start=at(20), end=at(80))
PRICES = {"a": Terms(price=3), "b": Terms(price=1), "c": Terms(price=2)}


def call(target_w=-9000):
    return Call(event=EVENT, signal=Delta(power_w=target_w), active=ACTIVE, answer_by=at(10))


def led(**settings):
    """A domain of a, b and c, which can do 3, 6 and 9 kW less, with an allocation of its own."""
    domain = Domain("a", "b", "c")
    domain.settings = dataclasses.replace(domain.settings, **settings)
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    for member, decrease_w in (("a", 3000), ("b", 6000), ("c", 9000)):
        domain.register(member, decrease_w, -5)
        domain.presence(member, seconds=-5)
    return domain


@pytest.fixture
def domain():
    return led(allocation=MERIT_ORDER, terms=PRICES)


def created(domain, target_w=-9000):
    domain.vtn.dispatching.create(call(target_w), at(0))
    return domain.vtn.publish_changes(at(0))


def asked(domain):
    return {p: part.asked_w for p, part in domain.vtn.dispatching.parts[EVENT].items()}


def shares_in(effects):
    """Return who is told what, by which verb."""
    sent = of_kind(effects, Transact)
    return {
        e.to.bare.partition("@")[0]: (e.message.header.verb, e.message.body.events[0])
        for e in sent
        if isinstance(e.message.body, EndDeviceControls)
    }


def answer(domain, member, power_w, seconds=5.0, sequence=1):
    part = domain.vtn.dispatching.parts[EVENT][member]
    made = domain_answer(member, part.order, power_w, seconds, sequence)
    message = request(Verb.CREATE, Noun.EVENTS, member, EndDeviceEvents(answers=(made,)))
    return domain.tell(arrived(message, member), seconds)


def domain_answer(member, order, power_w, seconds, sequence):
    return Answer(
        id=derived_id(member, EVENT),
        event=share_id(EVENT, member),
        order=order,
        opt=Opt.IN if power_w else Opt.OUT,
        power_w=power_w,
        revision=1,
        sequence=sequence,
        at=at(seconds),
    )


def test_the_cheapest_are_asked_each_for_its_own_and_nothing_stands_on_the_node(domain):
    effects = created(domain)
    assert asked(domain) == {"a": 0, "b": -6000, "c": -3000}
    told = shares_in(effects)
    assert {who: event.signal for who, (_, event) in told.items()} == {
        "b": Delta(power_w=-6000),
        "c": Delta(power_w=-3000),
    }
    assert {event.id for _, event in told.values()} == {
        share_id(EVENT, "b"),
        share_id(EVENT, "c"),
    }
    assert events_in(effects) == []
    assert domain.vtn.dispatching.index() == ()
    assert "cheapest first" in domain.vtn.dispatching.dispatches[EVENT].why.lower()


def test_answers_to_shares_count_and_an_opt_out_is_carried_by_the_next_cheapest(domain):
    created(domain)
    assert reply_in(answer(domain, "b", -6000)).result is Result.OK
    effects = answer(domain, "c", 0)
    assert asked(domain) == {"a": -3000, "b": -6000, "c": -3000}
    told = shares_in(effects)
    assert set(told) == {"a"}
    verb, event = told["a"]
    assert (verb, event.order.modification) == (Verb.CHANGE, 1)
    answer(domain, "a", -3000, 7)
    dispatching = domain.vtn.dispatching
    assert dispatching.expected_w(dispatching.dispatches[EVENT], at(8)) == 9000


def test_a_share_is_answered_by_its_own_member_only(domain):
    created(domain)
    wrong = domain_answer("b", Order(epoch=1, modification=0), -6000, 5, 1)
    message = request(Verb.CREATE, Noun.EVENTS, "c", EndDeviceEvents(answers=(wrong,)))
    assert reply_in(domain.tell(arrived(message, "c"), 5)).errors[0].code == "2.15"


def test_a_cancel_goes_to_all_who_were_asked(domain):
    created(domain)
    answer(domain, "b", -6000)
    domain.vtn.dispatching.cancel(EVENT, "enough", at(6))
    told = shares_in(domain.vtn.publish_changes(at(6)))
    assert set(told) == {"b", "c"}
    assert all(verb is Verb.CANCEL and event.is_cancelled for verb, event in told.values())
    assert all(event.order.modification == 1 for _, event in told.values())


def test_other_times_go_to_all_who_were_asked(domain):
    created(domain)
    longer = dataclasses.replace(call(), active=Interval(start=at(20), end=at(100)))
    domain.vtn.dispatching.modify(longer, "operator", at(1))
    told = shares_in(domain.vtn.publish_changes(at(1)))
    assert {who: event.active.end for who, (_, event) in told.items()} == {
        "b": at(100),
        "c": at(100),
    }


def test_a_member_that_asks_for_live_events_is_told_its_own_share(domain):
    created(domain)
    for member, expected in (("a", []), ("b", [Delta(power_w=-6000)])):
        message = request(Verb.GET, Noun.CONTROLS, member)
        events = reply_in(domain.tell(arrived(message, member), 3)).body.events
        assert [event.signal for event in events] == expected


def test_a_lost_member_is_replaced_and_asked_again_when_it_returns(domain):
    created(domain)
    answer(domain, "b", -6000)
    answer(domain, "c", -3000)
    lost = domain.presence("b", Availability.UNREACHABLE, seconds=30)
    assert asked(domain) == {"a": 0, "b": -6000, "c": -9000}
    assert set(shares_in(lost)) == {"c"}
    answer(domain, "c", -9000, 31, 2)
    assert domain.presence("b", seconds=40) is not None
    domain.tell(TimerFired(f"vtn/again/{EVENT}"), 42)
    assert sum(asked(domain).values()) == -9000


def test_a_restart_knows_shares_and_their_answers(domain):
    created(domain)
    dispatching = domain.vtn.dispatching
    again = led(allocation=MERIT_ORDER, terms=PRICES)
    for record in (*dispatching.dispatches.values(), *dispatching.parts[EVENT].values()):
        again.vtn.restore(record)
    again.tell(Started(), 2)
    part = dispatching.parts[EVENT]["b"]
    made = domain_answer("b", part.order, -6000, 5, 1)
    message = request(Verb.CREATE, Noun.EVENTS, "b", EndDeviceEvents(answers=(made,)))
    assert reply_in(again.tell(arrived(message, "b"), 5)).result is Result.OK
    assert again.vtn.dispatching.parts[EVENT]["b"].answer.power_w == -6000


def test_loads_that_are_on_or_off_are_asked_in_whole_blocks_also_pro_rata():
    domain = led(allocation=PRO_RATA, terms={"c": Terms(block_w=9000)})
    created(domain, -10_000)
    shares = asked(domain)
    assert shares["c"] in {0, -9000}
    assert sum(shares.values()) in {-10_000, -9000}
    assert of_kind(created(led(allocation=PRO_RATA)), Publish) != []


def test_who_was_called_least_is_called_first():
    domain = led(allocation=ROTATION)
    created(domain, -3000)
    first = [party for party, power_w in asked(domain).items() if power_w]
    for party in first:
        answer(domain, party, asked(domain)[party])
    domain.tell(TimerFired(f"vtn/event/{EVENT}/end"), 80)
    assert {p: m.called_s for p, m in domain.vtn.members.items() if m.called_s} == dict.fromkeys(
        first, 60
    )
    other = dataclasses.replace(
        call(-3000), event=derived_id("next"), active=Interval(start=at(100), end=at(160))
    )
    domain.vtn.dispatching.create(other, at(90))
    parts = domain.vtn.dispatching.parts[other.event]
    assert {p for p, part in parts.items() if part.asked_w}.isdisjoint(first)


def test_the_transaction_has_the_same_id_on_every_attempt(domain):
    first = transactions_in(created(domain))
    again = led(allocation=MERIT_ORDER, terms=PRICES)
    again.vtn._state.record = domain.vtn._state.record
    repeated = transactions_in(created(again))
    assert [m.header.message_id for m in first] == [m.header.message_id for m in repeated]


def test_energy_lasts_for_the_whole_event():
    domain = led(allocation=MERIT_ORDER, terms=PRICES | {"b": Terms(price=1, energy_wh=50)})
    created(domain, -9000)  # a minute: 50 Wh are 3 kW
    assert asked(domain) == {"a": 0, "b": -3000, "c": -6000}


def test_nobody_is_asked_for_more_than_it_reaches_within_the_ramp():
    slow = {"b": Terms(price=1, ramp_w_per_s=100)}
    domain = led(allocation=MERIT_ORDER, terms=PRICES | slow)
    domain.vtn.dispatching.create(dataclasses.replace(call(-9000), ramp_s=20), at(0))
    assert asked(domain) == {"a": 0, "b": -2000, "c": -7000}
    without = led(allocation=MERIT_ORDER, terms=PRICES | slow)
    created(without, -9000)
    assert asked(without) == {"a": 0, "b": 0, "c": -9000}


def test_before_the_start_a_share_is_nothing_to_rise_from_and_afterwards_it_is():
    slow = {"b": Terms(price=1, ramp_w_per_s=100)}
    domain = led(allocation=MERIT_ORDER, terms=PRICES | slow)
    domain.vtn.dispatching.create(dataclasses.replace(call(-9000), ramp_s=20), at(0))
    domain.vtn.publish_changes(at(0))
    answer(domain, "b", -2000)
    answer(domain, "c", -5000, 6)
    assert asked(domain) == {"a": -2000, "b": -2000, "c": -5000}
    answer(domain, "a", -2000, 30)
    answer(domain, "c", -4000, 31, sequence=2)
    assert asked(domain) == {"a": -1000, "b": -4000, "c": -4000}


NEXT = derived_id("next")


def another(start, end, target_w=-6000):
    active = Interval(start=at(start), end=at(end))
    return dataclasses.replace(call(target_w), event=NEXT, active=active)


@pytest.mark.parametrize(
    ("start", "end", "rests"),
    [(100, 160, True), (180, 240, False), (0, 10, True), (10, 15, True)],
)
def test_a_member_rests_before_and_after_an_event(start, end, rests):
    terms = PRICES | {"b": Terms(price=1, rest=timedelta(seconds=100))}
    domain = led(allocation=MERIT_ORDER, terms=terms)
    created(domain, -6000)
    assert asked(domain)["b"] == -6000
    domain.vtn.dispatching.create(another(start, end), at(0))
    parts = domain.vtn.dispatching.parts[NEXT]
    assert (parts["b"].asked_w == 0) is rests
    assert sum(part.asked_w for part in parts.values()) == -6000


def test_an_event_that_was_cancelled_before_it_moved_anything_needs_no_rest():
    terms = PRICES | {"b": Terms(price=1, rest=timedelta(seconds=100))}
    domain = led(allocation=MERIT_ORDER, terms=terms)
    created(domain, -6000)
    domain.vtn.dispatching.cancel(EVENT, "not needed", at(6))
    domain.vtn.dispatching.create(another(100, 160), at(5))
    assert domain.vtn.dispatching.parts[NEXT]["b"].asked_w == -6000


def test_pro_rata_asks_each_for_its_own_where_somebody_is_bound():
    domain = led(allocation=PRO_RATA, terms={"c": Terms(energy_wh=50)})
    created(domain, -9000)
    assert asked(domain) == {"a": -2000, "b": -4000, "c": -3000}


def test_who_asks_for_the_live_events_learns_which_gateways_they_have_passed():
    domain = led()
    wanted = dataclasses.replace(call(), path=("mark-of-a-gw",), hop=2)
    domain.vtn.dispatching.create(wanted, at(0))
    reply = reply_in(domain.tell(arrived(request(Verb.GET, Noun.CONTROLS, "a"), "a"), 1))
    assert len(reply.body.events) == 1
    assert (reply.header.path, reply.header.hop) == (("mark-of-a-gw",), 2)

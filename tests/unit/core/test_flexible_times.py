"""What is forecast, offered and committed counts in divisions, alike on both sides."""

import dataclasses
from datetime import timedelta

from xmpp_cem.allocations.in_order import MERIT_ORDER
from xmpp_cem.core.call import Call
from xmpp_cem.core.commitments import asked_power
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.core.vtn.vtnstate import Terms
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, arrived, at, events_in, reply_in, request

EVENT = derived_id("dispatch")
HOUR = timedelta(hours=1)
TOMORROW = Interval(start=at(0) + 24 * HOUR, end=at(0) + 25 * HOUR)
EVENING = Interval(start=at(0) + 6 * HOUR, end=at(0) + 7 * HOUR)


def able(**values):
    resource = Resource(id="r", kind="test", power_w=5000, decrease_w=3000, **values)
    return Capability(revision=1, at=at(0), resources=(resource,))


def forecast(window, decrease_w):
    return (Forecast(window=window, power_w=5000, decrease_w=decrease_w),)


def led(capabilities, **settings):
    domain = Domain(*capabilities)
    domain.settings = dataclasses.replace(domain.settings, **settings)
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    for member, capability in capabilities.items():
        body = EndDeviceConfig(party=member, capability=capability)
        domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), -5)
        domain.presence(member, seconds=-5)
    return domain


def call(active, target_w=-6000):
    return Call(event=EVENT, signal=Delta(power_w=target_w), active=active, answer_by=active.start)


def created(domain, made):
    domain.vtn.dispatching.create(made, at(0))
    return events_in(domain.vtn.publish_changes(at(0)))


def asked(domain):
    return {p: part.asked_w for p, part in domain.vtn.dispatching.parts[EVENT].items()}


def test_an_event_in_time_to_come_is_divided_by_what_is_forecast_for_it():
    told = {"a": able(forecast=forecast(TOMORROW, 9000)), "b": able()}
    domain = led(told)
    (event,) = created(domain, call(TOMORROW))
    assert asked(domain) == {"a": -4500, "b": -1500}
    assert {p: asked_power(event, c) for p, c in told.items()} == asked(domain)


def test_a_car_that_will_have_left_is_not_counted_on():
    domain = led({"a": able(forecast=forecast(EVENING, 0)), "b": able()})
    created(domain, call(EVENING, -3000))
    assert asked(domain) == {"a": 0, "b": -3000}


def test_another_time_is_another_division():
    told = {"a": able(forecast=forecast(TOMORROW, 9000)), "b": able()}
    domain = led(told)
    created(domain, call(EVENING))
    assert asked(domain) == {"a": -3000, "b": -3000}
    domain.vtn.dispatching.modify(call(TOMORROW), "operator", at(1))
    (event,) = events_in(domain.vtn.publish_changes(at(1)))
    assert asked(domain) == {"a": -4500, "b": -1500}
    assert {p: asked_power(event, c) for p, c in told.items()} == asked(domain)


def offer(per_kwh, decrease_w=3000):
    return Offered(decrease_w=decrease_w, per_kwh=per_kwh, currency="EUR", until=EVENING.end)


def test_what_is_offered_at_a_price_goes_by_that_price():
    told = {"a": able(offered=offer("0.5")), "b": able(), "c": able(offered=offer("0.05"))}
    terms = {p: Terms(price=0.1) for p in told}
    domain = led(told, allocation=MERIT_ORDER, terms=terms)
    created(domain, call(EVENING, -13_000))
    # c's offer is cheapest, then all that stands at 0.1, then what is left of a's offer
    assert asked(domain) == {"a": -4000, "b": -3000, "c": -6000}


def test_an_offer_that_ends_before_the_event_is_none():
    domain = led({"a": able(offered=offer("0.5"))})
    created(domain, call(TOMORROW, -6000))
    assert asked(domain) == {"a": -3000}


def test_a_member_that_goes_in_blocks_goes_at_its_terms():
    told = {"a": able(offered=offer("0.01")), "b": able()}
    terms = {"a": Terms(price=1, block_w=5000), "b": Terms(price=0.1)}
    domain = led(told, allocation=MERIT_ORDER, terms=terms)
    created(domain, call(EVENING, -3000))
    assert asked(domain) == {"a": 0, "b": -3000}


def test_an_operator_who_asks_about_a_member_sees_each_resource():
    told = able(offered=offer("0.5"), committed_w=-2000, forecast=forecast(TOMORROW, 1))
    domain = led({"a": told})
    one = request(Verb.GET, Noun.MEMBERS, "op", ids=("a",))
    (entry,) = reply_in(domain.tell(arrived(one, "op"), 1)).body.members
    assert entry.resources == told.resources
    assert entry.committed_w == -2000
    everybody = request(Verb.GET, Noun.MEMBERS, "op")
    (entry,) = reply_in(domain.tell(arrived(everybody, "op"), 1)).body.members
    assert (entry.committed_w, entry.resources) == (-2000, ())

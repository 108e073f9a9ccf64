import dataclasses

import pytest

from xmpp_cem.core.call import Call
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.vtn.dispatch.group_set_point import Row, aim
from xmpp_cem.core.vtn.dispatch.limiting import SILENT_AFTER
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Change, Targets
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Direction, Limit, Place, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, arrived, at, make_event, request

EVENT = derived_id("set point")
ACTIVE = Interval(start=at(60), end=at(3600))
ALL = ("a", "b", "c")


def able(party, power_w=5000, fall_w=5000, rise_w=0, **changes):
    made = Resource(
        id=f"{party}1", kind="ev", power_w=power_w, decrease_w=fall_w, increase_w=rise_w, **changes
    )
    return Capability(revision=1, at=at(-5), resources=(made,))


def led(**capabilities):
    """A domain of a, b and c, which draw 5 kW each and can do without, as far as not said."""
    domain = Domain(*ALL)
    domain.settings = dataclasses.replace(domain.settings, tolerance_w=100)
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    for member in ALL:
        told = capabilities.get(member) or able(member)
        body = EndDeviceConfig(party=member, capability=told)
        domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), -5)
        domain.presence(member, seconds=-5)
    return domain


def call(power_w, **changes):
    signal = changes.pop("signal", TargetPower(power_w=power_w))
    return Call(event=EVENT, signal=signal, active=ACTIVE, answer_by=at(20), **changes)


def asked(domain, place=0):
    parts = domain.vtn.dispatching.parts[EVENT]
    return {p: part.told[place].power_w for p, part in parts.items() if part.told}


def create(domain, power_w, **changes):
    domain.vtn.dispatching.create(call(power_w, **changes), at(0))
    return asked(domain)


def say(domain, party, power_w, seconds=5.0, sequence=1):
    (event,) = domain.vtn.dispatching.told(party)
    domain.answer(party, event, power_w, sequence, seconds)


def agree(domain):
    for party in ALL:
        say(domain, party, domain.vtn.dispatching.parts[EVENT][party].asked_w)


def dispatch(domain):
    return domain.vtn.dispatching.dispatches[EVENT]


def test_the_set_points_of_members_sum_to_the_groups_by_what_each_can_do():
    domain = led(b=able("b", 8000, 2500))
    assert create(domain, 10_500) == {"a": 2000, "b": 6500, "c": 2000}
    assert dispatch(domain).excess_w == 0


@pytest.mark.parametrize(
    ("power_w", "expected", "missed_w"),
    [
        (0, {"a": 0, "b": 0, "c": 0}, 0),
        (-2000, {"a": 0, "b": 0, "c": 0}, 2000),
        (16_000, {"a": 5000, "b": 5500, "c": 5500}, 0),
        (20_000, {"a": 5000, "b": 6000, "c": 6000}, 3000),
        (15_000, {"a": 5000, "b": 5000, "c": 5000}, 0),
    ],
)
def test_what_cannot_be_reached_is_approached_and_told(power_w, expected, missed_w):
    domain = led(b=able("b", rise_w=1000), c=able("c", rise_w=1000))
    assert create(domain, power_w) == expected
    assert dispatch(domain).excess_w == missed_w
    told = domain.vtn.dispatching.record(dispatch(domain), at(1))
    assert told.excess_w == missed_w


def test_power_that_another_event_has_changed_is_no_base():
    domain = led(a=able("a", 3000, 3000, 0, committed_w=-2000))
    assert create(domain, 7500) == {"a": 2500, "b": 2500, "c": 2500}


def test_who_says_no_stays_as_it_is_and_the_others_do_the_rest():
    domain = led()
    create(domain, 9000)
    agree(domain)
    say(domain, "a", 0, 6.0, 2)
    assert asked(domain) == {"a": 3000, "b": 2000, "c": 2000}
    assert dispatch(domain).event.order.modification == 1


def test_a_part_of_the_way_is_counted_and_the_others_do_the_rest():
    domain = led()
    create(domain, 9000)
    agree(domain)
    say(domain, "a", -500, 6.0, 2)
    assert asked(domain) == {"a": 3000, "b": 2250, "c": 2250}


def test_what_a_member_reckons_a_little_otherwise_changes_nothing():
    domain = led()
    create(domain, 9000)
    agree(domain)
    say(domain, "a", -1850, 6.0, 2)
    assert asked(domain) == {"a": 3000, "b": 3000, "c": 3000}
    assert dispatch(domain).redivisions == 0


def test_who_is_silent_or_lost_counts_with_what_it_did_last():
    domain = led()
    create(domain, 9000)
    say(domain, "a", -2000)
    say(domain, "b", -2000)
    domain.tell(TimerFired("vtn/liveness"), 21)
    silent = at(0) + SILENT_AFTER
    assert silent < at(21)
    assert asked(domain) == {"a": 2000, "b": 2000, "c": 3000}
    domain.presence("b", Availability.UNREACHABLE, 30)
    domain.tell(TimerFired("vtn/liveness"), 200)
    assert asked(domain)["a"] == 0
    assert dispatch(domain).excess_w == 1000


def test_a_load_that_moves_under_a_set_point_divides_nothing_anew():
    domain = led()
    create(domain, 9000)
    agree(domain)
    body = EndDeviceConfig(party="a", capability=able("a", 3100, 3100))
    domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, "a", body), "a"), 30)
    domain.tell(TimerFired("vtn/liveness"), 31)
    assert asked(domain) == {"a": 3000, "b": 3000, "c": 3000}


def test_each_later_set_point_is_divided_too():
    domain = led()
    later = Change(start=at(600), signal=TargetPower(power_w=12_000))
    create(domain, 9000, changes=(later,))
    assert asked(domain, 1) == {"a": 4000, "b": 4000, "c": 4000}


def test_another_set_point_is_another_version_for_all():
    domain = led()
    create(domain, 9000)
    agree(domain)
    domain.vtn.dispatching.modify(call(6000), "modified", at(10))
    assert asked(domain) == {"a": 2000, "b": 2000, "c": 2000}
    events = [domain.vtn.dispatching.told(party)[0] for party in ALL]
    assert {event.order.modification for event in events} == {1}


def test_limits_in_force_bound_what_a_member_is_given():
    domain = led(**{p: able(p, 1000, 1000, 9000) for p in ALL})
    limit = Limit(limit_w=6000, direction=Direction.IMPORT)
    bound = Call(event=derived_id("limit"), signal=limit, active=ACTIVE, answer_by=at(20))
    domain.vtn.dispatching.create(bound, at(0))
    assert create(domain, 15_000) == {"a": 2000, "b": 2000, "c": 2000}
    assert dispatch(domain).excess_w == 9000


def test_named_resources_alone_are_brought_there_and_nobody_learns_of_the_others():
    two = Capability(
        revision=1, at=at(-5), resources=(*able("a").resources, *able("x", 1000, 0).resources)
    )
    domain = led(a=two)
    assert create(domain, 6000, targets=Targets(resources=("a1", "b1"))) == {"a": 3000, "b": 3000}
    (event,) = domain.vtn.dispatching.told("a")
    assert event.targets.resources == ("a1",)
    assert not domain.vtn.dispatching.told("c")


def test_a_set_point_keeps_its_resources():
    domain = led()
    event = make_event(
        1,
        active=ACTIVE,
        answer_by=at(20),
        signal=TargetPower(power_w=6000),
        targets=Targets(resources=("a1", "b1")),
    )
    assert operate(domain, event) == []
    other = event.model_copy(update={"targets": Targets(resources=("b1",))})
    ((code, why),) = operate(domain, other, verb=Verb.CHANGE)
    assert (code, why) == ("2.15", "an event keeps its resources: cancel it and create another")


def operate(domain, event, seconds=0.0, verb=Verb.CREATE):
    body = EndDeviceControls(events=(event,))
    asked_ = request(verb, Noun.CONTROLS, "op", body)
    (reply,) = [
        effect.message
        for effect in domain.tell(arrived(asked_, "op"), seconds)
        if hasattr(effect, "message") and hasattr(effect.message, "result")
    ]
    return [(e.code, e.reason) for e in reply.errors]


def test_an_operator_may_ask_several_members_and_is_told_what_cannot_be_reached():
    def event(number, **changes):
        return make_event(number, active=ACTIVE, answer_by=at(20), **changes)

    domain = led()
    assert operate(domain, event(1, signal=TargetPower(power_w=9000))) == []
    (warning,) = operate(domain, event(2, signal=TargetPower(power_w=-5000)))
    assert warning == ("0.2", "the set point is missed by 5.0 kW")
    strange = event(3, signal=TargetPower(power_w=1), targets=Targets(resources=("a1", "z")))
    assert operate(domain, strange) == [("2.15", "no member has the resources z")]
    other = Change(start=at(600), signal=TargetPower(power_w=1, at=Place.CONNECTION_POINT))
    mixed = event(4, signal=TargetPower(power_w=1), changes=(other,))
    assert "keeps its place" in operate(domain, mixed)[0][1]


def test_nobody_is_asked_for_more_than_it_can():
    rows = [Row("a", 100, 50, 0, takes=True), Row("b", 100), Row("c", -200, 0, 300, takes=True)]
    assert aim(-40, rows, lambda _: {}) == type(aim(0, rows, lambda _: {}))({"a": 60, "c": -200}, 0)
    assert aim(1000, rows, lambda _: {"c": 10}).missed_w == 990
    assert aim(0, [Row("d", 7)], lambda _: {}).missed_w == 7

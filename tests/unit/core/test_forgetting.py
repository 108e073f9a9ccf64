from dataclasses import replace
from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Forget
from xmpp_cem.core.inputs import Started, TimerFired
from xmpp_cem.core.records import Asker, Dispatch, Part
from xmpp_cem.core.vtn.dispatch.dispatching import Call
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, at, of_kind

DAY_S = 86_400
MEMBERS = ("a", "b", "c")


def began(domain, name, start_s=20):
    active = Interval(start=at(start_s), end=at(start_s + 60))
    call = Call(
        event=derived_id(name), signal=Delta(power_w=-9000), active=active, answer_by=at(10)
    )
    domain.vtn.dispatching.create(call, at(0))
    return call.event


def beat(domain, seconds):
    return domain.tell(TimerFired("vtn/heartbeat"), seconds)


def ended(domain, event, end_s=80):
    return domain.tell(TimerFired(f"vtn/event/{event}/end"), end_s)


def forgotten(effects):
    records = [effect.record for effect in of_kind(effects, Forget)]
    return {record.key for record in records if record.kind in {"dispatch", "part"}}


def test_an_event_is_forgotten_with_its_parts_a_week_after_its_end(domain):
    event = began(domain, "e")
    ended(domain, event)
    assert forgotten(beat(domain, 80 + 7 * DAY_S - 1)) == set()
    effects = beat(domain, 80 + 7 * DAY_S)
    assert forgotten(effects) == {event, *(f"{event}/{party}" for party in MEMBERS)}
    assert (domain.vtn.dispatching.dispatches, domain.vtn.dispatching.parts) == ({}, {})
    domain.tell(TimerFired("vtn/records"), 81 + 7 * DAY_S)
    assert forgotten(beat(domain, 8 * DAY_S)) == set()


def test_a_cancelled_event_is_forgotten_too_and_only_after_its_end(domain):
    event = began(domain, "e", start_s=30 * DAY_S)
    domain.vtn.dispatching.cancel(event, "not needed", at(6))
    assert forgotten(beat(domain, 20 * DAY_S)) == set()
    assert event in forgotten(beat(domain, 40 * DAY_S))


def test_an_event_that_is_not_over_is_kept_however_late_it_is(domain):
    event = began(domain, "e")
    assert forgotten(beat(domain, 30 * DAY_S)) == set()
    assert event in domain.vtn.dispatching.dispatches


def test_an_event_whose_asker_still_waits_is_kept(domain):
    event = began(domain, "e")
    ended(domain, event)
    waits = domain.vtn.dispatching.dispatches[event].model_copy(
        update={"asker": Asker(address="op@x/y", message_id=derived_id("m"))}
    )
    domain.vtn.dispatching.dispatches[event] = waits
    assert domain.vtn._forgetting.sweep(at(30 * DAY_S)) == []


@pytest.mark.parametrize(("bound", "left"), [(8, 2), (7, 1), (4, 1), (3, 0), (0, 0)])
def test_the_oldest_go_first_when_there_are_too_many(domain, bound, left):
    first, second = began(domain, "1"), began(domain, "2", start_s=100)
    third = began(domain, "3", start_s=5000)
    ended(domain, first)
    ended(domain, second, 160)
    domain.vtn._forgetting._settings = replace(domain.vtn.settings, ended_parts=bound)
    beat(domain, 200)
    kept = list(domain.vtn.dispatching.dispatches)
    assert kept == [*[first, second][2 - left :], third]


def test_parts_of_members_that_were_taken_out_go_with_their_event(domain):
    event = began(domain, "e")
    ended(domain, event)
    records = [
        *domain.vtn.dispatching.dispatches.values(),
        *domain.vtn.dispatching.parts[event].values(),
    ]
    assert [type(record) for record in records] == [Dispatch, Part, Part, Part]
    smaller = Domain("a")
    for record in records:
        smaller.vtn.restore(record)
    smaller.tell(Started(), 100)
    effects = beat(smaller, 8 * DAY_S)
    assert forgotten(effects) == {event, *(f"{event}/{party}" for party in MEMBERS)}


def test_what_was_forgotten_is_the_same_after_a_restart(domain):
    event = began(domain, "e")
    ended(domain, event)
    again = Domain(*MEMBERS)
    for record in domain.vtn.dispatching.dispatches.values():
        again.vtn.restore(record)
    again.tell(Started(), 90)
    assert event in forgotten(beat(again, 80 + timedelta(days=7).total_seconds()))

"""Opt schedules and overrides that members tell one by one, and how they end."""

from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Publish
from xmpp_cem.core.vtn.memberrules import MOST_OPTS
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.testing.builders import (
    NOW,
    Domain,
    arrived,
    at,
    make_event,
    of_kind,
    reply_in,
    request,
)

ID = derived_id("opt")


@pytest.fixture
def domain():
    made = Domain("a", "b")
    made.lead()
    for member in ("a", "b"):
        made.register(member, 3000)
        made.presence(member)
    return made


def away(hours=0, *, opt_id=ID, length_s=3600, opt=Opt.OUT):
    """An opt schedule that begins so many hours after NOW."""
    start = (NOW + timedelta(hours=hours)).replace(tzinfo=None)
    return OptSchedule(id=opt_id, opt=opt, zone="UTC", start=start, duration_s=length_s)


def tell(domain, *schedules, verb=Verb.CREATE, statuses=(), seconds=0.0):
    body = EndDeviceEvents(schedules=schedules, statuses=statuses)
    return domain.tell(arrived(request(verb, Noun.EVENTS, "a", body), "a"), seconds)


def end(domain, *ids, seconds=1.0):
    message = request(Verb.CANCEL, Noun.EVENTS, "a", ids=ids)
    return domain.tell(arrived(message, "a"), seconds)


def called(domain):
    """Call an event, and return who is asked for what, W."""
    body = EndDeviceControls(events=(make_event(),))
    domain.tell(arrived(request(Verb.CREATE, Noun.CONTROLS, "op", body), "op", "op-1"), 2)
    parts = domain.vtn.dispatching.parts[make_event().id].values()
    return {part.party: part.asked_w for part in parts}


def test_who_is_away_by_a_schedule_is_not_asked(domain):
    reply = reply_in(tell(domain, away()))
    assert (reply.result, [(i.text, i.type) for i in reply.ids]) == (Result.OK, [(ID, "opt")])
    assert called(domain) == {"a": 0, "b": -1000}


def test_a_schedule_for_another_time_says_nothing(domain):
    tell(domain, away(hours=5))
    assert called(domain) == {"a": -500, "b": -500}


def test_a_schedule_ends_by_its_id(domain):
    tell(domain, away())
    reply = reply_in(end(domain, ID))
    assert (reply.result, [(i.text, i.type) for i in reply.ids]) == (Result.OK, [(ID, "ended")])
    assert called(domain) == {"a": -500, "b": -500}


def test_what_is_told_by_an_id_replaces_what_was(domain):
    tell(domain, away(), away(hours=5))
    tell(domain, away(hours=7), verb=Verb.CHANGE)
    assert called(domain) == {"a": -500, "b": -500}


def test_a_registration_leaves_what_was_told_one_by_one(domain):
    tell(domain, away())
    domain.register("a", 3000, 1)
    assert called(domain) == {"a": 0, "b": -1000}


def test_what_was_told_survives_a_restart(domain):
    effects = tell(domain, away())
    again = Domain("a", "b")
    for effect in effects:
        if record := getattr(effect, "record", None):
            again.vtn.restore(record)
    again.lead()
    for member in ("a", "b"):
        again.register(member, 3000)
        again.presence(member)
    assert called(again) == {"a": 0, "b": -1000}


def test_an_override_ends_by_its_id_once(domain):
    status = Status(id=ID, type=StatusType.OVERRIDDEN, at=at(0))
    tell(domain, statuses=(status,))
    assert reply_in(end(domain, ID)).result is Result.OK
    assert reply_in(end(domain, ID, seconds=2)).errors[0].code == "2.15"


def test_an_end_names_what_ends(domain):
    assert reply_in(end(domain)).errors[0].code == "1.6"


def test_what_is_over_makes_room_and_no_more_than_the_bound_is_kept(domain):
    full = [away(opt_id=derived_id(n), length_s=60) for n in range(MOST_OPTS)]
    assert reply_in(tell(domain, *full)).result is Result.OK
    refused = reply_in(tell(domain, away(5), seconds=1))
    assert (refused.result, refused.errors[0].code) == (Result.FAILED, "3.1")
    assert reply_in(tell(domain, away(5), seconds=61)).result is Result.OK


def test_when_a_customer_is_away_is_not_published(domain):
    assert of_kind(tell(domain, away()), Publish) == []

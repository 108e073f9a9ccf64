"""A gateway tells how many parties stand behind its capability, and how old the oldest of it is."""

from datetime import timedelta

import pytest

from tests.unit.core.gateway import Cascade
from xmpp_cem.core.cascade.showing import Damper
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.quantity import LARGEST_COUNT
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, request


def told(cascade, member, since, seconds, **behind):
    resource = Resource(id=member, kind="virtual", decrease_w=3000, **behind)
    body = EndDeviceConfig(
        party=member, capability=Capability(revision=2, at=at(since), resources=(resource,))
    )
    cascade.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), seconds)


def shown(cascade):
    (resource,) = cascade.gateway.ven.state.capability.resources
    return resource.expected, resource.reporting, resource.oldest


@pytest.fixture
def cascade():
    """`a` is a gateway of 40 parties, of which 38 report; `b` is a site."""
    made = Cascade()
    made.up()
    told(made, "b", 2, 3)
    told(made, "a", 4, 5, expected=40, reporting=38, oldest=at(1))
    return made


def test_parties_of_all_levels_count_and_the_oldest_of_all_that_they_told(cascade):
    assert shown(cascade) == (41, 39, at(1))


def test_who_is_lost_is_expected_and_does_not_report_and_its_age_no_longer_counts(cascade):
    cascade.presence("a", Availability.UNREACHABLE, 6)
    cascade.tell(TimerFired("cascade/tick"), 7)
    assert shown(cascade) == (41, 1, at(2))


def test_who_is_there_and_out_of_service_reports_though_nobody_counts_on_it(cascade):
    cascade.presence("a", Availability.OUT_OF_SERVICE, 6)
    cascade.tell(TimerFired("cascade/tick"), 60)
    assert shown(cascade) == (41, 39, at(2))


def test_what_is_missing_further_below_shows_above(cascade):
    told(cascade, "a", 6, 7, expected=40, reporting=20, oldest=at(1))
    cascade.tell(TimerFired("cascade/tick"), 20)
    assert shown(cascade) == (41, 21, at(1))


def test_a_party_that_never_told_what_it_can_do_is_expected():
    cascade = Cascade("c")
    cascade.up()
    cascade.presence("c", seconds=1)
    cascade.tell(TimerFired("cascade/tick"), 20)
    assert shown(cascade)[:2] == (3, 2)


def test_parties_that_claim_too_many_behind_them_do_not_stop_a_gateway(cascade):
    for number, member in enumerate(("a", "b")):
        told(cascade, member, 6, 7, expected=LARGEST_COUNT, reporting=LARGEST_COUNT)
        window = Interval(start=at(0), end=at(10))
        claim = Reading(resource="r", window=window, power_w=0, expected=2**31, reporting=2**31)
        body = MeterReadings(readings=(claim,))
        message = request(Verb.CREATE, Noun.READINGS, member, body)
        cascade.tell(arrived(message, member), 11 + number)
    cascade.tell(TimerFired("cascade/tick"), 30)
    assert shown(cascade)[:2] == (LARGEST_COUNT, LARGEST_COUNT)
    readings = [m.body for m in cascade.sent if m.header.noun is Noun.READINGS]
    assert readings[-1].readings[0].reporting == LARGEST_COUNT


def test_what_comes_back_further_below_waits_and_what_is_lost_there_does_not():
    damper = Damper(timedelta(seconds=30))
    whole, part, less = (
        Resource(id="gw", kind="virtual", expected=40, reporting=n) for n in (40, 38, 36)
    )
    assert damper.lets(part, (2, 2), at(0))
    assert not damper.lets(whole, (2, 2), at(10))
    assert damper.lets(less, (2, 2), at(11))
    assert not damper.lets(whole, (2, 2), at(40))
    assert damper.lets(whole, (2, 2), at(41))
    gone = whole.model_copy(update={"state": ResourceState.OUT_OF_SERVICE})
    assert damper.lets(gone, (2, 2), at(42))


def read(cascade, member, power_w, seconds, start=0, **told):
    """Let a member report a window of ten seconds, after it or while it lasts."""
    window = Interval(start=at(start), end=at(start + 10))
    reading = Reading(resource="r", window=window, power_w=power_w, **told)
    message = request(Verb.CREATE, Noun.READINGS, member, MeterReadings(readings=(reading,)))
    header = message.header.model_copy(update={"timestamp": at(seconds)})
    cascade.tell(arrived(message.model_copy(update={"header": header}), member), seconds)


def rests_on(cascade):
    (resource,) = cascade.gateway.ven.state.capability.resources
    return resource.power_w, resource.estimated_share_permille, resource.quality, resource.oldest


PARTLY = {"quality": Quality.ESTIMATED, "expected": 40, "reporting": 38}


def test_what_lower_levels_estimated_of_its_power_shows_with_how_much_and_from_when(cascade):
    read(cascade, "b", 1000, 11)
    read(cascade, "a", -3000, 12, oldest=at(-600), estimated_share_permille=100, **PARTLY)
    cascade.presence("b", Availability.LIMITED, 13)
    cascade.tell(TimerFired("cascade/tick"), 45)
    assert rests_on(cascade) == (-2000, 75, Quality.ESTIMATED, at(-600))


def test_as_soon_as_all_is_measured_again_that_is_told(cascade):
    read(cascade, "b", 1000, 11)
    read(cascade, "a", -3000, 12, oldest=at(-600), estimated_share_permille=100, **PARTLY)
    cascade.tell(TimerFired("cascade/tick"), 45)
    assert rests_on(cascade)[2] is Quality.ESTIMATED
    read(cascade, "a", -3000, 51, start=40, expected=40, reporting=40)
    cascade.tell(TimerFired("cascade/tick"), 90)
    assert rests_on(cascade) == (-2000, 0, Quality.VALID, at(1))


def test_of_a_doubtful_reading_the_power_is_doubtful_and_nothing_of_a_lost_member_is_in_it(cascade):
    read(cascade, "b", 1000, 11, quality=Quality.QUESTIONABLE)
    cascade.presence("a", Availability.UNREACHABLE, 12)
    cascade.tell(TimerFired("cascade/tick"), 30)
    assert rests_on(cascade) == (1000, 0, Quality.QUESTIONABLE, at(2))
    cascade.presence("b", Availability.UNREACHABLE, 31)
    cascade.tell(TimerFired("cascade/tick"), 60)
    assert rests_on(cascade) == (0, 0, Quality.VALID, None)


def test_until_a_member_reports_what_it_has_registered_counts_as_it_says(cascade):
    rests = {"estimated_share_permille": 500, "quality": Quality.ESTIMATED}
    told(cascade, "a", 6, 7, power_w=2000, expected=40, reporting=38, oldest=at(1), **rests)
    cascade.presence("a", Availability.LIMITED, 8)
    cascade.tell(TimerFired("cascade/tick"), 30)
    assert rests_on(cascade) == (2000, 500, Quality.ESTIMATED, at(1))


def test_the_present_power_between_windows_rests_on_what_it_is_said_to(cascade):
    read(cascade, "b", 1000, 11)
    rests = {"oldest": at(-600), "estimated_share_permille": 250}
    read(cascade, "a", 0, 15, start=10, instant_w=-4000, **rests, **PARTLY)
    cascade.presence("b", Availability.LIMITED, 16)
    cascade.tell(TimerFired("cascade/tick"), 30)
    assert rests_on(cascade) == (-3000, 200, Quality.ESTIMATED, at(-600))

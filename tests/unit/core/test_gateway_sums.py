import pytest

from tests.unit.core.gateway import Cascade, answered, measured, told
from xmpp_cem.core.effects import Query
from xmpp_cem.core.inputs import (
    Link,
    QueryFailed,
    TimerFired,
)
from xmpp_cem.messages.envelope import (
    Noun,
    Verb,
)
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    arrived,
    at,
    of_kind,
    request,
    transactions_in,
)


@pytest.fixture
def cascade():
    made = Cascade()
    made.up()
    return made


@pytest.fixture
def reporting(cascade):
    """A gateway whose members have told their first window, up to position 1."""
    for member in ("a", "b"):
        measured(cascade, member, 1, 0, seconds=10)
    for member in ("a", "b"):
        asked = cascade.tell(TimerFired(f"vtn/ask/{member}"), 12)
        answered(cascade, asked, member, 1, seconds=12)
    assert told(cascade, 13) == [(2000, 2)]
    return cascade


def test_a_sum_waits_while_a_member_is_asked_for_what_is_missing(reporting):
    measured(reporting, "a", 2, 1, seconds=20)
    measured(reporting, "b", 3, 2, seconds=30)
    assert told(reporting, 31) == []
    asked = reporting.tell(TimerFired("vtn/ask/b"), 32)
    assert told(reporting, 33) == []
    answered(reporting, asked, "b", 3, 1, seconds=33)
    assert told(reporting, 34) == [(2000, 2)]


def test_a_sum_does_not_wait_for_a_member_that_does_not_answer(reporting):
    measured(reporting, "a", 2, 1, seconds=20)
    measured(reporting, "b", 3, 2, seconds=30)
    (query,) = of_kind(reporting.tell(TimerFired("vtn/ask/b"), 32), Query)
    reporting.tell(QueryFailed(Link.LOWER, query.message, "remote-server-timeout", ""), 42)
    assert told(reporting, 43)[0] == (2000, 1)


def test_a_gateway_that_has_just_begun_waits_for_what_members_kept(cascade):
    measured(cascade, "a", 1, -2, seconds=-9)
    answered(cascade, cascade.tell(TimerFired("vtn/ask/a"), -7), "a", 1, seconds=-7)
    assert told(cascade, -6) == []
    assert told(cascade, 5) == []
    cascade.presence("b", Availability.UNREACHABLE, 6)
    assert told(cascade, 7) == [(1000, 1)]


def test_a_sum_that_leaves_its_dead_band_is_told_above_before_its_window_ends():
    cascade = Cascade(report_change_w=500)
    cascade.up()

    def told(seconds):
        sent = transactions_in(cascade.tell(TimerFired("cascade/tick"), seconds))
        return [r for m in sent if m.header.noun is Noun.READINGS for r in m.body.readings]

    def reports(member, power_w, seconds, **more):
        start = -10 if not more else seconds // 10 * 10
        window = Interval(start=at(start), end=at(start + 10))
        reading = Reading(resource="r", window=window, power_w=power_w, **more)
        message = request(Verb.CREATE, Noun.READINGS, member, MeterReadings(readings=(reading,)))
        stamped = message.model_copy(
            update={"header": message.header.model_copy(update={"timestamp": at(seconds)})}
        )
        cascade.tell(arrived(stamped, member), seconds)

    for member in ("a", "b"):
        reports(member, 5000, 1)
    (scheduled,) = told(2)
    assert (scheduled.power_w, scheduled.quality) == (10_000, Quality.VALID)
    reports("a", 4600, 5, instant_w=4600, quality=Quality.ESTIMATED)
    assert told(5) == []
    reports("b", 4800, 6, instant_w=4800, quality=Quality.ESTIMATED)
    (early,) = told(6)
    assert (early.instant_w, early.quality, early.window) == (
        9400,
        Quality.ESTIMATED,
        Interval(start=at(0), end=at(10)),
    )
    assert (early.expected, early.reporting, early.estimated_share_permille) == (2, 2, 0)
    assert told(9) == []
    cascade.presence("b", Availability.UNREACHABLE, 12)
    reports("a", 1000, 13, instant_w=1000, quality=Quality.ESTIMATED)
    (early,) = told(14)
    assert (early.instant_w, early.expected, early.reporting) == (6000, 2, 1)
    assert (early.oldest, early.estimated_share_permille) == (at(0), 834)

import pytest

from tests.unit.core.home import READING, VTN, Home
from xmpp_cem.core.inputs import (
    Link,
    RequestArrived,
)
from xmpp_cem.messages.envelope import (
    Noun,
    Verb,
)
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    at,
    reply_in,
    request,
)


@pytest.fixture
def home():
    return Home().begin()


def test_many_windows_at_once_are_reported_in_parts_that_fit_and_each_is_kept():
    home = Home().begin()
    windows = [Interval(start=at(10 * n), end=at(10 * n + 10)) for n in range(200)]
    late = tuple(Reading(resource="r", window=w, power_w=1, import_wh=1) for w in windows)
    home.keep(home.ven.report(late, at(2000)))
    sent = [m.body.readings for m in home.requests if m.header.noun is Noun.READINGS]
    assert len(sent) == 4
    assert [reading for part in sent for reading in part] == list(late)
    asked = request(Verb.GET, Noun.READINGS, "vtn")
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked), 2001))
    assert reply.body.readings == sent[0]


def test_a_window_is_reported_whole_however_many_resources_it_has():
    home = Home().begin()
    window = Interval(start=at(0), end=at(10))
    many = tuple(Reading(resource=f"r{n}", window=window, power_w=1) for n in range(100))
    home.keep(home.ven.report(many, at(10)))
    assert [len(m.body.readings) for m in home.requests if m.header.noun is Noun.READINGS] == [100]


def test_readings_are_sent_again_for_three_windows_and_status_for_an_hour():
    home = Home().begin()
    home.keep(home.ven.report((READING,), at(10)))
    assert home.requests[-1].header.expires == at(10 + 3 * 15)
    status = Status(id=derived_id("s"), type=StatusType.STARTED, at=at(0))
    home.keep(home.ven.tell(status, at(10)))
    assert home.requests[-1].header.expires == at(3610)


def test_no_report_can_be_ended_since_none_is_repeated(home):
    asked = request(Verb.CANCEL, Noun.READINGS, "vtn", ids=("7",))
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert (reply.errors[0].code, [i.type for i in reply.ids]) == ("2.15", ["ended"])

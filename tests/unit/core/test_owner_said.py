"""What a site's customer says while it runs is acted on and told, without a restart."""

import pytest

from tests.unit.core.test_site import House
from tests.unit.core.test_upholding import away, bound, peak
from xmpp_cem.core.inputs import Decided, OwnerSaid
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import make_event

EVENT = make_event(signal=Delta(power_w=-3000), programme="peak")
GIVEN = tuple(bound(name, party="site") for name in ("r1", "r2"))
WITHDRAWN = (bound("r1", is_given=False, seconds=30, party="site"), GIVEN[1])


@pytest.fixture
def house():
    made = House()
    made.begin()
    made.tell(OwnerSaid(GIVEN), 0)
    rules = made.site.ven.state.rules
    rules.told(EndDeviceConfig(party="site", programmes=(peak(),), enrolments=GIVEN), Verb.CREATE)
    made.publish(EndDeviceControls(events=(EVENT,)), 0)
    made.tell(Decided(EVENT.id, EVENT.order, Opt.IN, -3000), 1)
    assert made.set_points(20) == {"r1": 2000, "r2": 1000}
    return made


def registrations(house):
    return [m for m in house.sent if m.header.noun is Noun.CONFIG and m.body.enrolments]


def test_a_withdrawal_takes_the_resource_out_of_an_event_that_acts_and_is_told(house):
    count = len(registrations(house))
    house.tell(OwnerSaid(WITHDRAWN), 30)
    answer = house.answers[-1]
    assert (answer.opt, answer.power_w) == (Opt.IN, -2000)
    assert house.set_points(31) == {"r1": None, "r2": 0}
    (told,) = registrations(house)[count:]
    assert told.header.verb is Verb.CREATE
    assert told.body.enrolments == WITHDRAWN


def test_an_opt_schedule_that_is_added_answers_at_once(house):
    house.tell(OwnerSaid(GIVEN, (away(),)), 30)
    assert (house.answers[-1].opt, house.answers[-1].reason) == (Opt.OUT, "opt schedule: away")
    assert house.set_points(31) == {"r1": None, "r2": None}


def test_what_is_known_is_told_no_more(house):
    count = len(house.sent)
    assert house.tell(OwnerSaid(GIVEN), 30) == []
    assert len(house.sent) == count

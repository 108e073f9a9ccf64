import pytest

from tests.unit.core.test_site import EVENT, House, limited
from xmpp_cem.core.effects import Note
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.testing.builders import of_kind


@pytest.fixture
def house():
    made = House()
    made.begin()
    return made


def explained(house, seconds):
    notes = of_kind(house.tell(TimerFired("site/control"), seconds), Note)
    told = [dict(note.fields) for note in notes if note.what == "set point"]
    return {each["resource"]: (each["power"], each["why"]) for each in told}


def test_each_change_of_a_set_point_is_told_once_with_its_reason(house):
    house.commit(EVENT)
    assert explained(house, 19) == {}
    begun = explained(house, 20)
    assert [power for power, _ in begun.values()] == ["2000 W", "1000 W"]
    assert all(EVENT.id in why for _, why in begun.values())
    assert explained(house, 30) == {}
    assert [power for power, _ in explained(house, 80).values()] == ["free", "free"]


def test_a_limit_that_holds_a_set_point_is_named(house):
    limit = limited(3000, 20, 99)
    house.publish(EndDeviceControls(events=(limit,)))
    power, why = explained(house, 20)["r1"]
    assert power == "3000 W"
    assert limit.id in why

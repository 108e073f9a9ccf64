import pytest

from tests.unit.core.gateway import (
    PRICE,
    UPPER_EVENT,
    Cascade,
    answer_share,
    limit_event,
    told_below,
)
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Change
from xmpp_cem.model.signal import Delta, Level
from xmpp_cem.testing.builders import (
    at,
    make_event,
    share_of,
)


@pytest.fixture
def cascade():
    made = Cascade()
    made.up()
    return made


@pytest.mark.parametrize("signal", [PRICE, Level(level=2)])
def test_a_price_or_level_cascades_unchanged_and_the_answer_waits_for_the_members(cascade, signal):
    cascade.ask(make_event(signal=signal))
    assert cascade.dispatch.event.signal == signal
    assert not cascade.dispatch.is_individual
    assert cascade.answers == []
    answer_share(cascade, "a", power_w=-700)
    assert cascade.answers == []
    answer_share(cascade, "b", Opt.OUT)
    assert [(a.opt, a.power_w) for a in cascade.answers] == [(Opt.IN, -700)]


def test_a_price_that_no_member_responds_to_is_a_no(cascade):
    cascade.ask(make_event(signal=PRICE))
    answer_share(cascade, "a", Opt.OUT)
    answer_share(cascade, "b", Opt.OUT)
    assert [a.opt for a in cascade.answers] == [Opt.OUT]


def test_a_limit_cascades_as_limits_of_the_members_and_is_promised_once_they_have_confirmed(
    cascade,
):
    cascade.ask(limit_event(4000))
    assert told_below(cascade) == {"a": 2000, "b": 2000}
    answer_share(cascade, "a")
    assert cascade.answers == []
    answer_share(cascade, "b")
    assert [a.opt for a in cascade.answers] == [Opt.IN]


def test_a_limit_that_the_members_do_not_keep_is_no_promise(cascade):
    cascade.ask(limit_event(4000))
    answer_share(cascade, "a", Opt.OUT)
    answer_share(cascade, "b")
    assert [a.opt for a in cascade.answers] == [Opt.OUT]
    assert "may be exceeded by 1.0 kW" in cascade.answers[0].reason


def test_a_mandatory_limit_waits_for_the_members_too_and_what_cannot_be_kept_is_an_alarm(cascade):
    cascade.ask(limit_event(4000, is_mandatory=True))
    assert cascade.answers == []
    answer_share(cascade, "a", Opt.OUT)
    answer_share(cascade, "b")
    assert [a.opt for a in cascade.answers] == [Opt.IN]
    bodies = [m.body for m in cascade.sent if isinstance(m.body, EndDeviceEvents)]
    alarms = [s for b in bodies for s in b.statuses if s.type is not StatusType.RECEIVED]
    assert [(s.type, s.event) for s in alarms] == [(StatusType.FAILED, UPPER_EVENT.id)]
    assert "may be exceeded" in alarms[0].reason


def test_a_changing_change_of_power_cascades_in_proportion(cascade):
    changes = (Change(start=at(40), signal=share_of("0.25")),)
    cascade.ask(make_event(signal=share_of("0.5"), changes=changes))
    assert cascade.dispatch.signal == Delta(power_w=-3000)
    assert [c.signal for c in cascade.dispatch.changes] == [Delta(power_w=-1500)]
    event = cascade.dispatch.event
    assert event.changes[0].signal.multiplier == event.signal.multiplier / 2

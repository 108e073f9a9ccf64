"""What is said above names no member, unless that domain is configured to hear names."""

from datetime import timedelta

import pytest

from tests.unit.core.gateway import Cascade, answer_share, limit_event
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.dispatch.closedloop import told_by
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.testing.builders import HOST, at, plain_digest


class Telling(Cascade):
    """A gateway that may tell names, or not."""

    def __init__(self, *told):
        super().__init__()
        upper = VenSettings("gw", "upper", Jid(f"top@{HOST}", "vtn"), plain_digest)
        margin = timedelta(seconds=2)
        settings = GatewaySettings(upper, self.settings, margin, names_told=frozenset(told))
        self.gateway = self.vtn = Gateway(settings)
        self.up()

    def statuses(self, kind):
        bodies = [m.body for m in self.sent if isinstance(m.body, EndDeviceEvents)]
        return [s.reason for body in bodies for s in body.statuses if s.type is kind]


CASES = [((), False), (("another",), False), (("upper",), True)]


@pytest.mark.parametrize(("told", "hears"), CASES)
def test_who_does_not_take_part(told, hears):
    cascade = Telling(*told)
    cascade.ask()
    cascade.say("a", -500)
    cascade.say("b", 0)
    cascade.tell(TimerFired("cascade/tick"), 5)
    reasons = [cascade.answers[-1].reason, *cascade.statuses(StatusType.SHORTFALL)]
    assert len(reasons) == 2
    assert all(("without b" in reason) is hears for reason in reasons)


@pytest.mark.parametrize(("told", "hears"), CASES)
def test_whose_alarm_it_is(told, hears):
    cascade = Telling(*told)
    cascade.ask(limit_event(4000, is_mandatory=True))
    answer_share(cascade, "a")
    answer_share(cascade, "b")
    parts = cascade.gateway.vtn.dispatching
    part = parts.parts[cascade.dispatch.event.id]["a"]
    own = Status(id=derived_id("x"), type=StatusType.FAILED, at=at(30), reason="charger-7 is stuck")
    parts.put_part(told_by(part, own))
    cascade.tell(TimerFired("cascade/tick"), 31)
    (reason,) = cascade.statuses(StatusType.FAILED)
    assert reason == ("a: charger-7 is stuck" if hears else "a member does not keep its limit")

"""What a gateway says above before all its members have answered, and what it says is missing."""

import pytest

from tests.unit.core.gateway import LOWER_ID, UPPER_EVENT, Cascade, measured
from xmpp_cem.core.cascade.settings import GatewaySettings, Policy
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid
from xmpp_cem.testing.builders import HOST, at, make_event, plain_digest, share_of


class Policed(Cascade):
    """A gateway with a policy."""

    def __init__(self, policy):
        super().__init__()
        upper = VenSettings("gw", "upper", Jid(f"top@{HOST}", "vtn"), plain_digest)
        self.gateway = self.vtn = Gateway(GatewaySettings(upper, self.settings, policy=policy))
        self.up()

    def tick(self, seconds):
        self.tell(TimerFired("cascade/tick"), seconds)

    @property
    def shortfalls(self):
        bodies = [m.body for m in self.sent if m.header.noun is Noun.EVENTS]
        told = [s for body in bodies for s in body.statuses if s.type is StatusType.SHORTFALL]
        return [(s.power_w, s.reason) for s in told]


def test_firm_waits_for_every_member_and_says_what_they_confirmed():
    cascade = Policed(Policy.FIRM)
    cascade.ask()
    cascade.say("a", -1500)
    assert cascade.answers == []
    cascade.say("b", -1000)
    assert cascade.answers == []
    cascade.say("a", -2000, sequence=2)
    assert cascade.answers[-1].power_w == -3000


def test_firm_says_after_the_deadline_what_was_confirmed_by_then():
    cascade = Policed(Policy.FIRM)
    cascade.ask()
    cascade.say("a", -1500)
    cascade.tick(8)
    assert cascade.answers[-1].power_w == -1500
    assert "1 of 2 members" in cascade.answers[-1].reason


def test_immediate_says_at_once_what_members_can_do_and_corrects_it():
    cascade = Policed(Policy.IMMEDIATE)
    cascade.ask()
    first = cascade.answers[-1]
    assert (first.opt, first.power_w) == (Opt.IN, -3000)
    assert "2 silent: 3.0 kW by what they can do" in first.reason
    cascade.say("a", 0)
    cascade.say("b", -1500)
    assert [a.power_w for a in cascade.answers][-1] == -1500


def test_expected_adds_what_silent_members_kept_so_far_and_says_so():
    cascade = Policed(Policy.EXPECTED)
    state = cascade.gateway.vtn._state
    state.change(state.members["a"], asked_wh=1000, kept_wh=900)
    cascade.ask()
    answer = cascade.answers[-1]
    assert answer.power_w == -(1500 * 900 // 1000 + 1500 * 500 // 1000)
    assert "2 silent: 2.1 kW by what they kept so far" in answer.reason
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    assert cascade.answers[-1].power_w == -3000


def test_members_are_remembered_by_what_they_did_of_what_was_asked():
    cascade = Policed(Policy.FIRM)
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", 0)
    for number in (1, 2, 3):
        measured(cascade, "a", number, number, seconds=10 * number + 10)
    cascade.tell(TimerFired(f"vtn/event/{LOWER_ID}/end"), 80)
    member = cascade.gateway.vtn.members
    assert (member["b"].kept_wh, member["b"].kept_permille) == (0, 0)
    assert (member["a"].asked_wh, member["a"].kept_wh) == (2 * 10 * 1500 // 3600, 0)


@pytest.mark.parametrize("policy", list(Policy))
def test_a_cancel_while_the_first_plan_is_being_answered_releases_everybody(policy):
    cascade = Policed(policy)
    cascade.ask()
    cascade.say("a", -1500)
    cancel = make_event(modification=1, signal=share_of("0.5"), status=EventStatus.CANCELLED)
    cascade.ask(cancel, seconds=4)
    assert cascade.dispatch.event.is_cancelled
    told = len(cascade.answers)
    cascade.say("b", -1500, seconds=5)
    cascade.tick(9)
    assert len(cascade.answers) == told


@pytest.mark.parametrize("policy", list(Policy))
def test_a_change_while_the_first_plan_is_being_answered_is_answered_for_itself(policy):
    cascade = Policed(policy)
    cascade.ask()
    cascade.say("a", -1500)
    cascade.ask(make_event(modification=1, signal=share_of("0.8")), seconds=4)
    assert cascade.dispatch.target_w == -4800
    cascade.say("a", -2400, sequence=2, seconds=5)
    cascade.say("b", -2400, seconds=5)
    answer = cascade.answers[-1]
    assert (answer.order.modification, answer.power_w) == (1, -4800)


def test_an_event_that_ends_earlier_than_now_ends_below_at_once():
    cascade = Policed(Policy.FIRM)
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    shorter = UPPER_EVENT.active.model_copy(update={"end": at(30)})
    version = make_event(modification=1, signal=share_of("0.5"), active=shorter)
    cascade.ask(version, seconds=40)
    assert cascade.dispatch.event.is_cancelled


def test_an_event_that_is_cancelled_below_is_a_no_above():
    cascade = Policed(Policy.FIRM)
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    cascade.gateway.vtn.dispatching.cancel(LOWER_ID, "the operator", at(6))
    cascade.tick(6)
    assert (cascade.answers[-1].opt, cascade.answers[-1].reason) == (
        Opt.OUT,
        "the event was cancelled below",
    )


def test_what_cannot_be_covered_is_told_above_at_once_and_once():
    cascade = Policed(Policy.FIRM)
    cascade.ask(make_event(signal=share_of("0.9")))
    cascade.say("a", -2700)
    cascade.say("b", -2700)
    cascade.tick(10)
    assert cascade.shortfalls == []
    cascade.presence("b", Availability.UNREACHABLE, seconds=30)
    cascade.tick(31)
    for number in range(2, 6):
        cascade.say("a", -3000, sequence=number, seconds=30 + number)
    assert cascade.shortfalls[-1] == (-2400, "2.4 kW of 5.4 kW cannot be covered")
    count = len(cascade.shortfalls)
    cascade.tick(40)
    assert len(cascade.shortfalls) == count
    cascade.presence("b", seconds=41)
    cascade.say("b", -2700, sequence=2, seconds=42)
    cascade.tick(43)
    assert cascade.shortfalls[-1] == (0, "all is covered again")
    assert not any(name in reason for _, reason in cascade.shortfalls for name in (" a ", " b "))

from datetime import timedelta

import pytest

from tests.unit.core.gateway import LOWER_ID, UPPER_EVENT, Cascade, index
from xmpp_cem.core.effects import AskDecision, Note, Remember, ShowPresence
from xmpp_cem.core.inputs import (
    CaughtUp,
    Link,
    LinkChanged,
    Started,
    TimerFired,
)
from xmpp_cem.core.life.life import State
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import (
    Noun,
    Verb,
)
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Mode
from xmpp_cem.model.quantity import LARGEST_W
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import ChargeState, Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    arrived,
    at,
    events_in,
    make_event,
    of_kind,
    request,
    share_of,
)


@pytest.fixture
def cascade():
    made = Cascade()
    made.up()
    return made


def test_an_upper_event_leads_to_one_lower_event_with_the_derived_id(cascade):
    (lower,) = events_in(cascade.ask())
    assert lower.id == LOWER_ID
    assert cascade.dispatch.target_w == -3000
    assert lower.answer_by == UPPER_EVENT.answer_by - timedelta(seconds=2)
    assert events_in(cascade.ask(seconds=1)) == []


@pytest.mark.parametrize("mode", Mode)
def test_members_are_told_mode_and_spread_and_the_gateway_puts_nothing_off_itself(cascade, mode):
    spread = {"randomise_s": 600, "ramp_s": 60, "recovery_s": 300, "priority": 7}
    cascade.ask(make_event(signal=share_of("0.5"), mode=mode, **spread))
    lower = cascade.dispatch.event
    assert lower.model_dump(include=set(spread)) == spread
    assert (lower.mode, lower.active) == (mode, UPPER_EVENT.active)
    for seconds in (10, 20, 21):
        cascade.tell(TimerFired("cascade/tick"), seconds)
    commitment = cascade.gateway.ven.book.commitments[UPPER_EVENT.id]
    assert commitment.offsets is None


def test_nobody_is_asked_for_a_decision_in_a_gateway(cascade):
    assert of_kind(cascade.ask(), AskDecision) == []


def test_it_answers_above_only_when_the_members_have(cascade):
    cascade.ask()
    cascade.say("a", -1500)
    assert cascade.answers == []
    cascade.say("b", -1500)
    assert [(a.opt, a.power_w) for a in cascade.answers] == [(Opt.IN, -3000)]


def test_what_members_cannot_do_is_answered_as_a_part(cascade):
    cascade.ask()
    cascade.say("a", -500)
    cascade.say("b", 0)
    assert cascade.answers[-1].power_w == -500


def test_when_all_members_say_no_so_does_the_gateway(cascade):
    cascade.ask()
    cascade.say("a", 0)
    cascade.say("b", 0)
    assert cascade.answers[-1].opt is Opt.OUT


def test_after_a_silence_that_was_a_no_the_members_late_yes_is_told_while_the_event_lasts(cascade):
    cascade.ask()
    cascade.tell(LinkChanged(Link.LOWER, is_up=False), 5)
    cascade.tell(TimerFired(f"ven/{UPPER_EVENT.id}"), 10)
    assert [(a.opt, a.power_w) for a in cascade.answers] == [(Opt.OUT, 0)]
    cascade.tell(LinkChanged(Link.LOWER, is_up=True), 30)
    for member in ("a", "b"):
        cascade.presence(member, seconds=31)
        cascade.say(member, -1500, seconds=32)
    cascade.tell(TimerFired("cascade/tick"), 45)
    assert cascade.answers[-1].opt is Opt.IN
    known = cascade.gateway.ven.book.commitments[UPPER_EVENT.id]
    assert known.status is State.ACTIVE
    told = len(cascade.answers)
    cascade.tell(TimerFired(f"ven/{UPPER_EVENT.id}"), 80)
    cascade.say("a", 0, sequence=2, seconds=81)
    assert len(cascade.answers) == told


def test_members_that_change_a_no_into_a_yes_change_that_of_the_gateway(cascade):
    cascade.ask()
    for sequence, power_w in ((1, 0), (2, -1500)):
        for member in ("a", "b"):
            cascade.say(member, power_w, sequence)
    opts = [answer.opt for answer in cascade.answers]
    assert (opts[0], opts[-1]) == (Opt.OUT, Opt.IN)


def test_a_version_that_cannot_be_followed_releases_the_members_and_stays_a_no(cascade):
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    cascade.ask(make_event(modification=1, signal=ChargeState(stored_wh=1)), seconds=4)
    assert cascade.dispatch.target_w == 0
    cascade.tell(TimerFired("cascade/tick"), 5)
    assert (cascade.answers[-1].opt, cascade.answers[-1].order.modification) == (Opt.OUT, 1)
    assert "does not follow charge-state signals" in cascade.answers[-1].reason


def test_a_changed_share_above_is_divided_below(cascade):
    cascade.ask()
    newer = make_event(modification=1, signal=share_of("0.8"))
    cascade.ask(newer, seconds=1)
    assert cascade.dispatch.target_w == -4800
    assert cascade.dispatch.event.order.modification == 1


def test_other_times_above_are_other_times_below(cascade):
    cascade.ask()
    longer = Interval(start=at(20), end=at(200))
    newer = make_event(
        modification=1, signal=share_of("0.5"), active=longer, answer_by=at(15), reason="longer"
    )
    cascade.ask(newer, seconds=1)
    lower = cascade.dispatch.event
    assert (lower.active, lower.answer_by, lower.reason) == (longer, at(13), "longer")
    assert lower.order.modification == 1
    cascade.tell(TimerFired("cascade/tick"), 14)
    assert cascade.dispatch.event == lower


def test_what_is_over_below_and_was_put_off_above_is_a_no_at_once(cascade):
    """Its id is that of an event that has been: nobody below could be asked once more."""
    cascade.ask()
    cascade.say("a", 0)
    cascade.say("b", 0)
    cascade.tell(TimerFired(f"vtn/event/{LOWER_ID}/end"), 80)
    assert cascade.dispatch.event.status is EventStatus.COMPLETED
    later = Interval(start=at(200), end=at(260))
    newer = make_event(modification=1, signal=share_of("0.5"), active=later, answer_by=at(190))
    cascade.ask(newer, seconds=90)
    cascade.tell(TimerFired("cascade/tick"), 91)
    told = cascade.answers[-1]
    assert (told.opt, told.order) == (Opt.OUT, newer.order)
    assert told.reason.startswith("the event is over below")
    before = len(cascade.answers)
    cascade.tell(TimerFired("cascade/tick"), 92)
    assert len(cascade.answers) == before


def test_a_share_of_nothing_above_releases_the_members_below(cascade):
    cascade.ask()
    cascade.ask(make_event(modification=1, signal=share_of("0")), seconds=1)
    assert cascade.dispatch.target_w == 0
    assert cascade.dispatch.event.signal.multiplier == 0
    cascade.ask(make_event(modification=2, signal=share_of("0.8")), seconds=2)
    assert cascade.dispatch.target_w == -4800


def test_the_opposite_within_the_same_event_is_refused_and_releases_the_members(cascade):
    cascade.ask(make_event(signal=Delta(power_w=-3000)))
    cascade.ask(make_event(modification=1, signal=Delta(power_w=3000)), seconds=1)
    assert cascade.dispatch.event.is_cancelled
    assert cascade.answers[-1].opt is Opt.OUT
    assert "opposite" in cascade.answers[-1].reason


def test_a_cancel_above_is_a_cancel_below(cascade):
    cascade.ask()
    cancelled = make_event(modification=1, signal=share_of("0.5"), status=EventStatus.CANCELLED)
    cascade.ask(cancelled, seconds=1)
    assert cascade.dispatch.event.is_cancelled


def test_absence_from_a_newer_index_cascades_too(cascade):
    cascade.ask()
    cascade.publish(index(version=3, made=2), "index", 2)
    assert cascade.dispatch.event.is_cancelled


def test_an_event_that_has_passed_here_is_refused(cascade):
    cascade.ask()
    token = cascade.dispatch.path[-1]
    looped = make_event(7, signal=share_of("0.5"))
    effects = cascade.ask(looped, seconds=1, path=(token,), hop=1)
    assert cascade.answers[-1].event == looped.id
    assert cascade.answers[-1].opt is Opt.OUT
    (alarm,) = [note for note in of_kind(effects, Note) if note.level == "error"]
    assert alarm.what == "an event goes in a circle"


def test_a_domain_above_that_is_below_too_is_shown_nothing_from_then_on(cascade):
    cascade.ask()
    looped = make_event(7, signal=share_of("0.5"))
    effects = cascade.ask(looped, seconds=1, path=(cascade.dispatch.path[-1],), hop=1)
    offer = of_kind(effects, ShowPresence)[-1].value
    assert (offer.availability, offer.members) == (Availability.OUT_OF_SERVICE, 0)
    assert offer.capability.decrease_w == 0
    assert any("is below us too" in each.what for each in cascade.gateway.concerns(at(2)))


def test_an_event_from_too_far_up_is_refused(cascade):
    cascade.ask(make_event(8, signal=share_of("0.5")), hop=8)
    assert cascade.answers[-1].reason == "too many levels"


def test_a_lost_member_shows_above_as_less(cascade):
    cascade.presence("b", Availability.UNREACHABLE, seconds=5)
    offered = [m.body.capability for m in cascade.sent if m.header.noun is Noun.CONFIG][-1]
    assert offered.decrease_w == 3000


def test_restored_records_lead_to_the_same_lower_event_and_no_second_answer(cascade):
    kept = {}
    original = cascade.gateway.handle

    def remembering(what, now):
        effects = original(what, now)
        for effect in of_kind(effects, Remember):
            kept[effect.record.kind, effect.record.key] = effect.record
        return effects

    cascade.gateway.handle = remembering
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    again = Cascade()
    for record in kept.values():
        again.gateway.restore(record)
    before = cascade.dispatch.event
    again.tell(Started(), 10)
    again.tell(CaughtUp(Link.UPPER, "n", ()), 11)
    assert again.dispatch.event == before
    assert again.answers == []


def test_members_that_claim_more_than_a_message_can_carry_do_not_stop_a_gateway(cascade):
    claim = Resource(id="r", kind="test", rated_import_w=LARGEST_W, rated_export_w=LARGEST_W)
    for number, member in enumerate(("a", "b")):
        told = Capability(revision=1, at=at(2), resources=(claim,))
        body = EndDeviceConfig(party=member, capability=told)
        cascade.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), 2 + number)
    (shown,) = cascade.gateway.ven.state.capability.resources
    assert shown.rated_import_w == shown.rated_export_w == LARGEST_W

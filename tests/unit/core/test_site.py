from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Actuate, Note, Remember, ShowPresence
from xmpp_cem.core.inputs import (
    Decided,
    ItemReceived,
    Link,
    LinkChanged,
    Measured,
    ReplyArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.ven.site.site import Site, SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, ResponseMessage, Result, Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Mode, Targets
from xmpp_cem.model.flexibility import Offered
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.signal import Delta, Limit
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    admission,
    at,
    make_event,
    of_kind,
    plain_digest,
    share_of,
    transactions_in,
)

SERVICE = Jid(f"pubsub.{HOST}")
BOTH = (
    Sample(resource="r1", power_w=4000, decrease_w=4000),
    Sample(resource="r2", power_w=2000, decrease_w=2000),
)


class House:
    """A site with two resources, driven by hand."""

    def __init__(self, seed=""):
        vtn = Jid(f"vtn@{HOST}", "vtn")
        settings = VenSettings("site", "grid", vtn, plain_digest, seed=seed)
        self.site = Site(SiteSettings(settings, timedelta(seconds=1)))
        self.records = {}
        self.sent = []

    def tell(self, what, seconds):
        effects = self.site.handle(what, at(seconds))
        self.sent += transactions_in(effects)
        for effect in of_kind(effects, Remember):
            self.records[effect.record.kind, effect.record.key] = effect.record
        return effects

    def set_points(self, seconds):
        (actuate,) = of_kind(self.tell(TimerFired("site/control"), seconds), Actuate)
        return {s.resource: s.power_w for s in actuate.set_points}

    def begin(self):
        self.tell(Started(), -30)
        for seconds in range(-30, -25):
            self.tell(Measured(BOTH), seconds)
        self.tell(LinkChanged(Link.UPPER, is_up=True), -25)
        self.admit(-24)
        self.publish(EventIndex(domain="grid", epoch=1, version=1, at=at(0), heartbeat_s=60), -20)

    def admit(self, seconds):
        request = next(m for m in reversed(self.sent) if m.header.noun is Noun.CONFIG)
        confirmed = request.body.capability.revision
        told = admission().model_copy(update={"confirmed": confirmed})
        header = request.header.model_copy(update={"verb": Verb.REPLY, "timestamp": at(seconds)})
        body = EndDeviceConfig(party="site", admission=told)
        reply = ResponseMessage(header=header, result=Result.OK, body=body)
        self.tell(ReplyArrived(Link.UPPER, request, reply), seconds)

    def publish(self, body, seconds=0.0):
        header = Header(
            verb=Verb.CHANGED,
            noun=Noun(body.noun),
            message_id=derived_id(body),
            timestamp=at(seconds),
            source="vtn",
        )
        message = EventMessage(header=header, body=body)
        return self.tell(ItemReceived(Link.UPPER, SERVICE, "n", "i", message), seconds)

    @property
    def answers(self):
        bodies = [m.body for m in self.sent if m.header.noun is Noun.EVENTS]
        return [answer for body in bodies for answer in body.answers]

    def commit(self, event):
        self.publish(EndDeviceControls(events=(event,)))
        self.tell(Decided(event.id, event.order, Opt.IN, -3000), 1)


@pytest.fixture
def house():
    made = House()
    made.begin()
    return made


EVENT = make_event(signal=share_of("0.5"))


def test_a_promise_becomes_set_points_from_start_to_end_and_nothing_before_or_after(house):
    house.commit(EVENT)
    assert house.set_points(19) == {"r1": None, "r2": None}
    assert house.set_points(20) == {"r1": 2000, "r2": 1000}
    assert house.set_points(79) == {"r1": 2000, "r2": 1000}
    assert house.set_points(80) == {"r1": None, "r2": None}


def test_the_desired_state_is_applied_again_and_again(house):
    house.commit(EVENT)
    assert house.set_points(30) == house.set_points(31) == {"r1": 2000, "r2": 1000}


def test_the_baseline_stands_while_power_falls(house):
    house.commit(EVENT)
    house.set_points(20)
    house.tell(Measured(tuple(s.model_copy(update={"power_w": 0}) for s in BOTH)), 30)
    assert house.set_points(40) == {"r1": 2000, "r2": 1000}


def test_a_restart_in_the_event_gives_the_same_set_points(house):
    house.commit(EVENT)
    before = house.set_points(30)
    again = House()
    for record in house.records.values():
        again.site.restore(record)
    again.tell(Started(), 40)
    again.tell(Measured(BOTH), 40)
    assert again.set_points(41) == before


def test_an_override_opts_out_at_once_and_releases_everything(house):
    house.commit(EVENT)
    house.set_points(20)
    held = tuple(s.model_copy(update={"is_overridden": True}) for s in BOTH)
    house.tell(Measured(held), 30)
    answer = house.answers[-1]
    assert (answer.opt, answer.reason, answer.sequence) == (Opt.OUT, "local override", 2)
    assert house.set_points(31) == {"r1": None, "r2": None}


def test_an_override_is_seen_in_presence_in_an_event_of_the_device_and_in_the_reason(house):
    house.commit(EVENT)
    house.set_points(20)
    held = {"is_overridden": True, "reason": "guests"}
    effects = house.tell(Measured(tuple(s.model_copy(update=held) for s in BOTH)), 30)
    shown = of_kind(effects, ShowPresence)[-1].value
    assert shown.availability is Availability.OPTED_OUT
    told = [s for m in transactions_in(effects) if m.body for s in getattr(m.body, "statuses", ())]
    assert [(s.type, s.event, s.reason) for s in told] == [
        (StatusType.OVERRIDDEN, EVENT.id, "guests: r1, r2")
    ]
    assert house.answers[-1].reason == "local override: guests"
    again = house.tell(Measured(tuple(s.model_copy(update=held) for s in BOTH)), 31)
    assert transactions_in(again) == []


def test_an_override_of_one_resource_keeps_what_the_other_can_do(house):
    house.commit(EVENT)
    house.set_points(20)
    held = (BOTH[0].model_copy(update={"is_overridden": True}), BOTH[1])
    house.tell(Measured(held), 30)
    answer = house.answers[-1]
    assert (answer.opt, answer.power_w) == (Opt.IN, -2000)


def test_what_an_event_has_changed_is_told_as_committed(house):
    def committed():
        made = house.site.ven.state.capability
        return {r.id: r.committed_w for r in made.resources}

    house.commit(EVENT)
    assert committed() == {"r1": 0, "r2": 0}
    house.set_points(20)
    house.tell(Measured(BOTH), 20)
    assert committed() == {"r1": -2000, "r2": -1000}
    house.set_points(80)
    house.tell(Measured(BOTH), 81)
    assert committed() == {"r1": 0, "r2": 0}


def test_an_offer_can_be_promised_and_done(house):
    offer = Offered(decrease_w=1000, per_kwh="0.3", currency="EUR", until=at(80))
    offering = (BOTH[0].model_copy(update={"offered": offer, "decrease_w": 2000}), BOTH[1])
    house.tell(Measured(offering), -15)
    event = make_event(signal=Delta(power_w=-5000))
    house.publish(EndDeviceControls(events=(event,)))
    house.tell(Decided(event.id, event.order, Opt.IN, -5000), 1)
    house.tell(Measured(offering), 19)
    assert house.set_points(20) == {"r1": 1000, "r2": 0}


@pytest.mark.parametrize(
    ("mode", "moved"),
    [
        (Mode.COMMS, {"r1": None, "r2": None}),
        (Mode.ACTIVATION, {"r1": 2000, "r2": 1000}),
        (Mode.REAL, {"r1": 2000, "r2": 1000}),
    ],
)
def test_an_event_of_each_mode_is_answered_and_one_that_tries_the_communication_moves_nothing(
    house, mode, moved
):
    house.commit(make_event(signal=share_of("0.5"), mode=mode))
    assert [(a.opt, a.power_w) for a in house.answers] == [(Opt.IN, -3000)]
    assert house.set_points(30) == moved


def test_of_a_late_event_the_remainder_is_run_to_the_same_end(house):
    house.publish(EndDeviceControls(events=(EVENT,)), 50)
    house.tell(Decided(EVENT.id, EVENT.order, Opt.IN, -3000), 52)
    house.tell(Measured(BOTH), 52)
    assert house.set_points(53) == {"r1": 2000, "r2": 1000}
    assert house.set_points(79) == {"r1": 2000, "r2": 1000}
    assert house.set_points(80) == {"r1": None, "r2": None}


def acting(house, seconds):
    """Return when a site begins and ends to move power within some seconds."""
    moved = []
    for second in range(*seconds):
        house.tell(Measured(BOTH), second)
        if house.set_points(second)["r1"] is not None:
            moved.append(second)
    return (moved[0], moved[-1] + 1)


def test_a_randomised_start_and_release_are_drawn_once_and_stand_over_a_restart_and_a_change():
    event = make_event(signal=share_of("0.5"), randomise_s=30)
    both = []
    for is_restarted in (False, True):
        house = House("seed")
        house.begin()
        house.commit(event)
        house.set_points(2)
        if is_restarted:
            again = House("another seed")
            for record in house.records.values():
                again.site.restore(record)
            again.tell(Started(), 10)
            again.sent, house = house.sent, again
            change = make_event(1, 1, signal=share_of("0.5"), randomise_s=30, reason="the same")
            house.publish(EndDeviceControls(events=(change,)), 11)
            house.tell(Decided(change.id, change.order, Opt.IN, -3000), 12)
        both.append(acting(house, (15, 115)))
    (begins, ends), other = both
    assert other == (begins, ends)
    assert (20 < begins <= 50, 80 < ends <= 110, begins - 20 != ends - 80) == (True, True, True)


def test_the_mean_of_a_window_is_reported_and_an_empty_one_is_not(house):
    house.tell(Measured(BOTH), 3)
    house.tell(Measured(BOTH), 30)
    reported = [m.body.readings for m in house.sent if m.header.noun is Noun.READINGS]
    assert [(r.window.start, r.power_w) for r in reported[-1]] == [(at(0), 4000), (at(0), 2000)]


def test_a_start_that_a_restart_slept_through_is_made_up_once_the_meters_are_read(house):
    house.commit(EVENT)
    again = House()
    for record in house.records.values():
        again.site.restore(record)
    again.tell(Started(), 25)
    assert again.set_points(25) == {}
    again.tell(Measured(BOTH), 26)
    assert again.set_points(27) == {"r1": 2000, "r2": 1000}


def test_a_faulty_resource_is_released_and_left_to_the_other(house):
    house.commit(EVENT)
    broken = (BOTH[0].model_copy(update={"is_faulty": True}), BOTH[1])
    house.tell(Measured(broken), 10)
    assert house.answers[-1].power_w == -2000
    assert house.set_points(20) == {"r1": None, "r2": 0}


def test_the_beginning_and_the_end_of_acting_are_told_once(house):
    house.commit(EVENT)
    for seconds in (19, 20, 21, 80, 81):
        house.set_points(seconds)
    bodies = [m.body for m in house.sent if m.header.noun is Noun.EVENTS]
    told = [(s.type, s.at) for body in bodies for s in body.statuses]
    assert told == [
        (StatusType.RECEIVED, at(0)),
        (StatusType.STARTED, at(20)),
        (StatusType.STOPPED, at(80)),
        (StatusType.SHORTFALL, at(80)),
    ]


def moved(power_w):
    return (BOTH[0].model_copy(update={"power_w": power_w}), BOTH[1])


def test_a_limit_that_begins_right_after_a_release_holds_at_once(house):
    house.commit(EVENT)
    signal = Limit(limit_w=2500, direction="import", is_mandatory=True)
    active = Interval(start=at(81), end=at(99))
    later = make_event(2, signal=signal, active=active, targets=Targets(resources=("r1",)))
    house.publish(EndDeviceControls(events=(later,)))
    assert house.set_points(79)["r1"] == 2000
    house.tell(Measured(moved(2000)), 79)
    assert house.set_points(80)["r1"] is None
    house.tell(Measured(moved(4000)), 80)
    assert house.set_points(81)["r1"] == 2500


def test_what_is_read_right_after_a_release_is_no_baseline(house):
    house.commit(EVENT)
    later = make_event(2, signal=share_of("0.5"), active=Interval(start=at(83), end=at(99)))
    house.commit(later)
    for seconds in range(20, 80):
        house.set_points(seconds)
        house.tell(Measured(moved(2000)), seconds)
    assert house.set_points(80)["r1"] is None
    house.tell(Measured(moved(2000)), 80)  # the device was read before it was told
    for seconds in (81, 82):
        house.set_points(seconds)
        house.tell(Measured(BOTH), seconds)
    assert house.set_points(83)["r1"] == 2000


def test_a_resource_that_must_run_or_rest_on_does_so_in_an_event_and_says_so(house):
    limits = Limits(rated_import_w=5000, rated_export_w=0, least_import_w=500, min_run_s=15)
    pump = BOTH[0].model_copy(update={"limits": limits.model_copy(update={"min_rest_s": 10})})
    for seconds, power_w in ((8, 0), (10, 4000), (19, 4000)):
        house.tell(Measured((pump.model_copy(update={"power_w": power_w}), BOTH[1])), seconds)
    event = make_event(signal=share_of("1"))
    house.publish(EndDeviceControls(events=(event,)))
    house.tell(Decided(event.id, event.order, Opt.IN, -6000), 19)
    effects = house.tell(TimerFired("site/control"), 20)
    whys = [dict(note.fields)["why"] for note in of_kind(effects, Note) if note.what == "set point"]
    assert any(why.endswith("must run on for 5 s") for why in whys)
    assert house.set_points(24)["r1"] == 500
    assert house.set_points(25)["r1"] == 0


def test_an_event_that_follows_another_starts_from_the_power_before_both(house):
    house.commit(EVENT)
    for seconds in range(20, 80):
        house.set_points(seconds)
        house.tell(
            Measured((moved(2000)[0], BOTH[1].model_copy(update={"power_w": 1000}))), seconds
        )
    active = Interval(start=at(81), end=at(99))
    after = make_event(2, signal=share_of("0.5"), active=active, answer_by=at(80))
    house.publish(EndDeviceControls(events=(after,)), 70)
    house.tell(Decided(after.id, after.order, Opt.IN, -3000), 71)
    house.set_points(80)
    house.tell(Measured(BOTH), 80)
    assert house.set_points(81) == {"r1": 2000, "r2": 1000}


@pytest.mark.parametrize("state", ["is_overridden", "is_faulty"])
def test_a_promise_leaves_out_what_cannot_be_moved_from_the_first_answer_on(house, state):
    held = (BOTH[0].model_copy(update={state: True}), BOTH[1])
    house.tell(Measured(held), 0)
    house.publish(EndDeviceControls(events=(EVENT,)), 0)
    before = len(house.answers)
    house.tell(Decided(EVENT.id, EVENT.order, Opt.IN, -3000), 1)
    house.tell(Measured(held), 2)
    assert [(a.opt, a.power_w) for a in house.answers[before:]] == [(Opt.IN, -2000)]


def test_a_yes_while_nothing_can_be_moved_is_told_as_a_no(house):
    broken = tuple(s.model_copy(update={"is_faulty": True}) for s in BOTH)
    house.tell(Measured(broken), 0)
    house.commit(EVENT)
    house.tell(Measured(broken), 2)
    said = [(a.opt, a.power_w, a.reason) for a in house.answers]
    assert said == [(Opt.OUT, 0, "out of service")]


def limited(limit_w, start, end):
    signal = Limit(limit_w=limit_w, direction="import", is_mandatory=True)
    active = Interval(start=at(start), end=at(end))
    return make_event(2, signal=signal, active=active, targets=Targets(resources=("r1",)))


def restarted(house, seconds):
    again = House()
    for record in house.records.values():
        again.site.restore(record)
    again.tell(Started(), seconds)
    return again


def test_a_limit_after_an_event_is_held_steadily_by_a_site_that_restarted_in_the_event(house):
    house.commit(EVENT)
    house.publish(EndDeviceControls(events=(limited(3000, 60, 99),)))
    house.set_points(30)
    again = restarted(house, 40)
    found = []
    for seconds in (41, 42, 79, 80, 81, 82, 83):
        power_w = found[-1] if found else 2000
        again.tell(Measured(moved(power_w)), seconds - 1)
        found.append(again.set_points(seconds)["r1"])
    assert found == [2000, 2000, 2000, 3000, 3000, 3000, 3000]


def test_a_limit_is_held_steadily_over_a_restart(house):
    house.publish(EndDeviceControls(events=(limited(3000, 20, 99),)))
    assert house.set_points(30)["r1"] == 3000
    again = restarted(house, 40)
    for seconds in (41, 42, 43):
        again.tell(Measured(moved(3000)), seconds - 1)
        assert again.set_points(seconds)["r1"] == 3000
    assert again.set_points(99)["r1"] is None
    assert again.records["ven", ""].free == ()

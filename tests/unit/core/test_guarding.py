from datetime import timedelta

import pytest

from tests.unit.core.test_site import BOTH, House
from xmpp_cem.core.effects import Actuate, Note
from xmpp_cem.core.inputs import (
    Decided,
    ItemReceived,
    Link,
    LinkChanged,
    Measured,
    Started,
    TimerFired,
)
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings, Mode
from xmpp_cem.core.ven.site.site import Site, SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, at, make_event, of_kind, plain_digest, share_of

SERVICE = Jid(f"pubsub.{HOST}")


class Guarded(House):
    """A house that may take 3 kW together when it knows nothing: half of what it takes."""

    def __init__(self, boot="first", **settings):
        super().__init__()
        ven = VenSettings(
            "site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest, seed="seed", boot=boot
        )
        failsafe = FailsafeSettings(
            import_w=3000, export_w=0, vtn_lost_s=60, server_lost_s=60, **settings
        )
        self.site = Site(SiteSettings(ven, timedelta(seconds=1), failsafe))
        self.version = 0

    @property
    def mode(self):
        return self.site._guarding.mode

    def heartbeat(self, seconds, made=None, epoch=1, events=()):
        self.version += 1
        body = EventIndex(
            domain="grid",
            epoch=epoch,
            version=self.version,
            at=at(seconds if made is None else made),
            heartbeat_s=10,
            entries=tuple(
                IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in events
            ),
        )
        header = Header(
            verb=Verb.CHANGED,
            noun=Noun.INDEX,
            message_id=derived_id(self.version, seconds),
            timestamp=at(seconds),
            source="vtn",
        )
        item = ItemReceived(
            Link.UPPER, SERVICE, "n", "index", EventMessage(header=header, body=body)
        )
        self.tell(item, seconds)

    def pass_to(self, seconds, start):
        for second in range(start, seconds + 1, 5):
            self.set_points(second)


@pytest.fixture
def house():
    made = Guarded(longest_delay_s=0)
    made.begin()
    return made


def total(points):
    return sum(power_w for power_w in points.values() if power_w)


def test_after_a_start_the_failsafe_limit_holds_until_index_and_state_are_fresh():
    house = Guarded(longest_delay_s=0)
    house.tell(Started(), -40)
    house.tell(Measured(BOTH), -40)
    assert total(house.set_points(-39)) <= 3000
    assert house.mode is Mode.BOOT
    house = Guarded(longest_delay_s=0)
    house.begin()
    house.heartbeat(0)
    assert house.set_points(1) == {"r1": None, "r2": None}
    assert house.mode is Mode.NORMAL


def test_without_heartbeats_it_falls_back_and_needs_a_fresh_index_to_leave(house):
    house.heartbeat(0)
    house.set_points(1)
    house.pass_to(65, 5)
    assert house.mode is Mode.FAILSAFE
    assert total(house.set_points(66)) <= 3000
    house.heartbeat(70, made=-100)
    house.set_points(71)
    assert house.mode is Mode.FAILSAFE
    house.heartbeat(75)
    assert house.set_points(76) == {"r1": None, "r2": None}


def test_without_the_server_it_falls_back(house):
    house.heartbeat(0)
    house.set_points(1)
    house.tell(LinkChanged(Link.UPPER, is_up=False), 2)
    house.pass_to(70, 5)
    assert house.mode is Mode.FAILSAFE


def test_only_a_start_of_the_machine_is_delayed():
    first = Guarded(longest_delay_s=1800)
    first.begin()
    record = first.site.ven.state.record
    first.heartbeat(0)
    first.set_points(1)
    assert first.mode is Mode.BOOT
    for boot, delayed in (("first", False), ("second", True)):
        again = Guarded(boot=boot, longest_delay_s=1800)
        again.site.restore(record.model_copy(update={"epoch": 5}))
        again.begin()
        again.heartbeat(0)
        again.set_points(1)
        assert (again.mode is Mode.BOOT) is delayed, boot


def test_a_held_limit_is_shown():
    house = Guarded(longest_delay_s=0)
    house.tell(Started(), -40)
    house.tell(Measured(BOTH), -40)
    shown = house.site.ven.state.capability.resources
    assert [r.state for r in shown] == [ResourceState.LIMITED, ResourceState.LIMITED]


def test_a_change_of_mode_is_told(house):
    house.heartbeat(0)
    house.pass_to(60, 1)
    effects = house.tell(TimerFired("site/control"), 65)
    (told,) = [n for n in of_kind(effects, Note) if n.what == "failsafe"]
    assert (told.level, dict(told.fields)["mode"]) == ("warning", "failsafe")
    assert len(of_kind(effects, Actuate)) == 1


def test_a_clock_below_a_time_that_has_passed_is_not_believed(house):
    house.heartbeat(0)
    house.set_points(1)
    record = house.records["ven", ""]
    assert record.floor == at(-20)
    again = Guarded(longest_delay_s=0)
    again.site.restore(record)
    effects = again.tell(Started(), -1000)
    again.tell(Measured(BOTH), -999)
    assert total(again.set_points(-998)) <= 3000
    again.heartbeat(-997)
    again.set_points(-996)
    assert again.mode in {Mode.BOOT, Mode.FAILSAFE}
    assert of_kind(effects, Note) != []


def test_while_the_clock_is_wrong_no_event_is_acted_on_and_the_own_limit_holds(house):
    event = make_event(signal=share_of("1"), active=Interval(start=at(20), end=at(2000)))
    house.publish(EndDeviceControls(events=(event,)))
    house.tell(Decided(event.id, event.order, Opt.IN, -6000), 1)
    house.heartbeat(25, events=(event,))
    house.set_points(26)
    followed = house.set_points(30)
    assert (house.mode, followed) == (Mode.NORMAL, {"r1": 0, "r2": 0})
    house.heartbeat(700, events=(event,))
    house.set_points(701)
    assert house.set_points(702) == followed
    blind = house.set_points(650)
    assert (house.mode, total(blind)) == (Mode.FAILSAFE, 3000)


def test_a_site_without_a_failsafe_says_so():
    house = House()
    notes = of_kind(house.tell(Started(), 0), Note)
    assert any("no failsafe is configured" in note.what for note in notes)


def test_a_limit_that_is_held_from_the_first_look_stays_and_does_not_come_and_go():
    house = Guarded()
    house.tell(Started(), 0)
    power_w = {sample.resource: sample.power_w for sample in BOTH}
    seen = []
    for second in range(1, 8):
        samples = tuple(
            s.model_copy(
                update={
                    "power_w": power_w[s.resource],
                    "decrease_w": power_w[s.resource],
                    "increase_w": s.power_w - power_w[s.resource],
                }
            )
            for s in BOTH
        )
        house.tell(Measured(samples), second)
        points = house.set_points(second)
        for sample in BOTH:
            point = points[sample.resource]
            power_w[sample.resource] = sample.power_w if point is None else point
        seen.append(sum(power_w.values()))
    assert seen == [3000] * 7

import json
from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.agents.watching import Sight
from xmpp_cem.cli.sights import as_json_of, line_of
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Delta, Share
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ID = "0b0f9a0e-6a8c-4c52-8b1a-0d6d4c3c9a11"
MINUTE = Interval(start=NOON, end=NOON + timedelta(minutes=1))
ORDER = Order(epoch=7, modification=2)


def event(signal: Delta | Share, reason: str = "") -> Event:
    return Event(
        id=ID,
        order=ORDER,
        active=MINUTE,
        signal=signal,
        created=NOON,
        answer_by=NOON,
        reason=reason,
    )


def item(noun: Noun, body) -> Sight:
    header = Header(verb=Verb.CREATED, noun=noun, message_id=ID, timestamp=NOON, source="grid")
    return Sight("grid", "item", "cem/grid/x", NOON, EventMessage(header=header, body=body))


def answers(opt: Opt, power_w: int, reason: str = "") -> EndDeviceEvents:
    answer = Answer(
        id=ID,
        event=ID,
        order=ORDER,
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=NOON,
        reason=reason,
    )
    return EndDeviceEvents(answers=(answer,))


SHARE = Share(direction="decrease", multiplier="0.407332", basis=NOON)
RECORD = DispatchRecord(
    domain="grid",
    event=ID,
    order=ORDER,
    status=EventStatus.ACTIVE,
    active=MINUTE,
    target_w=-5000,
    promised_w=-4000,
)
STARTED = Status(id=ID, type=StatusType.STARTED, at=NOON, event=ID)
READING = Reading(resource="site", window=MINUTE, power_w=-3600, expected=3, reporting=2)
OFFER = Offer(
    availability=Availability.LIMITED,
    capability=Capability(revision=1, at=NOON, resources=()),
    valid_until=NOON,
)


@pytest.mark.parametrize(
    ("sight", "text"),
    [
        (
            item(Noun.CONTROLS, EndDeviceControls(events=(event(SHARE, "peak"),))),
            (
                "grid: event 0b0f9a0e.2 far: decrease by 40.7% of capability, "
                "12:00:00 to 12:01:00, peak"
            ),
        ),
        (
            item(Noun.CONTROLS, EndDeviceControls(events=(event(Delta(power_w=1000)),))),
            "grid: event 0b0f9a0e.2 far: +1.0 kW, 12:00:00 to 12:01:00",
        ),
        (
            item(
                Noun.INDEX,
                EventIndex(domain="grid", epoch=7, version=3, at=NOON, heartbeat_s=60),
            ),
            "grid: index 3: 0 live events",
        ),
        (
            item(Noun.EVENTS, answers(Opt.OUT, 0, "local override")),
            "grid: event 0b0f9a0e opted-out, 0.0 kW (local override)",
        ),
        (
            item(Noun.EVENTS, EndDeviceEvents(statuses=(STARTED,))),
            "grid: event 0b0f9a0e started",
        ),
        (
            item(Noun.READINGS, MeterReadings(readings=(READING,))),
            "grid: reads site -3.6 kW of 2/3",
        ),
        (
            item(Noun.DISPATCH, RECORD),
            "grid: event 0b0f9a0e active: asked -5.0 kW, promised -4.0 kW, delivered -",
        ),
        (Sight("grid", "item", "n", NOON, note="unreadable: 1.8"), "unreadable: 1.8"),
        (
            Sight("grid", "presence", "a@h/vtn", NOON, value=Leadership(is_active=True, epoch=7)),
            "a@h/vtn leads, epoch 7",
        ),
        (
            Sight("grid", "presence", "a@h/ven", NOON, value=OFFER),
            "a@h/ven limited: limited, 0 of 0 resources",
        ),
        (
            Sight("grid", "presence", "a@h/ven", NOON, is_available=False),
            "a@h/ven is unreachable",
        ),
        (Sight("grid", "presence", "a@h/phone", NOON, note="hi"), "a@h/phone is there hi"),
    ],
)
def test_each_sight_is_one_line(sight: Sight, text: str):
    assert line_of(sight)[0] == f"12:00:00 grid         {text}"


def test_news_of_our_own_link_has_no_domain():
    assert line_of(Sight("", "link", "", NOON, note="lost"))[0] == "12:00:00 -            lost"


def test_a_sight_is_json_with_its_message():
    sight = item(Noun.DISPATCH, RECORD)
    told = json.loads(json.dumps(as_json_of(sight)))
    assert (told["at"], told["domain"], told["kind"]) == ("2026-01-31T12:00:00Z", "grid", "item")
    assert told["message"]["body"]["target_w"] == -5000
    assert (told["offer"], told["leadership"]) == (None, None)


def test_a_presence_is_json_with_its_offer():
    told = as_json_of(Sight("grid", "presence", "a@h/ven", NOON, value=OFFER))
    assert told["offer"]["availability"] == "limited"

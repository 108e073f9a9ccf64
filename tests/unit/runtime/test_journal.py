from datetime import timedelta
from typing import get_args

import pytest

from xmpp_cem.core.inputs import (
    AccountRevoked,
    CaughtUp,
    Decided,
    Heard,
    Input,
    ItemReceived,
    Knocked,
    Link,
    LinkChanged,
    Measured,
    NodesVerified,
    OwnerSaid,
    PresenceChanged,
    QueryAnswered,
    QueryFailed,
    ReplyArrived,
    RequestArrived,
    ServiceProbed,
    Started,
    TimerFired,
    TransactionFailed,
)
from xmpp_cem.core.kept import Confirmations, Confirmed, Report
from xmpp_cem.core.records import (
    Commitment,
    Dispatch,
    Member,
    Part,
    VenRecord,
    VtnRecord,
)
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    EventMessage,
    FaultMessage,
    Header,
    Noun,
    ReplyError,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.node import Drift, NodeState
from xmpp_cem.model.position import Position
from xmpp_cem.model.programme import Enrolment
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval
from xmpp_cem.runtime import journal
from xmpp_cem.testing.builders import (
    HOST,
    NOW,
    at,
    capability,
    make_event,
    plain_digest,
    request,
    share_of,
)

EVENT = make_event(signal=share_of("0.123456789"))
SENDER = Jid(f"a@{HOST}", "ven")
ASKED = request(Verb.CREATE, Noun.CONFIG, "a", EndDeviceConfig(party="a", capability=capability()))
HEADER = Header(
    verb=Verb.CREATED,
    noun=Noun.CONTROLS,
    message_id=derived_id("m"),
    timestamp=NOW,
    source="vtn",
    path=("t1", "t2"),
)
ITEM = ItemReceived(
    Link.UPPER,
    SENDER,
    "n",
    "i",
    EventMessage(header=HEADER, body=EndDeviceControls(events=(EVENT,))),
)
REPLY = ResponseMessage(header=HEADER, result=Result.OK, body=ASKED.body)
FAULT = FaultMessage(errors=(ReplyError(code="1.8", reason="é"),))
OFFER = Offer(availability=Availability.LIMITED, capability=capability(), valid_until=at(9))
INPUTS = [
    Started(),
    LinkChanged(Link.LOWER, is_up=True),
    ITEM,
    ItemReceived(Link.LOWER, SENDER, "n", "i", ITEM.message, publisher=SENDER),
    CaughtUp(Link.UPPER, "n", (ITEM, ITEM)),
    RequestArrived(Link.LOWER, SENDER, "token", ASKED),
    ReplyArrived(Link.UPPER, ASKED, REPLY),
    ReplyArrived(Link.UPPER, ASKED, FAULT),
    TransactionFailed(Link.UPPER, ASKED, "expired", "nobody"),
    QueryAnswered(Link.LOWER, ASKED, REPLY),
    QueryFailed(Link.LOWER, ASKED, "remote-server-timeout", "nobody"),
    PresenceChanged(Link.LOWER, SENDER, is_available=True, offer=OFFER),
    PresenceChanged(
        Link.UPPER, SENDER, is_available=True, leadership=Leadership(is_active=True, epoch=7)
    ),
    PresenceChanged(Link.LOWER, SENDER, is_available=False),
    Heard(Link.LOWER, SENDER),
    Knocked(Link.LOWER, "stranger@x"),
    AccountRevoked(Link.LOWER, "stranger@x"),
    ServiceProbed(Link.LOWER, has_write_only=True),
    NodesVerified(
        Link.LOWER, (NodeState("n", was_created=True, drift=(Drift("f", "w", "x"),)),), "token"
    ),
    TimerFired("vtn/heartbeat"),
    Decided(EVENT.id, EVENT.order, Opt.IN, -1500, "yes"),
    Measured((Sample(resource="r", power_w=-5, stored_wh=3),)),
    OwnerSaid(
        (
            Enrolment(
                programme="peak",
                party="a",
                resource="r",
                valid=Interval(start=NOW, end=NOW + timedelta(days=1)),
            ),
        ),
        (
            OptSchedule(
                id=derived_id("away"),
                opt=Opt.OUT,
                zone="UTC",
                start="2026-01-15T00:00:00",
                duration_s=3600,
            ),
        ),
    ),
]
RECORDS = [
    VenRecord(epoch=3),
    Confirmations(confirmed=(Confirmed(capability=capability(), at=NOW),)),
    Commitment(
        event=EVENT,
        digest=plain_digest(EVENT),
        asked_w=-5,
        revision=1,
        status=EventStatus.FAR,
        baselines=(("r", 100),),
        shares=(("r", -5),),
    ),
    VtnRecord(epoch=4, index_version=9),
    Report(
        position=Position(3, 7),
        readings=(Reading(resource="r", window=EVENT.active, power_w=-5, import_wh=0),),
    ),
    Member(
        party="a",
        account=f"a@{HOST}",
        capability=capability(),
        last_heard=NOW,
        known=Position(2, 1),
    ),
    Part(event=EVENT.id, party="a", capability_w=9, limit_w=8, asked_w=-7, until=at(20)),
    Dispatch(event=EVENT, target_w=-9, upper=EVENT.id, path=("t",), hop=1),
]


def label(value):
    return type(value).__name__


def test_every_kind_of_input_is_tried():
    assert {type(what) for what in INPUTS} == set(get_args(Input))


@pytest.mark.parametrize("what", INPUTS, ids=label)
def test_an_input_comes_back_from_the_journal_as_it_was(what):
    row = journal.write(what, NOW)
    assert (row.at, row.kind) == (NOW, type(what).__name__)
    assert journal.read(row) == what


@pytest.mark.parametrize("record", RECORDS, ids=label)
def test_a_record_comes_back_from_its_row_as_it_was(record):
    row = journal.write_record(record)
    assert (row.kind, row.key) == (record.kind, record.key)
    assert journal.read_record(row) == record


def test_every_kind_of_record_is_tried_and_has_a_kind_of_its_own():
    kinds = {record.kind for record in RECORDS}
    assert len(kinds) == len(RECORDS) == 8

from dataclasses import replace
from datetime import timedelta

import pytest

from xmpp_cem.core.effects import (
    Forget,
    Note,
    Publish,
    Remember,
    Respond,
    Retract,
    SetTimer,
    Transact,
)
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.records import Member, VtnRecord
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.keeping import Batch
from xmpp_cem.runtime.durable import is_kept, keep
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.testing.builders import HOST, NOW, arrived, at, capability, make_event, request
from xmpp_cem.wire.codec import Flow, decode

REGISTRATION = arrived(
    request(Verb.CREATE, Noun.CONFIG, "a", EndDeviceConfig(party="a", capability=capability())), "a"
)
HEADER = Header(
    verb=Verb.CREATED,
    noun=Noun.CONTROLS,
    message_id=derived_id("m"),
    timestamp=NOW,
    source="vtn",
)
MESSAGE = EventMessage(header=HEADER, body=EndDeviceControls(events=(make_event(),)))


def kept(*effects, asked=()):
    batch = Batch()
    keep(list(effects), {what.token: what for what in asked}, NOW, batch, Speech())
    return batch


def test_the_last_thing_said_of_a_record_counts():
    old, new = VtnRecord(epoch=1), VtnRecord(epoch=2)
    gone = Member(party="a", account="a@x")
    batch = kept(Remember(old), Remember(gone), Remember(new), Forget(gone))
    assert [row.value for row in batch.put] == [new.model_dump_json().encode()]
    assert batch.drop == [("member", "a")]


@pytest.mark.parametrize(
    ("expires", "until"),
    [
        (None, NOW),
        (at(-60), NOW),
        (at(7 * 86_400), at(7 * 86_400)),
        (at(400 * 86_400), at(31 * 86_400)),
    ],
    ids=["of no end", "over", "in a week", "in a year"],
)
def test_an_answer_counts_its_age_from_the_end_of_its_requests_validity(expires, until):
    """Its sender may repeat it until then, and must be told the same."""
    header = REGISTRATION.message.header.model_copy(update={"expires": expires})
    message = REGISTRATION.message.model_copy(update={"header": header})
    asked = replace(REGISTRATION, message=message)
    reply = Respond(asked.link, asked.token, Letters("vtn").reply(message, NOW))
    (received,) = kept(reply, asked=[asked]).received
    assert received.at == until


STATUS = Status(id=derived_id("s"), type=StatusType.STARTED, at=NOW)


@pytest.mark.parametrize(
    ("noun", "body", "kind"),
    [
        (Noun.CONTROLS, MESSAGE.body, "publish"),
        (Noun.EVENTS, EndDeviceEvents(statuses=(STATUS,)), "status"),
        (Noun.READINGS, MeterReadings(readings=()), "readings"),
    ],
)
def test_readings_and_status_are_known_as_what_may_yield(noun, body, kind):
    header = HEADER.model_copy(update={"noun": noun})
    message = EventMessage(header=header, body=body)
    assert [e.kind for e in kept(Publish(Link.LOWER, "n", "i", message, at(60))).send] == [kind]


def test_what_is_sent_keeps_its_bytes_its_order_and_its_end():
    asked = REGISTRATION.message
    batch = kept(
        Publish(Link.LOWER, "n", "i", MESSAGE, at(60)),
        Transact(Link.UPPER, Jid("vtn@x", "vtn"), asked, at(30)),
        Retract(Link.LOWER, "n", "i"),
    )
    published, sent, retracted = batch.send
    assert decode(published.payload, Flow.EVENT) == MESSAGE
    assert (published.id, published.destination, published.expires) == (
        HEADER.message_id,
        "n",
        at(60),
    )
    assert (sent.id, sent.destination, sent.link) == (
        asked.header.message_id,
        "vtn@x/vtn",
        "upper",
    )
    assert (retracted.kind, retracted.expires) == ("retract", NOW + timedelta(hours=1))


def test_a_message_that_must_not_be_sent_is_left_out_and_the_rest_kept():
    wrong = EventMessage(header=HEADER.model_copy(update={"verb": Verb.GET}), body=MESSAGE.body)
    batch = kept(
        Publish(Link.LOWER, "n", "i", wrong, at(60)),
        Publish(Link.LOWER, "n", "i", MESSAGE, at(60)),
    )
    assert len(batch.send) == 1


def test_the_answer_to_a_transaction_is_kept_under_who_asked_and_what():
    reply = Letters("vtn").reply(REGISTRATION.message, NOW)
    (received,) = kept(
        Respond(Link.LOWER, REGISTRATION.token, reply), asked=[REGISTRATION]
    ).received
    assert (received.sender, received.message_id) == (
        f"a@{HOST}",
        REGISTRATION.message.header.message_id,
    )
    assert decode(received.reply, Flow.REPLY) == reply


def test_what_only_happens_now_is_not_kept():
    assert kept(SetTimer("k", NOW), Note("info", "x")).is_empty


@pytest.mark.parametrize(
    ("verb", "noun", "expected"),
    [
        (Verb.CREATE, Noun.CONFIG, True),
        (Verb.CHANGE, Noun.EVENTS, True),
        (Verb.CREATE, Noun.READINGS, False),
        (Verb.GET, Noun.CONFIG, False),
    ],
)
def test_answers_to_queries_and_readings_are_not_kept(verb, noun, expected):
    assert is_kept(arrived(request(verb, noun, "a"), "a")) is expected


def test_an_answer_to_nothing_of_this_step_is_not_kept():
    assert is_kept(None) is False

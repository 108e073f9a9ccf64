"""An event that was told and could not be read is refused for itself."""

import pytest

from tests.unit.core.home import VTN, Home, controls, index
from xmpp_cem.core.effects import AskDecision, Note
from xmpp_cem.core.inputs import Decided, Link, RequestArrived
from xmpp_cem.messages.controls import EndDeviceControls, Unread
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.builders import make_event, of_kind, reply_in, request, transactions_in


@pytest.fixture
def home():
    return Home().begin()


def strange(number=2, modification=0, **changes):
    event = make_event(number, modification)
    values = {"event": event.id, "order": event.order, "code": "2.29", "reason": "no such signal"}
    return Unread(**values | changes)


def told(home, *events, unread=(), seconds=1.0):
    """Let the VTN tell the live events by transaction."""
    body = EndDeviceControls(events=events, unread=tuple(unread))
    message = request(Verb.CREATE, Noun.CONTROLS, "vtn", body)
    return home.tell(RequestArrived(Link.UPPER, VTN, "t", message), seconds)


def answers(effects):
    return [a for m in transactions_in(effects) for a in getattr(m.body, "answers", ())]


def test_the_readable_event_is_taken_and_the_other_one_refused_with_its_code(home):
    effects = told(home, make_event(1), unread=[strange()])
    assert [asked.event.id for asked in of_kind(effects, AskDecision)] == [make_event(1).id]
    (no,) = answers(effects)
    assert (no.event, no.order, no.opt, no.code) == (
        make_event(2).id,
        make_event(2).order,
        Opt.OUT,
        "2.29",
    )
    reply = reply_in(effects)
    assert (reply.result, reply.errors[0].code) == (Result.PARTIAL, "2.29")
    assert reply.errors[0].id.text == make_event(2).id


def test_when_none_can_be_read_the_transaction_has_failed(home):
    assert reply_in(told(home, unread=[strange()])).result is Result.FAILED


def test_one_that_wants_no_answer_gets_none(home):
    effects = told(home, unread=[strange(wants_answer=False)])
    assert answers(effects) == []
    assert "event not read" in [note.what for note in of_kind(effects, Note)]


def test_one_without_identity_is_refused_in_the_reply_alone(home):
    effects = told(home, unread=[strange(event=None, order=None)])
    assert answers(effects) == []
    assert reply_in(effects).errors[0].code == "2.29"


def test_nothing_is_promised_any_more_for_the_version_before_it(home):
    event = make_event(1)
    told(home, event)
    home.tell(Decided(event.id, event.order, Opt.IN, -1000), 2)
    said = answers(told(home, unread=[strange(1, modification=1)], seconds=3))
    assert [(a.opt, a.order.modification, a.sequence) for a in said] == [
        (Opt.OUT, 0, 2),
        (Opt.OUT, 1, 3),
    ]
    assert len({a.id for a in said}) == 1


def test_an_older_version_that_cannot_be_read_changes_nothing(home):
    event = make_event(1, 3)
    told(home, event)
    home.tell(Decided(event.id, event.order, Opt.IN, -1000), 2)
    assert answers(told(home, unread=[strange(1, modification=2)], seconds=3)) == []
    assert home.ven.book.commitments[event.id].answer.opt is Opt.IN


def test_one_on_a_node_is_answered_too(home):
    home.tell(home.item(index(make_event(1))))
    body = controls(make_event(1)).model_copy(update={"unread": (strange(),)})
    assert [a.code for a in answers(home.tell(home.item(body), 1))] == ["2.29"]


def test_an_event_that_wants_no_answer_is_taken_and_decided_in_silence(home):
    event = make_event(1, wants_answer=False)
    assert of_kind(told(home, event), AskDecision)
    effects = home.tell(Decided(event.id, event.order, Opt.IN, -1000), 2)
    assert answers(effects) == []
    assert home.ven.book.commitments[event.id].answer.power_w == -1000

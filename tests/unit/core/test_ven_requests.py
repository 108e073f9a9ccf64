import pytest

from tests.unit.core.home import READING, VTN, Home, controls, index, notes, resource
from xmpp_cem.core.effects import (
    AskDecision,
    Ignore,
    Note,
)
from xmpp_cem.core.inputs import (
    Decided,
    Link,
    RequestArrived,
)
from xmpp_cem.messages.envelope import (
    Header,
    Noun,
    Operation,
    OperationSet,
    RequestMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Order, Targets
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    at,
    make_event,
    of_kind,
    reply_in,
    request,
    transactions_in,
)


@pytest.fixture
def home():
    return Home().begin()


@pytest.mark.parametrize("sender", [Jid(VTN.bare, "other"), Jid(f"site-2@{HOST}", "vtn")])
def test_a_request_of_anybody_but_the_vtn_is_ignored(home, sender):
    home.tell(home.item(index()))
    message = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(make_event()))
    effects = home.tell(RequestArrived(Link.UPPER, sender, "t", message))
    assert effects == [Ignore(Link.UPPER, "t")]
    assert home.ven.book.commitments == {}


def test_an_event_by_transaction_is_judged_like_an_item_and_answered_after_commit(home):
    home.tell(home.item(index()))
    message = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(make_event()))
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "t", message))
    assert len(of_kind(effects, AskDecision)) == 1
    assert reply_in(effects).result is Result.OK


def test_what_is_refused_of_a_transaction_is_answered_with_its_code_and_reason(home):
    home.tell(home.item(index()))
    known, newer = make_event(1), make_event(1, modification=1)
    for events, result in (((newer,), "OK"), ((known, make_event(2)), "PARTIAL")):
        message = request(Verb.CHANGE, Noun.CONTROLS, "vtn", controls(*events))
        reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", message)))
        assert reply.result == result
    message = request(Verb.CHANGE, Noun.CONTROLS, "vtn", controls(known))
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "t", message))
    (error,) = reply_in(effects).errors
    assert reply_in(effects).result is Result.FAILED
    assert (error.code, error.reason, error.id.text) == (
        "6.1",
        "a newer version of the event is known",
        known.id,
    )
    assert notes(effects) == ["event not taken"]


OVER = Interval(start=at(-50), end=at(-10))


@pytest.mark.parametrize(
    ("event", "changes", "code", "reason"),
    [
        (make_event(active=OVER, answer_by=at(-20)), {}, "4.1", "the event's time is over"),
        (make_event(), {"expires": at(-1)}, "4.1", "the message expired before it arrived"),
        (
            make_event(targets=Targets(resources=("another",))),
            {},
            "2.29",
            "no resource of this party is meant",
        ),
        (make_event(created=at(-5)), {}, "1.8", "the same version was known with other content"),
        (
            make_event(order=Order(epoch=0, modification=9)),
            {},
            "6.1",
            "a newer version of the event is known",
        ),
    ],
    ids=["late", "expired", "not for me", "conflicting", "out of order"],
)
def test_whoever_sends_what_is_not_taken_is_told_the_code_and_a_reason(
    home, event, changes, code, reason
):
    home.tell(home.item(index()))
    if code in {"1.8", "6.1"}:
        first = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(make_event()))
        home.tell(RequestArrived(Link.UPPER, VTN, "t", first))
    message = request(Verb.CHANGE, Noun.CONTROLS, "vtn", controls(event))
    header = message.header.model_copy(update=changes)
    message = message.model_copy(update={"header": header})
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "u", message))
    reply = reply_in(effects)
    assert (reply.result, [(e.code, e.reason) for e in reply.errors]) == (
        Result.FAILED,
        [(code, reason)],
    )
    (note,) = [n for n in of_kind(effects, Note) if n.what == "event not taken"]
    assert (dict(note.fields)["code"], dict(note.fields)["why"]) == (code, reason)
    assert of_kind(effects, AskDecision) == []


def test_in_a_set_of_operations_the_one_that_was_refused_is_named(home):
    home.tell(home.item(index()))
    events = (make_event(1, modification=1), make_event(1), make_event(2))
    operations = tuple(
        Operation(id=number, verb=Verb.CHANGE, noun=Noun.CONTROLS, body=controls(event))
        for number, event in enumerate(events)
    )
    header = Header(
        verb=Verb.EXECUTE,
        noun=Noun.OPERATION_SET,
        message_id=derived_id(operations),
        timestamp=at(0),
        source="vtn",
    )
    asked = RequestMessage(header=header, operations=OperationSet(operations=operations))
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert reply.result is Result.PARTIAL
    assert [(e.operation, e.code) for e in reply.errors] == [(1, "6.1")]


@pytest.mark.parametrize(
    ("state", "kind", "is_asked"),
    [
        (ResourceState.OPTED_OUT, "test", False),
        (ResourceState.OUT_OF_SERVICE, "test", True),
        (ResourceState.OPTED_OUT, "virtual", True),
    ],
)
def test_an_override_that_stands_is_a_no_at_once_also_to_a_newer_version(
    home, state, kind, is_asked
):
    home.tell(home.item(index()))
    overridden = resource(state=state).model_copy(update={"kind": kind})
    home.keep(home.ven.update((overridden,), at(0)))
    for modification in (0, 1):
        effects = home.tell(home.item(controls(make_event(modification=modification))), 1)
        assert bool(of_kind(effects, AskDecision)) is is_asked
        said = [a for m in transactions_in(effects) for a in m.body.answers]
        expected = [] if is_asked else [(Opt.OUT, "local override", modification + 1)]
        assert [(a.opt, a.reason, a.sequence) for a in said] == expected


def test_the_vtn_may_ask_for_the_registration_and_for_nothing_unknown(home):
    asked = request(Verb.GET, Noun.CONFIG, "vtn")
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert reply.body.capability.decrease_w == 3000
    other = request(Verb.GET, Noun.CONFIG, "vtn", ids=("another",))
    refused = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", other)))
    assert refused.errors[0].code == "2.15"
    strange = request(Verb.GET, Noun.MEMBERS, "vtn")
    refused = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", strange)))
    assert refused.errors[0].code == "2.5"


@pytest.mark.parametrize(("known", "is_new"), [("1", False), ("0", True), (None, True)])
def test_a_vtn_that_knows_another_revision_is_told_by_a_registration(home, known, is_new):
    asked = request(Verb.GET, Noun.CONFIG, "vtn", ids=("site",))
    options = () if known is None else (("known", known),)
    asked = asked.model_copy(update={"options": options})
    told = transactions_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert [m.header.verb for m in told] == ([Verb.CREATE] if is_new else [])


def status(home, *ids, after=None, seconds=2.0):
    asked = request(Verb.GET, Noun.EVENTS, "vtn", ids=ids)
    asked = asked.model_copy(update={"options": (("after", after),) if after else ()})
    return reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked), seconds))


def test_a_vtn_may_ask_how_events_stand(home):
    event = make_event()
    home.tell(home.item(index(event)))
    home.tell(home.item(controls(event)), 1)
    waiting = status(home, event.id)
    assert (waiting.body.answers, [s.type for s in waiting.body.statuses]) == (
        (),
        [StatusType.RECEIVED],
    )
    home.tell(Decided(event.id, event.order, Opt.IN, -1000), 2)
    agreed = status(home)
    assert [(a.opt, a.power_w) for a in agreed.body.answers] == [(Opt.IN, -1000)]
    assert [s.type for s in agreed.body.statuses] == [StatusType.SCHEDULED]
    partly = status(home, event.id, make_event(7).id)
    assert (partly.result, partly.errors[0].code) == (Result.PARTIAL, "2.15")
    assert status(home, make_event(7).id).result is Result.FAILED


def test_the_status_of_many_events_comes_in_pages(home):
    events = [make_event(number) for number in range(40)]
    home.tell(home.item(index(*events)))
    for event in events:
        home.tell(home.item(controls(event)), 1)
    first = status(home)
    assert (first.result, first.errors[0].code) == (Result.PARTIAL, "0.1")
    last = max(each.event for each in first.body.statuses)
    rest = status(home, after=last)
    assert rest.result is Result.OK
    told = [each.event for each in (*first.body.statuses, *rest.body.statuses)]
    assert sorted(told) == sorted(event.id for event in events)


def test_its_vtn_may_ask_for_what_it_has_reported_and_nobody_else():
    home = Home().begin()
    home.keep(home.ven.report((READING,), at(10)))
    asked = request(Verb.GET, Noun.READINGS, "vtn")
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked), 11))
    assert reply.body.readings == (READING,)
    assert (reply.header.epoch, reply.header.sequence) == (home.record.epoch, home.record.sequence)
    stranger = RequestArrived(Link.UPPER, Jid(f"x@{HOST}", "vtn"), "t", asked)
    assert of_kind(home.tell(stranger, 12), Ignore) != []

from dataclasses import replace

import pytest

from xmpp_cem.core.effects import SetTimer, Transact
from xmpp_cem.core.inputs import (
    Link,
    LinkChanged,
    NodesVerified,
    RequestArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Result, Verb
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import HOST, NOW, Domain, make_event, of_kind, reply_in, request

OPERATOR = Jid(f"op@{HOST}", "op-1")
EVENT = make_event(signal=Delta(power_w=-4000))


@pytest.fixture
def domain():
    made = Domain("a", "b")
    made.lead()
    for member in ("a", "b"):
        made.register(member, 4000, -5)
        made.presence(member, seconds=-4)
    return made


def create(domain, *, later=True):
    message = request(Verb.CREATE, Noun.CONTROLS, "op", EndDeviceControls(events=(EVENT,)))
    header = message.header.model_copy(update={"wants_async": later or None})
    asked = RequestArrived(Link.LOWER, OPERATOR, "t", message.model_copy(update={"header": header}))
    return domain.tell(asked), header


def event_of(domain):
    return domain.vtn.dispatching.dispatches[EVENT.id].event


def late_replies(effects):
    return [
        (e.to, e.message)
        for e in of_kind(effects, Transact)
        if isinstance(e.message, ResponseMessage)
    ]


def look(domain, seconds):
    return domain.tell(TimerFired("x"), seconds)


def test_who_wants_it_later_gets_0_3_now_and_the_answer_with_the_last_member(domain):
    effects, header = create(domain)
    now = reply_in(effects)
    assert (now.result, [e.code for e in now.errors]) == (Result.OK, ["0.3"])
    assert late_replies(effects) == []
    domain.answer("a", event_of(domain), -2000)
    assert late_replies(look(domain, 5)) == []
    domain.answer("b", event_of(domain), -2000)
    ((to, reply),) = late_replies(look(domain, 6))
    assert to == OPERATOR
    assert reply.header.correlation_id == header.message_id
    assert (reply.result, reply.errors) == (Result.OK, ())
    assert late_replies(look(domain, 7)) == []


def test_a_shortfall_is_told_at_the_deadline(domain):
    create(domain)
    domain.answer("a", event_of(domain), -1000)
    deadline = (EVENT.answer_by - NOW).total_seconds()
    ((_, reply),) = late_replies(look(domain, deadline))
    assert (reply.result, [e.code for e in reply.errors]) == (Result.PARTIAL, ["0.2"])
    assert "kW of 4.0 kW" in reply.errors[0].reason


def test_a_cancel_is_told_too(domain):
    create(domain)
    domain.vtn.dispatching.cancel(EVENT.id, "storm", NOW)
    ((_, reply),) = late_replies(look(domain, 3))
    assert (reply.result, [e.code for e in reply.errors]) == (Result.FAILED, ["6.5"])


def test_who_does_not_ask_for_it_gets_no_late_answer(domain):
    effects, _ = create(domain, later=False)
    assert [e.code for e in reply_in(effects).errors] == []
    domain.answer("a", event_of(domain), -2000)
    domain.answer("b", event_of(domain), -2000)
    assert late_replies(look(domain, 6)) == []


def test_the_one_who_waits_survives_a_restart(domain):
    create(domain)
    again = Domain("a", "b")
    again.vtn = Vtn(again.settings)
    for record in (
        *domain.vtn.members.values(),
        *domain.vtn.dispatching.dispatches.values(),
        *domain.vtn.dispatching.parts[EVENT.id].values(),
    ):
        again.vtn.restore(record)
    early = again.tell(Started(), 1) + again.tell(LinkChanged(Link.LOWER, is_up=True), 1)
    for member in ("a", "b"):
        early += again.presence(member, seconds=1.5)
    early += again.tell(NodesVerified(Link.LOWER, ()), 3)
    assert late_replies(early) == []
    for member in ("a", "b"):
        again.answer(member, event_of(again), -2000)
    ((to, _),) = late_replies(look(again, 6))
    assert to == OPERATOR


def reminders(effects):
    return [
        (str(e.to), e.message.header.verb)
        for e in of_kind(effects, Transact)
        if not isinstance(e.message, ResponseMessage)
    ]


def test_the_silent_are_asked_again_by_transaction_half_way_to_the_deadline(domain):
    effects, _ = create(domain)
    half = NOW + (EVENT.answer_by - NOW) / 2
    key = f"vtn/event/{EVENT.id}/silent"
    assert SetTimer(key, half) in of_kind(effects, SetTimer)
    domain.answer("a", event_of(domain), -2000)
    seconds = (half - NOW).total_seconds()
    asked = domain.tell(TimerFired(key), seconds)
    assert reminders(asked) == [(f"b@{HOST}/ven", Verb.CREATE)]
    (reminder,) = of_kind(asked, Transact)
    assert reminder.message.body.events == (event_of(domain),)
    assert reminder.expires == EVENT.answer_by
    again = domain.tell(TimerFired(key), seconds)
    assert of_kind(again, Transact)[0].message.header == reminder.message.header


def test_nobody_is_reminded_of_what_is_cancelled_and_no_one_who_is_away(domain):
    create(domain)
    domain.presence("a", "unreachable", 1)
    key = f"vtn/event/{EVENT.id}/silent"
    assert reminders(domain.tell(TimerFired(key), 2)) == [(f"b@{HOST}/ven", Verb.CREATE)]
    domain.vtn.dispatching.cancel(EVENT.id, "storm", NOW)
    assert reminders(domain.tell(TimerFired(key), 3)) == []


def sets(effects):
    return {
        str(e.to): [(event.id, event.status) for event in e.message.body.events]
        for e in of_kind(effects, Transact)
        if not isinstance(e.message, ResponseMessage)
    }


def openadr_domain():
    made = Domain("a", "b")
    made.vtn = Vtn(replace(made.settings, tells_the_set=True))
    made.lead()
    made.register("a", 4000, -5)
    made.presence("a", seconds=-4)
    return made


def test_where_members_know_no_nodes_each_change_is_told_to_all_of_them():
    domain = openadr_domain()
    effects, _ = create(domain, later=False)
    assert sets(effects) == {f"a@{HOST}/ven": [(EVENT.id, "far")]}
    cancel = request(Verb.CANCEL, Noun.CONTROLS, "op", ids=(EVENT.id,))
    effects = domain.tell(RequestArrived(Link.LOWER, OPERATOR, "u", cancel), 3)
    assert sets(effects) == {f"a@{HOST}/ven": [(EVENT.id, "cancelled")]}


def test_who_comes_later_is_told_what_lives():
    domain = openadr_domain()
    create(domain, later=False)
    domain.register("b", 4000, 1)
    assert sets(domain.presence("b", seconds=2)) == {f"b@{HOST}/ven": [(EVENT.id, "far")]}


def test_other_domains_are_told_by_the_node_alone(domain):
    effects, _ = create(domain, later=False)
    assert sets(effects) == {}

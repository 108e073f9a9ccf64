"""A VTN asks members for what they did not tell, by a clock in the test's hand."""

import pytest

from xmpp_cem.core.effects import Note, Query, SetTimer
from xmpp_cem.core.inputs import (
    Link,
    LinkChanged,
    NodesVerified,
    PresenceChanged,
    QueryAnswered,
    QueryFailed,
    TimerFired,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.vtn.members.survey import MOST_AT_ONCE, PATIENCE, RETRY, SURVEY_TIMER
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, ReplyError, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability, Offer
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    capability,
    make_event,
    of_kind,
    reply_in,
    request,
)

WAIT, AGAIN = PATIENCE.total_seconds(), RETRY.total_seconds()


@pytest.fixture
def domain():
    made = Domain("a", "b")
    made.lead()
    return made


def shows(domain, member, revision=1, seconds=0.0):
    offer = Offer(
        availability=Availability.AVAILABLE,
        capability=capability(revision=revision),
        valid_until=at(600),
    )
    sender = Jid(f"{member}@{HOST}", "ven")
    what = PresenceChanged(Link.LOWER, sender, is_available=True, offer=offer)
    return domain.tell(what, seconds)


def fire(domain, seconds):
    return of_kind(domain.tell(TimerFired(SURVEY_TIMER), seconds), Query)


def wakes(effects):
    return [timer.at for timer in of_kind(effects, SetTimer) if timer.key == SURVEY_TIMER]


def answer(domain, query, member, body=None, seconds=0.0, **told):
    reply = Letters(member).reply(query.message, at(seconds), body, **told)
    return domain.tell(QueryAnswered(Link.LOWER, query.message, reply), seconds)


def times_out(domain, query, seconds):
    failed = QueryFailed(Link.LOWER, query.message, "remote-server-timeout", "no answer in 10 s")
    return domain.tell(failed, seconds)


def ask(domain, noun, *ids, seconds=0.0):
    message = request(Verb.GET, noun, "op", ids=ids)
    return domain.tell(arrived(message, "op", "op-1"), seconds)


def test_a_member_that_registers_in_time_is_not_asked(domain):
    assert wakes(shows(domain, "a")) == [at(WAIT)]
    domain.register("a", 3000, 2)
    assert fire(domain, WAIT) == []


def test_a_member_that_shows_itself_and_does_not_register_is_asked(domain):
    shows(domain, "a")
    (query,) = fire(domain, WAIT)
    header = query.message.header
    assert (header.verb, header.noun) == (Verb.GET, Noun.CONFIG)
    assert query.message.names == ("a",)
    assert dict(query.message.options) == {"known": "0"}
    assert query.to == Jid(f"a@{HOST}", "ven")


def test_a_member_that_announces_more_than_it_registered_is_asked(domain):
    shows(domain, "a")
    domain.register("a", 3000, 1)
    assert fire(domain, WAIT) == []
    shows(domain, "a", revision=2, seconds=20)
    (query,) = fire(domain, 20 + WAIT)
    assert dict(query.message.options) == {"known": "1"}


def test_nobody_is_asked_before_its_word_may_have_come(domain):
    shows(domain, "a")
    assert fire(domain, WAIT - 1) == []


def test_who_is_gone_is_not_asked(domain):
    shows(domain, "a")
    domain.presence("a", Availability.UNREACHABLE, 1)
    assert fire(domain, WAIT) == []


def test_a_query_that_is_not_answered_is_logged_with_4_1_and_asked_again_later(domain):
    shows(domain, "a")
    (query,) = fire(domain, WAIT)
    effects = times_out(domain, query, WAIT + 10)
    (note,) = [n for n in of_kind(effects, Note) if n.what == "a query was not answered"]
    assert dict(note.fields)["why"].startswith("4.1 ")
    assert wakes(effects) == [at(WAIT + 10 + AGAIN)]
    assert fire(domain, WAIT + 10 + AGAIN - 1) == []
    assert len(fire(domain, WAIT + 10 + AGAIN)) == 1


def test_the_registration_that_follows_an_answer_ends_the_matter(domain):
    shows(domain, "a")
    (query,) = fire(domain, WAIT)
    body = EndDeviceConfig(party="a", capability=capability())
    effects = answer(domain, query, "a", body, WAIT + 1)
    assert domain.vtn.members["a"].capability is None  # shares are of what is confirmed
    domain.register("a", 3000, WAIT + 2)
    (again,) = wakes(effects)
    assert fire(domain, (again - at(0)).total_seconds()) == []


def test_an_answer_in_another_name_counts_for_nothing(domain):
    shows(domain, "a")
    (query,) = fire(domain, WAIT)
    effects = answer(domain, query, "b", EndDeviceConfig(party="a"), WAIT + 1)
    assert "Source" in dict(of_kind(effects, Note)[0].fields)["why"]


def test_no_more_are_asked_at_once_than_the_bound_and_each_comes_to_its_turn():
    domain = Domain(*(f"m{n}" for n in range(MOST_AT_ONCE + 5)))
    domain.lead()
    for number in range(MOST_AT_ONCE + 5):
        shows(domain, f"m{number}")
    first = fire(domain, WAIT)
    assert len(first) == MOST_AT_ONCE
    assert wakes(domain.tell(TimerFired(SURVEY_TIMER), WAIT + 1)) == []
    effects = times_out(domain, first[0], WAIT + 10)
    assert wakes(effects) == [at(WAIT + 10)]
    assert len(fire(domain, WAIT + 10)) == 1


def test_a_lost_connection_ends_all_questions(domain):
    shows(domain, "a")
    (query,) = fire(domain, WAIT)
    domain.tell(LinkChanged(Link.LOWER, is_up=False), WAIT + 1)
    assert times_out(domain, query, WAIT + 10) == []
    domain.tell(LinkChanged(Link.LOWER, is_up=True), 30)
    domain.tell(NodesVerified(Link.LOWER, ()), 31)
    assert fire(domain, 60) == []
    shows(domain, "a", seconds=61)
    assert len(fire(domain, 61 + WAIT)) == 1


@pytest.fixture
def called(domain):
    """An event that both members are asked for."""
    for member in ("a", "b"):
        shows(domain, member)
        domain.register(member, 3000)
    fire(domain, WAIT)
    message = request(Verb.CREATE, Noun.CONTROLS, "op", body_of(make_event()))
    domain.tell(arrived(message, "op", "op-1"), 6)
    return domain


def body_of(event):
    return EndDeviceControls(events=(event,))


def event_of(domain):
    return domain.vtn.dispatching.dispatches[make_event().id].event


def said(event, party, power_w=-500):
    return Answer(
        id=derived_id(party, event.id),
        event=event.id,
        order=event.order,
        opt=Opt.IN,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(7),
    )


def halfway(domain, seconds=8.0):
    return domain.tell(TimerFired(f"vtn/event/{make_event().id}/silent"), seconds)


def test_who_is_silent_half_way_is_asked_how_the_event_stands(called):
    called.answer("b", event_of(called), -500, seconds=7)
    halfway(called)
    (query,) = fire(called, 8 + WAIT)
    assert (query.message.header.verb, query.message.header.noun) == (Verb.GET, Noun.EVENTS)
    assert (query.to.bare, query.message.names) == (f"a@{HOST}", (make_event().id,))


def test_an_answer_that_was_lost_is_taken_from_the_members_status(called):
    halfway(called)
    queries = {query.to.bare.partition("@")[0]: query for query in fire(called, 8 + WAIT)}
    event = event_of(called)
    status = Status(id=derived_id("s"), type=StatusType.SCHEDULED, at=at(13), event=event.id)
    body = EndDeviceEvents(answers=(said(event, "a"),), statuses=(status,))
    answer(called, queries["a"], "a", body, 14)
    part = called.vtn.dispatching.parts[event.id]["a"]
    assert (part.answer.power_w, part.conduct.stage.value) == (-500, "scheduled")


def test_an_answer_to_an_event_that_is_not_ours_is_left_out(called):
    halfway(called)
    query = next(q for q in fire(called, 8 + WAIT) if q.to.bare == f"a@{HOST}")
    strange = said(make_event(9), "a")
    answer(called, query, "a", EndDeviceEvents(answers=(strange,)), 14)
    assert called.vtn.dispatching.parts[make_event().id]["a"].answer is None


def test_a_member_that_says_it_has_not_decided_is_not_asked_again_and_again(called):
    halfway(called)
    queries = fire(called, 8 + WAIT)
    for query in queries:
        answer(called, query, query.to.bare.partition("@")[0], EndDeviceEvents(), 14)
    assert fire(called, 14 + AGAIN) == []


def test_a_member_that_comes_back_is_asked_for_what_it_has_not_answered(called):
    called.presence("a", Availability.UNREACHABLE, 15)
    shows(called, "a", seconds=21)
    nouns = {query.message.header.noun for query in fire(called, 21 + WAIT)}
    assert nouns == {Noun.EVENTS}


def test_who_began_before_there_were_events_and_has_answered_is_not_asked(domain):
    shows(domain, "a")
    body = EndDeviceConfig(party="a", capability=capability(3000))
    registered = request(Verb.CREATE, Noun.CONFIG, "a", body)
    header = registered.header.model_copy(update={"epoch": 7, "sequence": 1})
    domain.tell(arrived(registered.model_copy(update={"header": header}), "a"), 1)
    message = request(Verb.CREATE, Noun.CONTROLS, "op", body_of(make_event()))
    domain.tell(arrived(message, "op", "op-1"), 6)
    domain.answer("a", event_of(domain), -500, seconds=7)
    halfway(domain)
    assert fire(domain, 8 + WAIT) == []


def test_an_openadr_domain_tells_the_set_instead():
    domain = Domain("a", tells_the_set=True)
    domain.lead()
    shows(domain, "a")
    domain.register("a", 3000)
    message = request(Verb.CREATE, Noun.CONTROLS, "op", body_of(make_event()))
    domain.tell(arrived(message, "op", "op-1"), 6)
    halfway(domain)
    assert fire(domain, 8 + WAIT) == []


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        (Noun.CONFIG, EndDeviceConfig(party="a", capability=capability())),
        (Noun.EVENTS, EndDeviceEvents()),
    ],
)
def test_an_operators_question_is_passed_on_and_so_is_the_answer(domain, noun, body):
    shows(domain, "a")
    domain.register("a", 3000)
    effects = ask(domain, noun, "a", *(["x"] if noun is Noun.EVENTS else []))
    (query,) = of_kind(effects, Query)
    assert query.message.names == (("a",) if noun is Noun.CONFIG else ("x",))
    reply = reply_in(answer(domain, query, "a", body, 1))
    assert (reply.result, reply.body) == (Result.OK, body)
    assert reply.header.source == "vtn"


def test_what_a_member_refuses_an_operator_is_told(domain):
    shows(domain, "a")
    (query,) = of_kind(ask(domain, Noun.EVENTS, "a"), Query)
    error = ReplyError(code="2.15", reason="no such event")
    told = answer(domain, query, "a", None, 1, result=Result.FAILED, errors=(error,))
    assert reply_in(told).errors == (error,)


def test_an_operator_is_told_that_a_member_did_not_answer_in_time(domain):
    shows(domain, "a")
    (query,) = of_kind(ask(domain, Noun.CONFIG, "a"), Query)
    reply = reply_in(times_out(domain, query, 10))
    assert (reply.result, reply.errors[0].code) == (Result.FAILED, "4.1")


def test_an_operator_must_name_a_member_that_is_there(domain):
    codes = [reply_in(ask(domain, Noun.CONFIG, *ids)).errors[0].code for ids in ((), ("x",))]
    assert codes == ["1.6", "2.15"]
    assert reply_in(ask(domain, Noun.CONFIG, "a")).errors[0].code == "5.3"


def test_too_many_questions_at_once_are_refused(domain):
    shows(domain, "a")
    for number in range(MOST_AT_ONCE):
        assert of_kind(ask(domain, Noun.EVENTS, "a", str(number)), Query)
    assert reply_in(ask(domain, Noun.EVENTS, "a", "more")).errors[0].code == "5.1"

"""A VTN that begins again knows what it knew, and a box that is replaced changes nothing."""

import pytest

from tests.unit.core.test_settling import END_S, START_S, WINDOW_S, Settled, ran
from xmpp_cem.core.effects import Remember, VerifyNodes
from xmpp_cem.core.inputs import (
    AccountRevoked,
    Link,
    LinkChanged,
    NodesVerified,
    Started,
    TimerFired,
)
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.stage import Stage
from xmpp_cem.testing.builders import HOST, arrived, at, make_event, of_kind, reply_in, request

B2, D = f"b2@{HOST}", f"d@{HOST}"


def ask(domain, verb, noun, body=None, ids=(), seconds=600.0):
    return domain.tell(arrived(request(verb, noun, "op", body, ids), "op", "x"), seconds)


def command(domain, verb, party, account, seconds):
    entry = MemberEntry(party=party, account=account)
    effects = ask(
        domain, verb, Noun.MEMBERS, DomainMembers(domain="grid", members=(entry,)), (), seconds
    )
    domain.tell(TimerFired(f"vtn/leave/{party}"), seconds + 20)
    effects += domain.tell(AccountRevoked(Link.LOWER, f"{party}@{HOST}"), seconds + 21)
    return [
        reply_in(domain.tell(NodesVerified(Link.LOWER, (), verify.token), seconds + 22))
        for verify in of_kind(effects, VerifyNodes)
    ]


def begun_again(domain, seconds):
    domain.restart()
    domain.tell(Started(), seconds)
    domain.tell(LinkChanged(Link.LOWER, is_up=True), seconds)
    domain.tell(NodesVerified(Link.LOWER, ()), seconds)


def known(domain, events, seconds):
    """Return what a VTN tells of members and events, without who is there at present."""
    members = reply_in(ask(domain, Verb.GET, Noun.MEMBERS, seconds=seconds)).body.members
    away = {"availability": None, "power_w": None}
    records = [
        reply_in(ask(domain, Verb.GET, Noun.DISPATCH, ids=(each,), seconds=seconds)).body
        for each in events
    ]
    shares = [
        [
            (s.party, s.asked_w, s.opt, s.silent_since, s.promised_w, s.stage, s.stage_at)
            for s in r.shares
        ]
        for r in records
    ]
    told = [(r.order, r.status, r.active, r.target_w, r.delivered_wh, r.why) for r in records]
    evidence = domain.evidence(events[0])[1]
    return [m.model_copy(update=away) for m in members], told, shares, evidence


@pytest.fixture
def domain():
    made = Settled(parties=("a", "b"))
    made.lead()
    for party in ("a", "b"):
        made.register(party, 3000)
        made.presence(party, seconds=1)
    return made


def test_a_vtn_that_begins_again_knows_everything_that_it_knew(domain):
    first = ran(domain)
    second = make_event(2, signal=Delta(power_w=-3000), created=at(300))
    later = {"active": second.active.model_copy(update={"start": at(900), "end": at(960)})}
    second = second.model_copy(update={**later, "answer_by": at(800)})
    body = EndDeviceControls(events=(second,))
    assert reply_in(ask(domain, Verb.CREATE, Noun.CONTROLS, body, seconds=300)).result is Result.OK
    published = domain.vtn.dispatching.dispatches[second.id].event
    domain.answers(published, -1500, 1, 310)
    assert [r.result for r in command(domain, Verb.CREATE, "d", D, 320)] == [Result.OK]
    domain.tell(arrived(request(Verb.DELETE, Noun.CONFIG, "b"), "b"), 350)
    stage = Status(id=derived_id("s"), type=StatusType.SCHEDULED, at=at(360), event=published.id)
    told = request(Verb.CREATE, Noun.EVENTS, "a", EndDeviceEvents(statuses=(stage,)))
    domain.tell(arrived(told, "a"), 360)

    before = known(domain, (first, second.id), 600)
    assert {m.party: m.standing for m in before[0]} == {
        "a": None,
        "b": Standing.LEFT,
        "d": None,
    }
    assert before[2][1][0][-2:] == (Stage.SCHEDULED, at(360))
    begun_again(domain, 600)
    assert known(domain, (first, second.id), 601) == before


def test_a_replaced_box_keeps_its_resource_and_the_history_goes_on(domain):
    for start in range(0, 90, WINDOW_S):
        domain.report(start, 5000)
    event = domain.call(seconds=90)
    domain.state(event, 91)
    for start in range(90, 150, WINDOW_S):
        domain.report(start, 2000 if start >= START_S else 5000)
    (done,) = command(domain, Verb.CHANGE, "a", B2, 160)
    assert done.result is Result.OK
    assert domain.vtn.members["a"].account == B2
    for start in range(150, END_S + 60, WINDOW_S):
        domain.report(start, 2000 if start < END_S else 5000, max(start + 10, 200), account="b2")
    domain.tell(TimerFired(f"vtn/event/{event}/end"), 240)
    told = domain.told(event)
    assert (told["party"], told["resource"], told["gaps"]) == ("a", "r", [])
    assert told["total"]["delivered_wh"] == -50
    assert len({r["start"] for r in told["readings"]}) == 7
    assert of_kind(domain.report(400, 9, account="a"), Remember) == []

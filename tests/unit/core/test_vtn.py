import pytest

from xmpp_cem.core.effects import Admit, Note, ProbeService, WatchPresence
from xmpp_cem.core.inputs import (
    ItemReceived,
    Link,
    LinkChanged,
    NodesVerified,
    PresenceChanged,
    ReplyArrived,
    Started,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.records import Member, VtnRecord
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.node import Drift, NodeState
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, NOW, Domain, at, capability, of_kind, request

READINGS = MeterReadings(
    readings=(Reading(resource="r", window=Interval(start=at(0), end=at(10)), power_w=4000),)
)


def report(body=READINGS, source="a", publisher=None, **changes):
    header = Header(
        verb=Verb.CREATED,
        noun=Noun(body.noun),
        message_id=derived_id(body),
        timestamp=NOW,
        source=source,
    )
    values = {
        "link": Link.LOWER,
        "sender": Jid(f"pubsub.{HOST}"),
        "node": "cem/grid/reports",
        "item_id": "i",
        "message": EventMessage(header=header, body=body),
        "publisher": publisher or Jid(f"a@{HOST}", "ven"),
    }
    return ItemReceived(**values | changes)


def test_a_connection_admits_members_and_operators_and_asks_for_their_presence():
    made = Domain("a", "b")
    effects = made.tell(LinkChanged(Link.LOWER, is_up=True), -10)
    assert of_kind(effects, Admit)[0].accounts == {f"{n}@{HOST}" for n in ("a", "b", "op")}
    watched = {str(effect.account) for effect in of_kind(effects, WatchPresence)}
    assert watched == {f"a@{HOST}", f"b@{HOST}"}
    assert len(of_kind(effects, ProbeService)) == 1


def test_an_epoch_is_never_used_twice_whatever_the_clock_says():
    made = Domain()
    made.vtn.restore(VtnRecord(epoch=2**40))
    made.tell(Started(), 0)
    assert made.vtn._state.record.epoch == 2**40 + 1
    fresh = Domain()
    fresh.tell(Started(), 0)
    assert fresh.vtn._state.record.epoch == int(NOW.timestamp())


def test_a_lost_connection_makes_everybody_unknown_and_loses_nobody(domain):
    domain.tell(LinkChanged(Link.LOWER, is_up=False), 5)
    states = {member.availability for member in domain.vtn.members.values()}
    assert states == {Availability.UNREACHABLE}
    assert not domain.vtn.knows_presence(at(100))
    domain.tell(LinkChanged(Link.LOWER, is_up=True), 10)
    assert not domain.vtn.knows_presence(at(10.9))
    assert domain.vtn.knows_presence(at(11))


@pytest.mark.parametrize(
    ("sender", "is_available"),
    [
        (Jid(f"stranger@{HOST}", "ven"), True),
        (Jid(f"a@{HOST}", "phone"), False),
        (Jid(f"a@{HOST}", "ven"), True),
    ],
    ids=["stranger", "another connection leaves", "without an offer"],
)
def test_a_presence_that_is_no_vens_changes_nothing(domain, sender, is_available):
    assert domain.tell(PresenceChanged(Link.LOWER, sender, is_available), 1) == []
    assert domain.vtn.members["a"].availability is Availability.AVAILABLE


def test_restored_members_are_unreachable_until_they_show_themselves():
    made = Domain("a")
    seen = Member(
        party="a",
        account=f"a@{HOST}",
        capability=capability(),
        availability=Availability.AVAILABLE,
    )
    made.vtn.restore(seen)
    made.vtn.restore(seen.model_copy(update={"party": "gone"}))
    assert list(made.vtn.members) == ["a"]
    assert made.vtn.members["a"].availability is Availability.UNREACHABLE
    assert made.vtn.members["a"].capability == capability()


def test_another_account_does_not_inherit_what_a_party_had_registered():
    made = Domain("a")
    made.vtn.restore(Member(party="a", account=f"old@{HOST}", capability=capability()))
    assert made.vtn.members["a"].capability is None


def test_a_published_reading_counts_by_its_stamped_publisher(domain):
    domain.tell(report(), 10)
    assert domain.vtn.metering.power("a") == 4000
    assert domain.vtn.members["a"].last_heard == at(10)


@pytest.mark.parametrize(
    "what",
    [
        report(publisher=Jid(f"b@{HOST}", "ven")),
        report(publisher=Jid(f"stranger@{HOST}")),
        report(source="b"),
        report(sender=Jid(f"liar@{HOST}")),
        report(node="cem/other/reports"),
        report(publisher=Jid(f"vtn@{HOST}", "vtn")),
    ],
    ids=["as another", "stranger", "forged source", "not the service", "other node", "our own"],
)
def test_a_report_of_anybody_else_has_no_effect(domain, what):
    domain.tell(what, 10)
    assert domain.vtn.metering.history == {}


def test_a_published_status_shows_life_and_no_more(domain):
    status = Status(id=derived_id("s"), type=StatusType.STARTED, at=NOW)
    domain.tell(report(EndDeviceEvents(statuses=(status,))), 9)
    assert domain.vtn.members["a"].last_heard == at(9)


def test_nodes_that_differ_are_told(domain):
    state = NodeState("cem/grid", was_created=False, drift=(Drift("access", "open", "closed"),))
    notes = of_kind(domain.tell(NodesVerified(Link.LOWER, (state,)), 1), Note)
    assert [(n.level, dict(n.fields)["field"]) for n in notes] == [("warning", "access")]


def test_timers_of_what_is_forgotten_do_nothing(domain):
    from xmpp_cem.core.inputs import TimerFired

    for key in ("vtn/again/x", "vtn/event/x/end", "vtn/strange", "elsewhere"):
        assert domain.tell(TimerFired(key), 1) == []


def test_what_a_member_refuses_of_a_transaction_is_told_to_people(domain):
    letters, asked = Letters("a"), request(Verb.CREATE, Noun.CONTROLS, "vtn")
    assert domain.tell(ReplyArrived(Link.LOWER, asked, letters.reply(asked, NOW))) == []
    refusal = letters.refusal(asked, NOW, "4.1", "the event's time is over")
    (note,) = domain.tell(ReplyArrived(Link.LOWER, asked, refusal))
    assert note == Note(
        "warning",
        "a member refused a message",
        (("party", "a"), ("why", "4.1 the event's time is over")),
    )

import asyncio
import gc
from datetime import timedelta

import pytest

from xmpp_cem.agents.application import FunctionSite, OptIn, OptOut
from xmpp_cem.core.effects import (
    Actuate,
    Admit,
    AskDecision,
    CatchUp,
    Fetch,
    Ignore,
    Note,
    Ping,
    ProbeService,
    Query,
    ReadDevices,
    Respond,
    SetTimer,
    ShowPresence,
    VerifyNodes,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    CaughtUp,
    Decided,
    Heard,
    ItemReceived,
    Link,
    Measured,
    NodesVerified,
    QueryAnswered,
    ServiceProbed,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.errors import RefusedError, StreamLostError
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.link import Delivery, Item
from xmpp_cem.model.node import NodeSpec
from xmpp_cem.runtime.intake import Intake
from xmpp_cem.runtime.perform import Performer
from xmpp_cem.runtime.timers import Timers
from xmpp_cem.testing.builders import HOST, NOW, at, capability, make_event, request
from xmpp_cem.wire.codec import Flow, decode, encode

SERVICE = Jid(f"pubsub.{HOST}")
EVENT = make_event()
ASK = AskDecision(EVENT, -1000)
MESSAGE = EventMessage(
    header=Header(
        verb=Verb.CREATED,
        noun=Noun.CONTROLS,
        message_id=derived_id("m"),
        timestamp=NOW,
        source="vtn",
    ),
    body=EndDeviceControls(events=(EVENT,)),
)


class Stage:
    """A performer between a connection by hand and a site's program."""

    def __init__(self, wire, clock, group):
        self.wire, self.clock, self.group = wire, clock, group
        self.inputs = []
        self.set_points = []
        self.decision = OptIn(-1000)
        self.samples = (Sample(resource="r", power_w=1),)
        self.timers = Timers(clock, lambda _: None)
        self.intake = Intake(Link.UPPER, self.inputs.append, lambda _: True, clock.now)
        self.intake.transport = wire
        site = FunctionSite(self.read, self.act, self.decide)
        self.performer = Performer(
            {Link.UPPER: wire},
            {Link.UPPER: self.intake},
            site,
            clock,
            self.timers,
            self.inputs.append,
        )

    async def decide(self, _event, _power_w):
        return self._given(self.decision)

    async def act(self, set_point):
        self.set_points.append(set_point)
        self._given(set_point if set_point.resource != "bad" else RuntimeError("no"))

    async def read(self):
        return self._given(self.samples)

    async def does(self, *effects):
        for effect in effects:
            self.performer.perform(effect, self.group)
        await self.clock.settle()
        return self.inputs

    def _given(self, outcome):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def stage(wire, clock, group):
    return Stage(wire, clock, group)


async def test_an_answer_that_is_too_large_stops_nothing_and_is_told(stage):
    names = [f"{n:04}" + "x" * 28 for n in range(1000)]
    members = tuple(
        MemberEntry(party=name, account=f"{name}@{HOST}", availability="available")
        for name in names
    )
    asked = request(Verb.GET, Noun.MEMBERS, "a")
    reply = Letters("vtn").reply(asked, NOW, DomainMembers(domain="grid", members=members))
    await stage.does(Respond(Link.UPPER, "t", reply))
    (refused,) = stage.wire.done
    assert refused[:4] == ("refuse", "t", "not-acceptable", "cancel")
    assert decode(refused[5], Flow.REPLY).errors[0].code == "3.1"


async def test_answers_and_refusals_go_to_who_asked(stage):
    reply = Letters("vtn").reply(request(Verb.GET, Noun.CONFIG, "a"), NOW)
    await stage.does(Respond(Link.UPPER, "t", reply), Ignore(Link.UPPER, "u"))
    assert stage.wire.done[0] == ("respond", "t", encode(reply))
    assert stage.wire.done[1][:4] == ("refuse", "u", "service-unavailable", "cancel")


async def test_presence_shows_availability_as_a_stock_client_reads_it(stage):
    offer = Offer(availability=Availability.OPTED_OUT, capability=capability(), valid_until=at(9))
    leads = Leadership(is_active=True, epoch=1)
    await stage.does(ShowPresence(Link.UPPER, offer), ShowPresence(Link.UPPER, leads))
    assert [what[1:3] for what in stage.wire.done] == [
        ("dnd", offer.status),
        ("", "VTN, active"),
    ]


async def test_who_is_admitted_changes_at_once_and_is_looked_at_again(stage):
    assert not stage.performer.is_admitted(Link.UPPER, "a@x")
    await stage.does(Admit(Link.UPPER, frozenset({"a@x"})))
    assert stage.performer.is_admitted(Link.UPPER, "a@x")
    assert not stage.performer.is_admitted(Link.LOWER, "a@x")
    assert stage.wire.done == [("review",)]


async def test_notes_of_every_level_are_told(stage):
    levels = ("info", "warning", "error")
    await stage.does(*(Note(level, "x", (("event_id", "y"),)) for level in levels))


async def test_timers_are_set(stage):
    await stage.does(SetTimer("k", at(9)))
    assert stage.timers._due == {"k": at(9)}


async def test_catching_up_subscribes_before_it_fetches_and_trusts_the_service(stage):
    stage.wire.items = (Item("i", encode(MESSAGE)), Item("broken", b"<a"))
    (caught,) = await stage.does(CatchUp(Link.UPPER, SERVICE, "n"))
    assert [what[0] for what in stage.wire.done] == ["subscribe", "fetch"]
    assert caught == CaughtUp(
        Link.UPPER, "n", (ItemReceived(Link.UPPER, SERVICE, "n", "i", MESSAGE),)
    )
    assert stage.performer.trusted[Link.UPPER] == {SERVICE.bare}


async def test_an_index_that_comes_while_a_node_is_fetched_is_told_after_what_was_fetched(stage):
    subscribed = asyncio.get_running_loop().create_future()
    stage.wire.outcomes = [subscribed]
    await stage.does(CatchUp(Link.UPPER, SERVICE, "n"))
    index = EventIndex(domain="d", epoch=1, version=2, at=at(0), heartbeat_s=60)
    header = MESSAGE.header.model_copy(update={"noun": Noun.INDEX, "verb": Verb.CHANGED})
    told = EventMessage(header=header, body=index)
    for message, item in ((told, "index"), (MESSAGE, "i")):
        stage.intake.deliver(Delivery(SERVICE, "n", item, encode(message)))
    assert [what.item_id for what in stage.inputs] == ["i"]
    subscribed.set_result(None)
    await stage.clock.settle()
    fetched, after = stage.inputs[1:]
    assert (type(fetched), after.item_id) == (CaughtUp, "index")


async def test_fetched_items_arrive_one_by_one(stage):
    stage.wire.items = (Item("i", encode(MESSAGE)), Item("broken", b"<a"))
    inputs = await stage.does(Fetch(Link.UPPER, SERVICE, "n", ("i", "broken")))
    assert [what.item_id for what in inputs] == ["i"]


async def test_service_and_nodes_are_looked_at(stage):
    spec = NodeSpec("n", "t", "d")
    inputs = await stage.does(
        ProbeService(Link.UPPER, SERVICE),
        VerifyNodes(Link.UPPER, SERVICE, (spec, spec), repair=True, token="t"),
        WatchPresence(Link.UPPER, Jid("vtn@x")),
    )
    assert ServiceProbed(Link.UPPER, has_write_only=True) in inputs
    assert NodesVerified(Link.UPPER, ("n", "n"), "t") in inputs
    assert ("watch", "vtn@x") in stage.wire.done


async def test_what_fails_is_tried_again_until_it_works(stage):
    stage.wire.outcomes = [RefusedError("forbidden"), RefusedError("item-not-found")]
    await stage.does(CatchUp(Link.UPPER, SERVICE, "n"))
    assert stage.inputs == []
    await stage.clock.advance(timedelta(minutes=1))
    assert [type(what) for what in stage.inputs] == [CaughtUp]


async def test_the_same_work_runs_once_at_a_time(stage):
    stage.wire.outcomes = ["never"]
    await stage.does(CatchUp(Link.UPPER, SERVICE, "n"), CatchUp(Link.UPPER, SERVICE, "n"))
    assert len(stage.wire.done) == 1


async def test_a_lost_connection_ends_its_work_and_a_new_one_begins_it_anew(stage):
    stage.wire.outcomes = ["never"]
    await stage.does(CatchUp(Link.UPPER, SERVICE, "n"))
    stage.performer.dropped(Link.LOWER)
    await stage.does(CatchUp(Link.UPPER, SERVICE, "n"))
    assert stage.inputs == []
    stage.performer.dropped(Link.UPPER)
    await stage.does(CatchUp(Link.UPPER, SERVICE, "n"))
    assert [type(what) for what in stage.inputs] == [CaughtUp]


async def test_the_program_decides(stage):
    stage.decision = OptIn(-700, "no more")
    assert await stage.does(ASK) == [Decided(EVENT.id, EVENT.order, Opt.IN, -700, "no more")]


@pytest.mark.parametrize(
    "decision",
    [RuntimeError("bug"), None, OptIn("all"), OptIn(10**15), OptIn(float("nan")), "yes"],
    ids=["raises", "forgets", "text", "absurd", "no number", "nonsense"],
)
async def test_a_program_that_fails_to_decide_opts_out_and_harms_nothing_else(stage, decision):
    stage.decision = decision
    (decided,) = await stage.does(ASK)
    assert (decided.opt, decided.power_w) == (Opt.OUT, 0)
    assert decided.reason == "the site's program failed"
    stage.decision = OptOut("again")
    assert (await stage.does(ASK))[-1].reason == "again"


async def test_a_promise_is_made_in_whole_watts(stage):
    stage.decision = OptIn(-1000 * 0.6667)
    assert (await stage.does(ASK))[0].power_w == -667


async def test_devices_are_read_and_set(stage):
    assert await stage.does(ReadDevices()) == [Measured(stage.samples)]
    wanted = (SetPoint(resource="r", power_w=5),)
    await stage.does(Actuate(wanted))
    assert stage.set_points == list(wanted)


@pytest.mark.parametrize(
    "samples", [OSError("meter"), None, [1, 2], 7, [None]], ids=["raises", "forgets", "a", "b", "c"]
)
async def test_a_program_that_fails_to_read_tells_nothing_and_is_asked_again(stage, samples):
    stage.samples = samples
    assert await stage.does(ReadDevices()) == []
    stage.samples = (Sample(resource="r", power_w=1),)
    assert len(await stage.does(ReadDevices())) == 1


async def test_a_program_that_fails_to_act_is_asked_again(stage):
    await stage.does(Actuate((SetPoint(resource="bad", power_w=1),)))
    await stage.does(Actuate((SetPoint(resource="r", power_w=1),)))
    assert [s.resource for s in stage.set_points] == ["bad", "r"]


async def test_set_points_wait_for_the_next_look_while_the_program_applies_others(stage):
    both = [SetPoint(resource="r", power_w=power_w) for power_w in (1, 2)]
    await stage.does(*(Actuate((each,)) for each in both))
    assert stage.set_points == both[:1]
    gc.collect()  # a coroutine that nobody awaited would be told here


async def test_without_a_program_there_is_nothing_to_decide_or_read(wire, clock, group):
    inputs = []
    timers = Timers(clock, lambda _: None)
    performer = Performer({Link.UPPER: wire}, {}, None, clock, timers, inputs.append)
    for effect in (ASK, ReadDevices(), Actuate(())):
        performer.perform(effect, group)
    await clock.settle()
    assert inputs == []


async def test_a_query_is_asked_once_and_its_answer_is_an_input(stage):
    asked = request(Verb.GET, Noun.READINGS, "vtn")
    reply = Letters("a").reply(asked, NOW, MeterReadings(readings=()))
    stage.wire.answer = encode(reply)
    query = Query(Link.UPPER, Jid(f"a@{HOST}", "ven"), asked, timedelta(seconds=10))
    assert await stage.does(query) == [QueryAnswered(Link.UPPER, asked, reply)]


PING = Ping(Link.UPPER, Jid(f"a@{HOST}", "ven"), timedelta(seconds=10))


async def test_who_answers_a_ping_is_heard(stage):
    assert await stage.does(PING) == [Heard(Link.UPPER, PING.to)]
    assert stage.wire.done == [("ping", f"a@{HOST}/ven", 10)]


async def test_who_does_not_answer_a_ping_is_not_heard_and_harms_nothing(stage):
    stage.wire.is_there = False
    assert await stage.does(PING) == []
    stage.wire.outcomes = [StreamLostError("gone")]
    assert await stage.does(PING) == []


async def test_an_address_is_pinged_once_at_a_time(stage):
    stage.wire.outcomes = ["never"]
    await stage.does(PING, PING)
    await stage.does(PING)
    assert len(stage.wire.done) == 1

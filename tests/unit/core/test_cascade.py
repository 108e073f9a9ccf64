"""A gateway between several domains, without time and network."""

from datetime import timedelta

import pytest

from xmpp_cem.allocations.in_order import ROTATION
from xmpp_cem.core.call import Call
from xmpp_cem.core.cascade.contention import held_below, taken_by_others
from xmpp_cem.core.cascade.ends import End
from xmpp_cem.core.cascade.saga import TABLE, Deed, Phase, Sign
from xmpp_cem.core.cascade.settings import GatewaySettings, Policy
from xmpp_cem.core.cascade.showing import Damper
from xmpp_cem.core.effects import Forget, Remember, WatchPresence
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import Link, LinkChanged, Started
from xmpp_cem.core.records import Record, VenRecord, VtnRecord
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.dispatch.individual import asked_event
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, NOW, Domain, at, of_kind, plain_digest


def ven(domain):
    return VenSettings("gw", domain, Jid(f"vtn-{domain}@{HOST}", "vtn"), plain_digest)


def vtn(domain):
    address, service = Jid(f"vtn-{domain}@{HOST}", "vtn"), Jid(f"pubsub-{domain}.{HOST}")
    return VtnSettings("gw", domain, address, service, plain_digest)


def gateway(uppers, lowers):
    vens, vtns = [ven(d) for d in uppers], [vtn(d) for d in lowers]
    more = {"more_upper": tuple(vens[1:]), "more_lower": tuple(vtns[1:])}
    return Gateway(GatewaySettings(vens[0], vtns[0], **more))


def kept(effects, before=()):
    """Return what a store holds after these effects, by kind and place."""
    rows = dict(before)
    for effect in effects:
        if isinstance(effect, Remember):
            rows[effect.record.kind, effect.record.place] = effect.record
        elif isinstance(effect, Forget):
            rows.pop((effect.record.kind, effect.record.place), None)
    return rows


def test_every_kind_of_record_tells_on_which_side_it_is():
    kinds = Record.__args__[0].__args__
    assert {kind.side for kind in kinds} == {"upper", "lower"}


def test_a_gateway_with_one_domain_on_each_side_keeps_its_names():
    made = gateway(["a"], ["b"])
    assert [end.link for end in (*made.uppers, *made.lowers)] == [Link.UPPER, Link.LOWER]
    assert set(kept(made.handle(Started(), NOW))) == {("ven", ""), ("vtn", "")}


def test_records_of_several_domains_stand_side_by_side():
    made = gateway(["a", "b"], ["c", "d"])
    rows = kept(made.handle(Started(), NOW))
    assert set(rows) == {("ven", "a:"), ("ven", "b:"), ("vtn", "c:"), ("vtn", "d:")}


def test_an_old_store_becomes_that_of_the_first_domains():
    rows = {("ven", ""): VenRecord(sequence=7, seed="s"), ("vtn", ""): VtnRecord(index_version=9)}
    made = gateway(["a", "b"], ["c", "d"])
    for record in rows.values():
        made.restore(record)
    rows = kept(made.handle(Started(), NOW), rows)
    assert rows["ven", "a:"].seed == "s"
    assert rows["ven", "b:"].seed == ""
    assert rows["vtn", "c:"].index_version == 9
    assert ("ven", "") not in rows
    again = gateway(["b", "a"], ["d", "c"])
    for record in rows.values():
        again.restore(record)
    rows = kept(again.handle(Started(), NOW), rows)
    assert (rows["ven", "a:"].seed, rows["ven", "b:"].seed) == ("s", "")
    alone = gateway(["a"], ["c"])
    for record in rows.values():
        alone.restore(record)
    rows = kept(alone.handle(Started(), NOW), rows)
    assert rows["ven", ""].seed == "s"


def test_what_a_role_wants_leaves_by_its_own_connection():
    made = gateway(["a", "b"], ["c"])
    made.handle(Started(), NOW)
    effects = made.handle(LinkChanged(Link.above("b"), is_up=True), NOW)
    (watch,) = of_kind(effects, WatchPresence)
    assert (watch.link, watch.account) == ("upper/b", Jid(f"vtn-b@{HOST}"))


@pytest.mark.parametrize(
    ("link", "name", "key", "is_its"),
    [
        (Link.UPPER, "", "ven/x", True),
        (Link.UPPER, "", "vtn/x", False),
        (Link.LOWER, "", "vtn/x", True),
        (Link.above("a"), "a", "upper/a|ven/x", True),
        (Link.above("a"), "a", "upper/b|ven/x", False),
        (Link.above("a"), "a", "ven/x", False),
    ],
)
def test_a_timer_wakes_the_role_that_set_it(link, name, key, is_its):
    end = End(Ven(ven("a")), link, name, takes_over=True)
    assert end.has(key) is is_its


def test_every_phase_knows_every_sign():
    assert set(TABLE) == {(phase, sign) for phase in Phase for sign in Sign}
    for (phase, _), move in TABLE.items():
        assert not (move.is_refused and move.deeds)
        assert not (move.is_refused and move.to is not phase)
        assert move.why or not move.is_refused


def test_no_yes_is_said_before_members_were_asked():
    for (phase, _), move in TABLE.items():
        if Deed.ANSWER in move.deeds:
            assert phase in {Phase.ASKING, Phase.PROMISED, Phase.DECLINED}


def test_the_policies_are_those_of_the_configuration():
    assert {policy.value for policy in Policy} == {"firm", "expected", "immediate"}


def shown(state):
    return Resource(id="gw", kind="virtual", state=state, power_w=0)


def test_what_is_shown_above_changes_no_more_often_than_configured():
    damper = Damper(timedelta(seconds=5))
    ready, limited = shown(ResourceState.AVAILABLE), shown(ResourceState.LIMITED)
    assert damper.lets(ready, (3, 3), at(0))
    assert damper.lets(ready, (3, 3), at(1))
    assert not damper.lets(limited, (3, 3), at(2))
    assert damper.lets(limited, (3, 3), at(5))
    assert not damper.lets(ready, (3, 3), at(9))
    assert damper.lets(ready, (3, 3), at(10))


def test_what_changes_towards_unreachable_is_shown_at_once():
    damper = Damper(timedelta(seconds=5))
    assert damper.lets(shown(ResourceState.AVAILABLE), (3, 3), at(0))
    assert damper.lets(shown(ResourceState.LIMITED), (3, 2), at(1))
    assert not damper.lets(shown(ResourceState.AVAILABLE), (3, 3), at(2))
    assert damper.lets(shown(ResourceState.OUT_OF_SERVICE), (3, 0), at(3))


class Contested(Domain):
    """A domain of two members under two domains above, without the gateway around it."""

    def __init__(self, **settings):
        super().__init__("a", "b", **settings)
        self.lead()
        for member in ("a", "b"):
            self.register(member, 3000)
            self.presence(member)
        self.loop = self.vtn.dispatching

    def call(self, number, origin, priority=100, start=20, end=80):
        active = Interval(start=at(start), end=at(end))
        return Call(
            event=derived_id("contested", number),
            signal=Delta(power_w=-3000),
            active=active,
            answer_by=at(10),
            priority=priority,
            upper=derived_id("upper", number),
            origin=origin,
        )

    def create(self, call, seconds):
        self.loop.hold(held_below(self.loop, at(seconds), call), at(seconds))
        self.loop.create(call, at(seconds))
        self.loop.hold(held_below(self.loop, at(seconds)), at(seconds))

    def say(self, call, seconds=3.0, sequence=1):
        for party, part in list(self.loop.parts[call.event].items()):
            dispatch = self.loop.dispatches[call.event]
            event = asked_event(dispatch, part) if dispatch.is_individual else dispatch.event
            if part.asked_w:
                self.answer(party, event, part.asked_w, sequence, seconds)

    def confirmed(self, call):
        return self.loop.tally(self.loop.dispatches[call.event], at(12)).confirmed_w


def test_among_equals_the_one_that_was_committed_first_keeps_the_members():
    made = Contested()
    first, second = made.call(1, "dso-a"), made.call(2, "dso-b")
    made.create(first, 0)
    made.say(first)
    made.create(second, 4)
    assert (made.confirmed(first), made.confirmed(second)) == (3000, 0)
    assert made.loop.dispatches[second.event].is_individual
    assert {part.asked_w for part in made.loop.parts[second.event].values()} == {0}


def test_a_higher_priority_takes_the_members_from_what_was_committed_before():
    made = Contested()
    first, urgent = made.call(1, "dso-a"), made.call(2, "dso-b", priority=1)
    made.create(first, 0)
    made.say(first)
    made.create(urgent, 4)
    made.say(urgent, 5)
    made.loop.hold(held_below(made.loop, at(6)), at(6))
    assert (made.confirmed(first), made.confirmed(urgent)) == (0, 3000)


def test_the_same_domain_and_another_time_contend_for_nothing():
    made = Contested()
    first, same = made.call(1, "dso-a"), made.call(2, "dso-a")
    later = made.call(3, "dso-b", start=80, end=100)
    for call in (first, same, later):
        made.create(call, 0)
    assert held_below(made.loop, at(1)) == {}


@pytest.mark.parametrize(("until", "left"), [(40, 3000), (60, 0)])
def test_a_member_is_free_after_the_time_that_it_has_promised(until, left):
    made = Contested()
    first, second = made.call(1, "dso-a"), made.call(2, "dso-b", start=50, end=70)
    made.create(first, 0)
    for party, part in list(made.loop.parts[first.event].items()):
        event = made.loop.dispatches[first.event].event
        answer = Answer(
            id=derived_id(party),
            event=event.id,
            order=event.order,
            opt=Opt.IN,
            power_w=part.asked_w,
            revision=1,
            sequence=1,
            at=at(3),
            until=at(until),
        )
        made.loop.answer(party, answer, at(3))
    made.create(second, 4)
    made.say(second, 5)
    assert made.confirmed(second) == left
    soon = taken_by_others(made.loop, "dso-b", at(50), timedelta(seconds=10))
    assert soon == (frozenset("ab") if left == 0 else frozenset())


def test_a_member_of_which_nothing_is_asked_is_left_for_others():
    made = Contested(allocation=ROTATION)
    first, second = made.call(1, "dso-a"), made.call(2, "dso-b")
    made.create(first, 0)
    made.say(first)
    made.create(second, 4)
    made.say(second, 5)
    assert (made.confirmed(first), made.confirmed(second)) == (3000, 3000)
    parts = [made.loop.parts[call.event].values() for call in (first, second)]
    assert [{part.party for part in of if part.asked_w} for of in parts] == [{"a"}, {"b"}]


def test_members_are_free_again_when_what_went_first_is_cancelled():
    made = Contested()
    first, second = made.call(1, "dso-a"), made.call(2, "dso-b")
    made.create(first, 0)
    made.say(first)
    made.create(second, 4)
    made.loop.cancel(first.event, "no more", at(6))
    made.loop.hold(held_below(made.loop, at(6)), at(6))
    made.say(second, 7)
    assert made.confirmed(second) == 3000

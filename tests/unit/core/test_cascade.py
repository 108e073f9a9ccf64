"""A gateway between several domains, without time and network."""

from datetime import timedelta

import pytest

from xmpp_cem.core.cascade.ends import End
from xmpp_cem.core.cascade.saga import TABLE, Deed, Phase, Sign
from xmpp_cem.core.cascade.settings import GatewaySettings, Policy
from xmpp_cem.core.cascade.showing import Damper
from xmpp_cem.core.effects import Forget, Remember, WatchPresence
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import Link, LinkChanged, Started
from xmpp_cem.core.records import Record, VenRecord, VtnRecord
from xmpp_cem.core.ven import Ven
from xmpp_cem.core.venstate import VenSettings
from xmpp_cem.core.vtnstate import VtnSettings
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.testing.builders import HOST, NOW, at, of_kind, plain_digest


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

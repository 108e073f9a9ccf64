"""What each of two domains below is asked for of a limit or a set point."""

from datetime import timedelta

import pytest

from tests.unit.core.test_cascade import gateway
from xmpp_cem.core.cascade.case import case_of
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.cascade.splitting import split
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import Started
from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment, Member
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Change
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Direction, Level, Limit, TargetPower
from xmpp_cem.testing.builders import HOST, NOW, at, make_event, plain_digest


def member(party, power_w, rated_w):
    resource = Resource(
        id=party, kind="ev", power_w=power_w, decrease_w=power_w, rated_import_w=rated_w
    )
    return Member(
        party=party,
        account=f"{party}@{HOST}",
        availability=Availability.AVAILABLE,
        is_commanded=True,
        capability=Capability(revision=1, at=NOW, resources=(resource,)),
    )


@pytest.fixture
def made():
    """A gateway of `west`, rated 10 kW, and `east`, rated 30 kW, which draw 4 and 12 kW."""
    between = gateway(["grid"], ["west", "east"])
    for lower, kilo in zip(between.lowers, (1, 3), strict=True):
        kept = member(f"{lower.domain}-1", 4000 * kilo, 10_000 * kilo)
        lower.role.restore(kept)
    between.handle(Started(), NOW)
    return between


def parts(made, signal, *later):
    changes = tuple(
        Change(start=at(30) + timedelta(seconds=n), signal=each) for n, each in enumerate(later)
    )
    event = make_event(signal=signal, changes=changes)
    known = Commitment(event=event, digest="d", asked_w=0, revision=1, status=State.PENDING)
    return split(case_of(made.uppers[0], known, made.lowers), at(1))


def limit(limit_w):
    return Limit(limit_w=limit_w, direction=Direction.IMPORT)


@pytest.mark.parametrize(
    ("limit_w", "west_w"), [(20_000, 5000), (80_000, 20_000), (1, 0), (0, 0), (10_001, 2500)]
)
def test_a_limit_is_divided_by_rated_power_and_sums_to_the_whole(made, limit_w, west_w):
    told = parts(made, limit(limit_w), limit(4))
    assert [told["west"][0].limit_w, told["east"][0].limit_w] == [west_w, limit_w - west_w]
    assert [told["west"][1].limit_w, told["east"][1].limit_w] == [1, 3]


def test_a_set_point_is_divided_by_what_each_domain_can_do(made):
    told = parts(made, TargetPower(power_w=8000), TargetPower(power_w=16_000))
    assert [s.power_w for s in told["west"]] == [2000, 4000]
    assert [s.power_w for s in told["east"]] == [6000, 12_000]


def test_what_nobody_can_reach_is_asked_all_the_same_and_shows_there(made):
    told = parts(made, TargetPower(power_w=-1000))
    assert sum(signals[0].power_w for signals in told.values()) == -1000


def test_a_level_is_for_all_alike(made):
    assert parts(made, Level(level=2)) == dict.fromkeys(("west", "east"), (Level(level=2),))


@pytest.mark.parametrize("says_none", [False, True])
def test_a_limit_cascades_where_every_domain_below_can_say_it(says_none):
    west, east = (
        VtnSettings(
            "gw",
            domain,
            Jid(f"vtn-{domain}@{HOST}", "vtn"),
            Jid(f"pubsub.{HOST}"),
            plain_digest,
            tells_the_set=says_none and domain == "east",
        )
        for domain in ("west", "east")
    )
    above = VenSettings("gw", "grid", Jid(f"vtn-grid@{HOST}", "vtn"), plain_digest)
    made = Gateway(GatewaySettings(above, west, more_lower=(east,)))
    follows = made.ven.settings.follows
    assert ("limit" in follows, "set-point" in follows) == (not says_none, True)

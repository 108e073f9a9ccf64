import pytest

from xmpp_cem.core.commitments import asked_power, basis_capability, kept, why_not
from xmpp_cem.core.kept import Confirmed
from xmpp_cem.model.event import Targets
from xmpp_cem.model.flexibility import Forecast
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Level, Share, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at, capability, make_event, share_of


def test_a_share_refers_to_the_capability_confirmed_last_before_its_basis():
    confirmed = tuple(
        Confirmed(capability=capability(1000 * n, revision=n), at=at(n)) for n in (1, 2, 3)
    )
    event = make_event(signal=share_of("0.5", basis=at(2.5)))
    found = basis_capability(confirmed, event)
    assert found is not None
    assert found.revision == 2
    assert asked_power(event, found) == -1000
    assert basis_capability(confirmed, make_event(signal=share_of("0.5", basis=at(0)))) is None


def test_an_increase_is_asked_of_the_capability_to_rise():
    rising = Share(direction="increase", multiplier="0.5", basis=NOW)
    assert asked_power(make_event(signal=rising), capability()) == 0


CASCADES = frozenset({"delta", "multiplier"})
TWO = Capability(
    revision=1,
    at=NOW,
    resources=(
        Resource(id="ev-1", kind="ev", power_w=7000, decrease_w=7000),
        Resource(id="hp-1", kind="heat-pump", power_w=2000, decrease_w=1500),
    ),
)


@pytest.mark.parametrize(
    ("targets", "asked_w"),
    [
        (Targets(), -4250),
        (Targets(resources=("hp-1",)), -750),
        (Targets(kinds=("ev",)), -3500),
        (Targets(resources=("hp-1",), kinds=("ev",)), -4250),
    ],
)
def test_a_share_is_of_the_resources_that_are_meant(targets, asked_w):
    event = make_event(signal=share_of("0.5"), targets=targets)
    assert asked_power(event, TWO) == asked_w
    assert why_not(event, TWO, CASCADES) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"signal": Level(level=1)}, "does not follow level signals"),
        ({"targets": Targets(kinds=("battery",))}, "no resource of this party"),
    ],
)
def test_what_a_party_cannot_follow_has_a_reason(changes, why):
    assert why in why_not(make_event(**changes), TWO, CASCADES)


def test_a_capability_that_a_live_event_refers_to_is_kept_however_many_follow():
    told = tuple(Confirmed(capability=capability(revision=n), at=at(n)) for n in range(1, 100))
    event = make_event(signal=share_of("0.5", at(5.5)))
    left = kept(told, [event])
    assert basis_capability(left, event) == told[4].capability
    assert len(left) == 33
    assert kept(told, []) == told[-32:]


def test_forecasts_are_kept_of_the_last_capabilities_and_of_those_that_events_refer_to():
    window = Interval(start=at(3600), end=at(7200))
    resource = Resource(id="r", kind="ev", forecast=(Forecast(window=window, power_w=0),))
    told = tuple(
        Confirmed(capability=Capability(revision=n, at=at(n), resources=(resource,)), at=at(n))
        for n in range(1, 11)
    )
    left = kept(told, [make_event(signal=share_of("0.5", at(5.5)))])
    forecast = [k.capability.revision for k in left if k.capability.resources[0].forecast]
    assert (len(left), forecast) == (10, [5, 8, 9, 10])


def test_a_set_point_is_reckoned_from_the_power_without_events():
    moved = Resource(id="r", kind="test", power_w=4500, decrease_w=4500, committed_w=-500)
    able = Capability(revision=2, at=NOW, resources=(moved,))
    assert asked_power(make_event(signal=TargetPower(power_w=4250)), able) == -750

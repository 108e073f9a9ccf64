"""What members tell, taken in and out one by one: the same as folded over all who are there."""

import itertools
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.core.cascade.folding import Folding
from xmpp_cem.core.smallest import Smallest
from xmpp_cem.model.flexibility import MOST_WINDOWS, Forecast, Offered
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

QUARTER = timedelta(minutes=15)
POWERS = st.integers(-9000, 9000)
FLEXIBLE = st.integers(0, 9000)


@st.composite
def forecasts(draw):
    edges = sorted(draw(st.sets(st.integers(0, 60), max_size=9)))
    pairs = [edges[n : n + 2] for n in range(0, len(edges) - 1, draw(st.sampled_from([1, 2])))]
    return tuple(
        Forecast(
            window=Interval(start=at(0) + start * QUARTER, end=at(0) + end * QUARTER),
            power_w=draw(POWERS),
            increase_w=draw(FLEXIBLE),
            decrease_w=draw(FLEXIBLE),
        )
        for start, end in pairs
    )


OFFERS = st.builds(
    Offered,
    increase_w=FLEXIBLE,
    decrease_w=FLEXIBLE,
    per_kwh=st.integers(-3, 3).map(lambda cents: Decimal(cents) / 100),
    currency=st.sampled_from(["EUR", "JPY"]),
    until=st.integers(0, 3).map(at),
)
RESOURCES = st.builds(
    Resource,
    id=st.just("r"),
    kind=st.just("test"),
    state=st.sampled_from(ResourceState),
    power_w=POWERS,
    increase_w=FLEXIBLE,
    decrease_w=FLEXIBLE,
    committed_w=POWERS,
    stored_wh=st.none() | st.integers(0, 50),
    needed_wh=st.none() | st.integers(0, 50),
    departs=st.none() | st.integers(0, 5).map(at),
    oldest=st.none() | st.integers(-3, 5).map(at),
    offered=st.none() | OFFERS,
    forecast=forecasts(),
)
CAPABILITIES = st.builds(
    Capability,
    revision=st.just(1),
    at=st.integers(0, 3).map(at),
    resources=st.lists(RESOURCES, max_size=3).map(tuple),
)
STEPS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 5)), min_size=1, max_size=30
)


@settings(max_examples=200)
@given(st.lists(CAPABILITIES, min_size=6, max_size=6), STEPS)
def test_a_fold_with_a_history_is_the_fold_of_all_who_are_there(choice, steps):
    """Members tell anew, repeat themselves, and go, in any order."""
    folding, there = Folding(), {}
    for member, told in steps:
        there.pop(member, None)
        if told is not None:
            there[member] = choice[told]
        folding.put(member, there.get(member))
        assert folding.told() == over_all(list(there.values()))


def over_all(able):
    """Return the fold as it is defined, over all members and all their windows."""
    ready = [r for capability in able for r in capability.ready]
    return {
        "oldest": min((capability.oldest for capability in able), default=None),
        "stored_wh": known(r.stored_wh for r in ready),
        "needed_wh": known(r.needed_wh for r in ready),
        "departs": min((r.departs for r in ready if r.departs), default=None),
        "committed_w": sum(capability.committed_w for capability in able),
        "offered": best([r.offered for r in ready if r.offered]),
        "forecast": ahead([r for capability in able for r in capability.foreseen]),
    }


def known(values):
    told = [value for value in values if value is not None]
    return sum(told) if told else None


def best(offers):
    groups = [[o for o in offers if o.currency == code] for code in ("EUR", "JPY")]
    groups = [group for group in groups if group]
    if not groups:
        return None
    chosen = max(groups, key=lambda group: sum(o.increase_w + o.decrease_w for o in group))
    return Offered(
        increase_w=sum(each.increase_w for each in chosen),
        decrease_w=sum(each.decrease_w for each in chosen),
        per_kwh=max(each.per_kwh for each in chosen),
        currency=chosen[0].currency,
        until=min(each.until for each in chosen),
    )


def ahead(resources):
    windows = [each.window for r in resources for each in r.forecast]
    bounds = sorted({edge for window in windows for edge in (window.start, window.end)})
    slots = [Interval(start=start, end=end) for start, end in itertools.pairwise(bounds)]
    return tuple(in_slot(resources, slot) for slot in slots[:MOST_WINDOWS])


def in_slot(resources, slot):
    alone = [(r, [each for each in r.forecast if each.window.overlap(slot)]) for r in resources]
    return Forecast(
        window=slot,
        power_w=sum(f[0].power_w if f else r.power_w - r.committed_w for r, f in alone),
        increase_w=sum(r.standing_w(slot, is_fall=False) for r in resources),
        decrease_w=sum(r.standing_w(slot, is_fall=True) for r in resources),
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=200), st.integers(1, 4))
def test_the_smallest_are_known_however_values_come_and_go(steps, most):
    smallest, held = Smallest(), []
    for number, is_new in steps:
        value = Decimal(number)
        if is_new:
            held.append(value)
            assert smallest.add(value)
        elif value in held:
            held.remove(value)
            assert smallest.add(value, -1) is (value in held)
        assert smallest.first(most) == sorted(set(held))[:most]
        assert len(smallest) == len(set(held))
        assert len(smallest._heap) <= 2 * len(smallest) + 20

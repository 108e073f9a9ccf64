import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.timeline.bounds import (
    FOREVER,
    Cap,
    Direction,
    Limit,
    Phase,
    Physical,
    Range,
    allowed,
    divided,
    intersected,
)
from xmpp_cem.testing.builders import at

CHARGER = Physical(Range(0, 11_040), least_import_w=4140)


def cap(limit_w, direction=Direction.IMPORT, phase=None, source="dso", **changes):
    return Cap(source, at(0), at(60), direction, limit_w, phase, **changes)


def test_limits_are_intersected_per_direction_and_phase():
    made = intersected(
        [
            cap(5000, source="a"),
            cap(3000, source="b"),
            cap(3000, source="c", is_mandatory=True),
            cap(900, phase=Phase.B),
            cap(0, Direction.EXPORT),
        ]
    )
    assert made == (
        Limit(Direction.EXPORT, None, 0, ("dso",)),
        Limit(Direction.IMPORT, None, 3000, ("b", "c"), is_mandatory=True),
        Limit(Direction.IMPORT, Phase.B, 900, ("dso",)),
    )


def test_a_limit_of_a_phase_bounds_a_balanced_resource_by_its_phases():
    limits = intersected([cap(1000, phase=Phase.B)])
    assert allowed(CHARGER, limits) == Range(0, 3000)
    one_phase = Physical(Range(0, 3680), phases=(Phase.B,))
    assert allowed(one_phase, limits) == Range(0, 1000)
    elsewhere = Physical(Range(0, 3680), phases=(Phase.A,))
    assert allowed(elsewhere, limits) == Range(0, 3680)


def test_import_and_export_are_bounded_each_for_itself():
    battery = Physical(Range(-5000, 5000))
    limits = intersected([cap(2000), cap(0, Direction.EXPORT)])
    assert allowed(battery, limits) == Range(0, 2000)


@pytest.mark.parametrize(
    ("asked_w", "highest_w", "fitted_w"),
    [(5000, 11_040, 5000), (20_000, 11_040, 11_040), (4000, 11_040, 0), (9000, 4000, 0)],
)
def test_a_charger_draws_nothing_or_at_least_six_amperes_a_phase(asked_w, highest_w, fitted_w):
    assert CHARGER.fitted(asked_w, Range(0, highest_w)) == fitted_w


def test_a_limit_holds_from_its_start_until_before_its_end():
    made = cap(1)
    assert [made.holds_at(at(second)) for second in (-1, 0, 59, 60)] == [False, True, True, False]
    assert Cap("failsafe", at(0), FOREVER, Direction.IMPORT, 1).holds_at(at(10**9))


def test_a_limit_of_the_site_is_divided_by_what_each_resource_can_do():
    site = {"ev": CHARGER, "battery": Physical(Range(-5000, 5000)), "pv": Physical(Range(-9000, 0))}
    parts = divided(cap(8020), site)
    assert {name: part.limit_w for name, part in parts.items()} == {
        "ev": 5520,
        "battery": 2500,
        "pv": 0,
    }
    rest = divided(cap(8020), site, unmanaged_w=9000)
    assert {part.limit_w for part in rest.values()} == {0}


def test_what_a_wide_limit_leaves_is_divided_too():
    site = {"ev": CHARGER, "battery": Physical(Range(-5000, 5000))}
    parts = divided(cap(32_080), site)
    assert {name: part.limit_w for name, part in parts.items()} == {"ev": 22_080, "battery": 10_000}


def test_a_limit_of_a_phase_is_divided_by_what_each_draws_from_it():
    site = {"ev": CHARGER, "battery": Physical(Range(-3680, 3680), phases=(Phase.A,))}
    parts = divided(cap(3680, phase=Phase.A), site)
    assert {name: part.limit_w for name, part in parts.items()} == {"ev": 1840, "battery": 1840}
    assert set(divided(cap(3680, phase=Phase.B), site)) == {"ev"}


physicals = st.builds(
    Physical,
    range=st.builds(Range, st.integers(-9000, 0), st.integers(0, 9000)),
    phases=st.sampled_from([tuple(Phase), (Phase.A,), (Phase.B, Phase.C)]),
)


@given(
    st.integers(0, 30_000),
    st.sampled_from(Direction),
    st.sampled_from([None, *Phase]),
    st.lists(physicals, max_size=5),
)
def test_resources_that_keep_their_parts_keep_the_limit(limit_w, direction, phase, found):
    site = {str(number): physical for number, physical in enumerate(found)}
    whole = cap(limit_w, direction, phase)
    parts = divided(whole, site)
    flow_w = 0
    for name, physical in site.items():
        own = [parts[name]] if name in parts else []
        left = allowed(physical, intersected(own))
        most_w = left.highest_w if direction is Direction.IMPORT else -left.lowest_w
        if phase is None:
            flow_w += most_w
        elif phase in physical.phases:
            flow_w += most_w / len(physical.phases)
    assert flow_w <= limit_w


@pytest.mark.parametrize(
    "make",
    [
        lambda: Range(1, 5),
        lambda: Range(-5, -1),
        lambda: cap(-1),
        lambda: Cap("x", at(0), at(0), Direction.IMPORT, 1),
        lambda: Physical(Range(0, 1), least_import_w=-1),
        lambda: Physical(Range(0, 1), step_w=0),
        lambda: Physical(Range(0, 1), phases=()),
        lambda: Physical(Range(0, 1), phases=(Phase.A, Phase.A)),
        lambda: Physical(Range(0, 1), ramp_w_per_s=0),
    ],
)
def test_what_is_no_limit_is_refused(make):
    with pytest.raises(ValueError, match=r"zero|limit|least|phases|ramp"):
        make()

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.model.limits import Limits

size = st.integers(0, 50_000)
limits = st.builds(
    Limits,
    rated_import_w=size,
    rated_export_w=size,
    least_import_w=size,
    least_export_w=size,
    step_w=st.integers(1, 5000),
)

EV = Limits(rated_import_w=11_040, rated_export_w=0, least_import_w=4140, step_w=690)


def test_a_car_charges_with_6_amperes_a_phase_or_not_at_all():
    assert [EV.feasible(w) for w in (-5, 0, 4139, 4140, 5000, 12_000)] == [
        0,
        0,
        0,
        4140,
        4830,
        11040,
    ]


def test_both_directions_have_limits_of_their_own():
    battery = Limits(rated_import_w=5000, rated_export_w=3000, least_export_w=200)
    assert [battery.feasible(w) for w in (9000, -100, -250, -9000)] == [5000, 0, -250, -3000]


@given(limits, st.integers(-100_000, 100_000))
def test_no_more_than_asked_and_possible_is_asked_of_a_device(limits: Limits, power_w: int):
    made = limits.feasible(power_w)
    assert abs(made) <= abs(power_w)
    assert made * power_w >= 0
    assert -limits.rated_export_w <= made <= limits.rated_import_w
    assert limits.feasible(made) == made
    least = limits.least_import_w if made > 0 else limits.least_export_w
    assert made == 0 or abs(made) >= least

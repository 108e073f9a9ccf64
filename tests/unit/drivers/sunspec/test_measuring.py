import pytest

from xmpp_cem.drivers.sunspec.measuring import (
    Ability,
    Measured,
    Store,
    der,
    inverter,
    reading,
    storage,
)
from xmpp_cem.drivers.sunspec.models import DER_MEASUREMENT, DER_STORAGE, INVERTER
from xmpp_cem.drivers.sunspec.points import Block, encode
from xmpp_cem.errors import DriverError

LIMITED = Ability(None, None, is_steered=True, horizon_s=900)
BATTERY = Ability(5000, -4000, is_steered=True, horizon_s=900)


def block(model, **values):
    words = [0] * model.words
    for name, number in values.items():
        point = model.points[name]
        words[point.offset : point.offset + point.kind.words] = encode(point.kind, number)
    return Block(model, words)


def test_generation_is_negative_for_us_and_counts_as_export():
    read = inverter(block(INVERTER, W=412, W_SF=1, WH=1234, WH_SF=2, St=4))
    assert read == Measured(-4120, None, 123_400)
    read = der(block(DER_MEASUREMENT, W=-412, W_SF=1, TotWhInj=12, TotWhAbs=7, InvSt=3, ConnSt=1))
    assert read == Measured(4120, 7, 12)


def test_a_register_that_counts_nothing_is_none():
    assert inverter(block(INVERTER, W=1)).export_wh is None


@pytest.mark.parametrize(
    ("measure", "model", "values"),
    [
        (inverter, INVERTER, {"St": 7}),
        (der, DER_MEASUREMENT, {"InvSt": 6}),
        (storage, DER_STORAGE, {"Sta": 2}),
    ],
)
def test_a_fault_that_a_device_reports_puts_it_out_of_service(measure, model, values):
    with pytest.raises(DriverError, match="reports a"):
        measure(block(model, **values))


def test_a_device_without_power_is_refused():
    words = list(block(INVERTER).words)
    words[INVERTER.points["W"].offset] = 0x8000
    with pytest.raises(DriverError, match="does not say its power"):
        inverter(Block(INVERTER, words))


def test_a_limited_generator_offers_what_it_generates():
    read = reading(Measured(-3000, None, 5), Store(None, None, None), LIMITED)
    assert (read.power_w, read.increase_w, read.decrease_w) == (-3000, 3000, 0)


def test_a_battery_offers_what_its_ratings_and_its_store_allow():
    read = reading(Measured(1000, 1, 2), Store(5000, 5000, 500), BATTERY)
    assert (read.increase_w, read.decrease_w) == (4000, 5000)
    full = reading(Measured(1000, 1, 2), Store(10_000, 100, 990), BATTERY)
    assert (full.increase_w, full.decrease_w) == (0, 5000)
    empty = reading(Measured(-100, 1, 2), Store(50, 9950, 5), BATTERY)
    assert (empty.increase_w, empty.decrease_w) == (5100, 100)


def test_what_is_disconnected_or_not_steered_offers_nothing():
    store = Store(5000, 5000, 500)
    off = reading(Measured(0, 1, 2, is_connected=False), store, BATTERY)
    blind = reading(Measured(0, 1, 2), store, Ability(None, None, is_steered=False, horizon_s=900))
    assert {(r.increase_w, r.decrease_w) for r in (off, blind)} == {(0, 0)}


def test_a_store_is_read_in_wh_and_per_mille():
    read = storage(block(DER_STORAGE, WHRtg=100, WHAvail=40, SoC=425, WH_SF=2, Pct_SF=-1))
    assert read == Store(4000, 6000, 425)
    assert storage(None) == Store(None, None, None)


def test_stored_energy_follows_from_the_state_of_charge_where_it_is_not_told():
    words = list(block(DER_STORAGE, WHRtg=10_000, SoC=42).words)
    words[DER_STORAGE.points["WHAvail"].offset] = 0xFFFF
    assert storage(Block(DER_STORAGE, words)) == Store(4200, 5800, 420)

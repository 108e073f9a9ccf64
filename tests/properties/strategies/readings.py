"""Readings and queries for them as hypothesis strategies."""

from hypothesis import strategies as st

from tests.properties.strategies.basics import (
    counts,
    energies,
    few,
    instants,
    intervals,
    millivolts,
    powers,
    resource_ids,
)
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.reading import READINGS, Quality, Reading
from xmpp_cem.model.reading_type import LARGEST_CODE, ReadingType

few_windows = st.shared(st.lists(intervals(), min_size=1, max_size=2), key="windows")
readings = st.builds(
    Reading,
    resource=st.sampled_from(["pv-1", "ev:2"]) | resource_ids,
    window=few_windows.flatmap(st.sampled_from),
    power_w=powers,
    instant_w=st.none() | powers,
    import_wh=st.none() | energies,
    export_wh=st.none() | energies,
    import_delta_wh=st.none() | energies,
    export_delta_wh=st.none() | energies,
    reactive_var=st.none() | powers,
    voltage_a_mv=st.none() | millivolts,
    voltage_b_mv=st.none() | millivolts,
    voltage_c_mv=st.none() | millivolts,
    state_of_charge_permille=st.none() | st.integers(0, 1000),
    power_factor_permille=st.none() | st.integers(-1000, 1000),
    quality=st.sampled_from(Quality),
    revision=st.just(0) | counts,
    expected=st.just(1) | st.integers(0, 2**31),
    reporting=st.just(1) | st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.just(0) | st.integers(0, 1000),
)
queries = st.builds(
    GetMeterReadings,
    devices=few(resource_ids),
    types=few(st.sampled_from(list(READINGS.values()))),
    interval=st.none() | intervals(),
)
_numbers = st.integers(0, 60) | st.integers(0, LARGEST_CODE)
reading_types = st.fixed_dictionaries(
    {name: _numbers for name in ReadingType.model_fields if name != "multiplier"}
    | {"multiplier": st.integers(-LARGEST_CODE, LARGEST_CODE)}
).map(ReadingType.model_validate)

"""Capabilities, programmes, enrolments and opt schedules as hypothesis strategies."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.properties.strategies.basics import (
    counts,
    domains,
    energies,
    few,
    flexibilities,
    instants,
    intervals,
    parties,
    powers,
    resource_ids,
    texts,
    uuids,
)
from tests.properties.strategies.events import programme_ids
from xmpp_cem.messages.configuration import Admission
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.programme import (
    BaselineMethod,
    Consent,
    DailyWindow,
    Day,
    Enrolment,
    LossRule,
    OverrideRule,
    Programme,
)
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.resource import Capability, Failsafe, Resource, ResourceState
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval

offers = st.builds(
    Offered,
    increase_w=flexibilities,
    decrease_w=flexibilities,
    per_kwh=st.decimals(-(10**6), 10**6, places=6),
    currency=st.sampled_from(["EUR", "GBP"]),
    until=instants,
)
_in_our_time = (datetime(2000, 1, 2), datetime(2198, 1, 1))  # noqa: DTZ001 two local times


def _forecast(start, lengths, able):
    """Return windows one after the other."""
    bounds = [start, *(start + sum(lengths[: n + 1], timedelta()) for n in range(len(lengths)))]
    return tuple(
        Forecast(window=Interval(start=a, end=b), power_w=able, increase_w=abs(able), decrease_w=n)
        for n, (a, b) in enumerate(itertools.pairwise(bounds))
    )


forecasts = st.builds(
    _forecast,
    st.datetimes(*_in_our_time, timezones=st.just(UTC)),
    st.lists(st.timedeltas(timedelta(microseconds=1), timedelta(days=2)), max_size=2),
    powers,
)
resources = st.builds(
    Resource,
    id=resource_ids,
    kind=texts(32),
    state=st.sampled_from(ResourceState),
    power_w=powers,
    increase_w=flexibilities,
    decrease_w=flexibilities,
    stored_wh=st.none() | energies,
    rated_import_w=st.none() | flexibilities,
    rated_export_w=st.none() | flexibilities,
    charge_permille=st.none() | st.integers(0, 1000),
    needed_wh=st.none() | energies,
    departs=st.none() | instants,
    committed_w=st.just(0) | powers,
    expected=st.none() | st.integers(0, 2**31),
    reporting=st.none() | st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.none() | st.integers(0, 1000),
    quality=st.none() | st.sampled_from(Quality),
    offered=st.none() | offers,
    forecast=st.just(()) | forecasts,
)
failsafes = st.builds(
    Failsafe, import_w=flexibilities, export_w=flexibilities, after_s=st.integers(0, 2**31)
)
capabilities = st.builds(
    Capability,
    revision=counts,
    at=instants,
    resources=few(resources),
    failsafe=st.none() | failsafes,
)
admissions = st.builds(
    Admission,
    domain=domains,
    service=texts(),
    events=few(texts()),
    reports=texts(),
    uplink=st.sampled_from(Uplink),
    watchers=few(texts()),
    report_every_s=st.integers(1, 86400),
    confirmed=counts,
)
wall_times = st.times().map(lambda each: each.replace(microsecond=0, fold=0))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
seasons = st.builds(
    lambda start, length: Interval(start=start, end=start + length),
    st.datetimes(*_in_our_time, timezones=st.just(UTC)),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
)
programmes = st.builds(
    Programme,
    id=programme_ids,
    version=st.integers(1, 2**31),
    title=texts(),
    valid=seasons,
    zone=zones,
    windows=few(
        st.builds(DailyWindow, days=few(st.sampled_from(Day)), start=wall_times, end=wall_times)
    ),
    notice_s=st.integers(0, 2592000),
    longest_s=st.integers(1, 31622400),
    gap_s=st.integers(0, 31622400),
    calls_per_day=st.none() | st.integers(0, 1000),
    calls_per_season=st.none() | st.integers(0, 10**6),
    seconds_per_day=st.none() | st.integers(0, 172800),
    seconds_per_season=st.none() | st.integers(0, 31622400),
    override=st.sampled_from(OverrideRule),
    silence=st.sampled_from(Opt),
    baseline=st.sampled_from(BaselineMethod),
    on_loss=st.sampled_from(LossRule),
    loss_after_s=st.integers(10, 86400),
)
enrolments = st.builds(
    Enrolment,
    programme=programme_ids,
    party=parties,
    resource=resource_ids,
    valid=intervals(),
    consent=st.none()
    | st.builds(Consent, is_given=st.booleans(), version=st.integers(1, 2**31), at=instants),
)
schedules = st.builds(
    OptSchedule,
    id=uuids,
    opt=st.sampled_from(Opt),
    resources=few(resource_ids),
    programme=st.none() | programme_ids,
    zone=zones,
    start=st.datetimes(*_in_our_time).map(lambda each: each.replace(microsecond=0, fold=0)),
    duration_s=st.integers(1, 604800),
    rule=st.sampled_from(["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=9"]),
    reason=texts(),
)

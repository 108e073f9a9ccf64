# ruff: noqa: S311 (seeded on purpose)
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.errors import (
    AuthenticationError,
    ConnectError,
    ExpiredCertificateError,
    UntrustedServerError,
)
from xmpp_cem.xmpp.pacing import Backoff, TokenBucket


class ManualClock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_passes_then_one_per_interval():
    clock = ManualClock()
    bucket = TokenBucket(4, 15.0, clock)
    waits = []
    for _ in range(7):
        waits.append(bucket.take())
        clock.now += waits[-1]
    assert waits == [0, 0, 0, 0, 15, 15, 15]


def test_a_rest_earns_no_more_than_one_burst():
    clock = ManualClock()
    bucket = TokenBucket(2, 10.0, clock)
    clock.now = 1e6
    assert [bucket.take() for _ in range(3)] == [0, 0, 10]


@given(st.lists(st.floats(0, 100), max_size=50), st.integers(1, 5))
def test_no_window_sees_more_than_burst_and_rate_allow(gaps, burst):
    clock = ManualClock()
    bucket = TokenBucket(burst, 10.0, clock)
    passed = []
    for gap in gaps:
        clock.now += gap
        clock.now += bucket.take()
        passed.append(clock.now)
    for start in passed:
        inside = [moment for moment in passed if start <= moment < start + 60]
        assert len(inside) <= burst + 60 / 10 + 1


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_pauses_stay_in_their_bounds(seed, failures):
    backoff = Backoff(1.0, 300.0, random.Random(seed))
    for number in range(failures):
        pause = backoff.pause(ConnectError("x"), 0.0)
        assert 0.1 <= pause <= min(300.0, 2.0**number)


def test_refused_credentials_pause_at_least_30_seconds():
    backoff = Backoff(1.0, 300.0, random.Random(1))
    pauses = [backoff.pause(AuthenticationError("x"), 0.0) for _ in range(50)]
    assert min(pauses) >= 30
    assert max(pauses) <= 300


@pytest.mark.parametrize("error", [UntrustedServerError, ExpiredCertificateError])
def test_where_a_certificate_may_be_renewed_is_tried_again_as_soon_as_one_that_is_away(error):
    backoff = Backoff(1.0, 300.0, random.Random(1))
    assert [backoff.pause(error("x"), 0.0) <= 2.0**n for n in range(5)] == 5 * [True]


def failed(times=1000):
    backoff = Backoff(1.0, 300.0, random.Random(1))
    for _ in range(times):
        backoff.pause(ConnectError("x"), 0.0)
    return backoff


def test_a_long_session_starts_afresh_and_a_short_one_does_not():
    backoff = failed()
    assert max(backoff.pause(ConnectError("x"), 1.0) for _ in range(20)) > 100
    assert all(backoff.pause(ConnectError("x"), 3600.0) <= 1.0 for _ in range(20))


@pytest.mark.parametrize(("lived", "longest"), [(2, 256), (6, 64), (10, 16), (18, 1)])
def test_each_two_seconds_of_a_session_make_up_for_a_failed_attempt(lived, longest):
    first = [failed().pause(ConnectError("x"), lived), failed().pause(ConnectError("x"), lived)]
    assert max(first) <= longest


def test_a_link_that_comes_and_goes_is_not_left_for_minutes():
    backoff = failed()
    pauses = [backoff.pause(ConnectError("x"), 10.0) for _ in range(100)]
    assert max(pauses[3:]) <= 1.0


def test_years_of_failures_do_not_overflow():
    backoff = Backoff(1.0, 300.0, random.Random(1))
    assert all(backoff.pause(ConnectError("x"), 0.0) <= 300 for _ in range(3000))


def test_a_cap_below_the_floor_is_raised_to_it():
    assert Backoff(0.1, 1.0, random.Random(1)).pause(AuthenticationError("x"), 0) == pytest.approx(
        30
    )

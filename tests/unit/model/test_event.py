from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.signal import Delta, Share
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(**changes):
    values = {
        "id": "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01",
        "order": Order(epoch=1, modification=0),
        "active": Interval(start=NOON, end=NOON + HOUR),
        "signal": Delta(power_w=-5),
        "created": NOON,
        "answer_by": NOON,
    }
    return Event.model_validate({**values, **changes})


def test_a_later_epoch_wins_then_a_later_modification():
    orders = [Order(epoch=epoch, modification=m) for epoch, m in [(2, 1), (1, 9), (2, 0), (1, 0)]]
    assert sorted(orders) == [orders[3], orders[1], orders[2], orders[0]]


def test_an_answer_is_due_before_the_event_ends():
    with pytest.raises(ValidationError, match="answer_by"):
        event(answer_by=NOON + 2 * HOUR)


def test_only_a_cancelled_event_is_cancelled():
    cancelled = [status for status in EventStatus if event(status=status).is_cancelled]
    assert cancelled == [EventStatus.CANCELLED]


@pytest.mark.parametrize("multiplier", ["1.1", "-0.1", "0.0000000001", "NaN"])
def test_a_share_is_from_0_to_1_with_nine_decimals(multiplier):
    with pytest.raises(ValidationError):
        Share(direction="decrease", multiplier=Decimal(multiplier), basis=NOON)


@pytest.mark.parametrize("power", [1.5, "5", True, 10**12 + 1])
def test_power_is_a_bounded_whole_number(power):
    with pytest.raises(ValidationError):
        Delta(power_w=power)

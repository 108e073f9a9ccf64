import pytest
from pydantic import ValidationError

from xmpp_cem.model.event import Order


def test_a_value_cannot_change():
    order = Order(epoch=1, modification=0)
    with pytest.raises(ValidationError, match="frozen"):
        order.epoch = 2


def test_a_value_refuses_what_it_does_not_know():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Order.model_validate({"epoch": 1, "modification": 0, "later": 1})

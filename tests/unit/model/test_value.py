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


def test_values_are_equal_that_are_of_one_kind_and_say_the_same():
    order, other = Order(epoch=1, modification=0), Order(epoch=1, modification=1)
    same = Order(epoch=1, modification=0)
    assert order == same
    assert hash(order) == hash(same)
    assert order != other
    assert order != {"epoch": 1, "modification": 0}
    assert order.model_copy(update={"modification": 1}) == other

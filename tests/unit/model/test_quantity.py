import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.model.quantity import Energy, Flexibility, Power


def test_power_has_a_sign():
    assert TypeAdapter(Power).validate_python(-1) == -1


@pytest.mark.parametrize("kind", [Flexibility, Energy])
def test_flexibility_and_energy_have_none(kind):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(-1)

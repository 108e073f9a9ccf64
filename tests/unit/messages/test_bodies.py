import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.readings import MeterReadings


def test_the_noun_chooses_the_body():
    adapter = TypeAdapter(Body)
    assert isinstance(
        adapter.validate_python({"noun": "MeterReadings", "readings": []}), MeterReadings
    )
    with pytest.raises(ValidationError):
        adapter.validate_python({"noun": "Later"})

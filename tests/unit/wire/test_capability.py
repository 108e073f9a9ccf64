import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.model.resource import Capability
from xmpp_cem.wire.capability import fill_capability, read_capability
from xmpp_cem.wire.xml import canonical, parse, root

CAPABILITY = Capability.model_validate(
    {
        "revision": 7,
        "at": "2026-01-31T12:00:00Z",
        "resources": [{"id": "ev-2", "kind": "car charger", "power_w": 7000, "decrease_w": 7000}],
    }
)


def written():
    element = root("u:1", "capability")
    fill_capability(element, "u:1", CAPABILITY)
    return canonical(element)


def test_a_capability_returns_as_it_was():
    assert read_capability(parse(written()), "u:1") == CAPABILITY


def test_an_unknown_store_is_not_an_empty_one():
    assert b"storedWh" not in written()


@pytest.mark.parametrize("old", [b'id="ev-2"', b'revision="7"', b' at="2026-01-31T12:00:00Z"'])
def test_what_is_mandatory_is_missed(old):
    with pytest.raises(RemoteProtocolError, match=r"^1\.7"):
        read_capability(parse(written().replace(old, b"")), "u:1")

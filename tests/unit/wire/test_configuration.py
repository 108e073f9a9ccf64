import re

import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.wire.configuration import append_config, read_card, read_config
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.xml import canonical, parse, root

CAPABILITY = {
    "revision": 1,
    "at": "2026-01-31T12:00:00Z",
    "resources": [{"id": "ev-2", "kind": "ev"}, {"id": "pv-1", "kind": "pv"}],
}
ADMISSION = {
    "domain": "dso",
    "service": "pubsub.dso.example",
    "events": ["cem/dso/events"],
    "reports": "cem/dso/reports",
    "uplink": "publish",
    "watchers": ["operator@dso.example"],
    "report_every_s": 900,
    "confirmed": 1,
}


def body(**parts):
    return EndDeviceConfig.model_validate({"party": "ven-7", **parts})


def payload(**parts):
    element = root(MESSAGE, "Payload")
    append_config(element, body(**parts))
    return canonical(element).decode()


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"capability": CAPABILITY},
        {"capability": {**CAPABILITY, "resources": []}},
        {"admission": ADMISSION},
        {"capability": CAPABILITY, "admission": ADMISSION},
    ],
)
def test_a_configuration_returns_as_it_was(parts):
    assert read_config(parse(payload(**parts).encode())) == body(**parts)


def test_each_resource_is_a_device_of_the_standard():
    assert payload(capability=CAPABILITY).count("<EndDevice><mRID>") == 2


@pytest.mark.parametrize(
    ("pattern", "new", "reason"),
    [
        (r"<EndDevice>.*?</EndDevice>", "", "EndDevice"),
        (r"<mRID>ev-2", "<mRID>ev-3", "EndDevice"),
        (r'(<admission [^>]*party=")ven-7', r"\1ven-8", "party"),
        (r"<capability .*</capability>|<admission .*</admission>", "", "capability or admission"),
    ],
)
def test_parts_that_differ_are_refused(pattern, new, reason):
    changed = re.sub(pattern, new, payload(capability=CAPABILITY, admission=ADMISSION))
    with pytest.raises(RemoteProtocolError) as caught:
        read_config(parse(changed.encode()))
    assert caught.value.code == "1.8"
    assert reason in caught.value.reason


def test_an_unknown_uplink_is_refused():
    changed = payload(admission=ADMISSION).replace('"publish"', '"pigeon"')
    with pytest.raises(RemoteProtocolError, match=r"1\.8: admission: uplink"):
        read_config(parse(changed.encode()))


def test_no_noun_is_no_body():
    assert read_config(parse(f"<Payload xmlns='{MESSAGE}'/>".encode())) is None
    assert read_card(parse(f"<Payload xmlns='{MESSAGE}'/>".encode())) is None

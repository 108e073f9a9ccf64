import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.model.availability import Leadership
from xmpp_cem.wire.presence import leadership_element, read_extension
from xmpp_cem.wire.xml import canonical, parse

AVAILABILITY = (
    "<availability xmlns='urn:xmpp-cem:availability:1' state='{}' revision='7'"
    " at='2026-01-31T12:00:00Z' validUntil='2026-01-31T12:05:00Z'>"
    "<resource id='ev-2' kind='ev' decreaseW='7000'/></availability>"
)


@pytest.mark.parametrize(("is_active", "state"), [(True, b"active"), (False, b"standby")])
def test_a_vtn_says_whether_it_leads(is_active, state):
    leadership = Leadership(is_active=is_active, epoch=4)
    data = canonical(leadership_element(leadership))
    assert data == b'<vtn xmlns="urn:xmpp-cem:vtn:1" epoch="4" state="' + state + b'"></vtn>'
    assert read_extension(parse(data)) == leadership


def test_an_offer_needs_no_counts():
    offer = read_extension(parse(AVAILABILITY.format("limited").encode()))
    assert offer
    assert offer.status == "limited, 1 of 1 resources, can decrease 7.0 kW"


@pytest.mark.parametrize(
    "data",
    [
        "<c xmlns='http://jabber.org/protocol/caps'/>",
        "<vtn/>",
        "<availability xmlns='urn:xmpp-cem:availability:2'/>",
        "<other xmlns='urn:xmpp-cem:vtn:1'/>",
    ],
)
def test_an_element_that_is_not_ours_says_nothing(data):
    assert read_extension(parse(data.encode())) is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("<vtn xmlns='urn:xmpp-cem:vtn:1' state='active'/>", "1.7"),
        ("<vtn xmlns='urn:xmpp-cem:vtn:1' state='boss' epoch='1'/>", "1.8"),
        ("<vtn xmlns='urn:xmpp-cem:vtn:1' state='active' epoch='-1'/>", "1.8"),
        ("<availability xmlns='urn:xmpp-cem:availability:1'/>", "1.7"),
        (AVAILABILITY.format("asleep"), "1.8"),
    ],
)
def test_a_broken_element_of_ours_is_refused(data, code):
    with pytest.raises(RemoteProtocolError) as caught:
        read_extension(parse(data.encode()))
    assert caught.value.code == code

import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.operations import read_dispatch, read_members, read_nodes
from xmpp_cem.wire.xml import parse


def ours(inside):
    inside = inside.replace(" ", " xmlns='urn:xmpp-cem:operations:1' ", 1)
    return parse(f"<Payload xmlns='{MESSAGE}'>{inside}</Payload>".encode())


def test_what_is_not_told_has_its_default():
    nodes = read_nodes(ours("<nodes domain='dso'><node name='n'/></nodes>"))
    assert nodes is not None
    assert (nodes.nodes[0].was_created, nodes.nodes[0].drift) == (False, ())


def test_silence_and_zero_are_different_deliveries():
    share = "<share party='{}' availability='available' askedW='-5' {}/>"
    record = read_dispatch(
        ours(
            "<dispatch domain='dso' event='6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01' epoch='1'"
            " modification='0' status='active' start='2026-01-31T13:00:00Z'"
            " end='2026-01-31T14:00:00Z' targetW='-5' promisedW='0'>"
            + share.format("a", "")
            + share.format("b", "deliveredW='0'")
            + "</dispatch>"
        )
    )
    assert record is not None
    assert [part.delivered_w for part in record.shares] == [None, 0]
    assert record.shares[0].opt is None


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<nodes ></nodes>", "1.7"),
        ("<nodes domain='dso'><node name='n' created='2'/></nodes>", "1.8"),
        ("<nodes domain='DSO'/>", "1.8"),
        ("<nodes domain='dso'><node name='n'><drift><a/></drift></node></nodes>", "1.8"),
        ("<nodes domain='dso'>" + "<node name='n'/>" * 1001 + "</nodes>", "3.1"),
    ],
)
def test_broken_nodes_are_refused(inside, code):
    with pytest.raises(RemoteProtocolError) as caught:
        read_nodes(ours(inside))
    assert caught.value.code == code


def test_an_unknown_availability_is_refused():
    member = "<member party='a' account='a@b' availability='asleep'/>"
    with pytest.raises(RemoteProtocolError, match=r"1\.8: member: availability"):
        read_members(ours(f"<members domain='dso'>{member}</members>"))


@pytest.mark.parametrize("read", [read_dispatch, read_members, read_nodes])
def test_no_element_of_ours_is_no_body(read):
    assert read(parse(f"<Payload xmlns='{MESSAGE}'/>".encode())) is None

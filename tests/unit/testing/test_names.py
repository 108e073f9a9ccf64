import struct

import pytest

from xmpp_cem.testing.names import reply_to

ADDRESSES = {"east.example": "127.0.0.2"}


def query(name, kind):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return (
        struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)
    )


def test_a_known_name_has_its_address():
    reply = reply_to(query("East.Example", 1), ADDRESSES)
    assert struct.unpack("!HHHHHH", reply[:12]) == (7, 0x8580, 1, 1, 0, 0)
    assert reply.endswith(bytes([127, 0, 0, 2]))


def test_a_known_host_has_a_server_that_is_named_by_its_address():
    reply = reply_to(query("_xmpp-server._tcp.east.example", 33), ADDRESSES)
    assert reply.endswith(struct.pack("!HHH", 0, 0, 5269) + b"\x03127\x010\x010\x012\0")


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [("east.example", 28, 0), ("_xmpps-server._tcp.east.example", 33, 3), ("west.example", 1, 3)],
)
def test_there_is_nothing_else(name, kind, code):
    reply = reply_to(query(name, kind), ADDRESSES)
    _, flags, _, answers, _, _ = struct.unpack("!HHHHHH", reply[:12])
    assert (flags & 15, answers) == (code, 0)

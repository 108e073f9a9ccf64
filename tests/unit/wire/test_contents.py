import base64
import gzip
import tracemalloc

import pytest
from lxml import etree

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.wire.contents import payload_of, read_document
from xmpp_cem.wire.namespaces import MESSAGE, OLDER_MESSAGES
from xmpp_cem.wire.xml import parse

THING = b'<thing xmlns="urn:x">1</thing>'


def message(inside):
    return parse(
        f"<RequestMessage xmlns='{MESSAGE}'><Payload>{inside}</Payload></RequestMessage>".encode()
    )


def compressed(data):
    return f"<Compressed>{base64.encodebytes(data).decode()}</Compressed>"


def whole(inside, namespace=MESSAGE):
    return gzip.compress(f"<Payload xmlns='{namespace}'>{inside}</Payload>".encode())


@pytest.mark.parametrize("namespace", sorted(OLDER_MESSAGES))
def test_older_editions_are_understood_outside_and_within_what_is_compressed(namespace):
    payload = payload_of(message(compressed(whole("<OperationSet/>", namespace))))
    assert [each.tag for each in payload] == [f"{{{MESSAGE}}}OperationSet"]
    document = read_document(f"<a xmlns='urn:x'><b xmlns='{namespace}'/></a>".encode())
    assert [each.tag for each in document.iter()] == ["{urn:x}a", f"{{{MESSAGE}}}b"]


@pytest.mark.parametrize("given", ["", "<Format>XML</Format>", "<Format> xml </Format>"])
@pytest.mark.parametrize(
    "data",
    [THING, b'<Payload xmlns="' + MESSAGE.encode() + b'">' + THING + b"</Payload>"],
    ids=["alone", "in a Payload"],
)
def test_a_compressed_payload_is_what_it_was(data, given):
    payload = payload_of(message(compressed(gzip.compress(data, mtime=0)) + given))
    assert etree.tostring(payload[0], method="c14n", exclusive=True) == THING


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<Format>CSV</Format>", "Format 'CSV'"),
        ("<ID>a</ID>", "IDs stand in the Request"),
        ("<Compressed>&amp;</Compressed>", "no base64"),
        ("<Compressed/>", "not one whole gzip member"),
        (compressed(THING), "no gzip"),
        (compressed(gzip.compress(THING, mtime=0)[:-9]), "not one whole"),
        (compressed(gzip.compress(THING, mtime=0) * 2), "not one whole"),
        (compressed(gzip.compress(b"<!DOCTYPE a><a/>", mtime=0)), "DTD"),
        (compressed(gzip.compress(THING, mtime=0)) + "<x xmlns='urn:x'/>", "nothing stands beside"),
        (compressed(whole("<Format>CSV</Format>")), "Format 'CSV'"),
        (compressed(whole("<ID>a</ID>")), "IDs stand in the Request"),
        (compressed(whole(compressed(gzip.compress(THING, mtime=0)))), "compressed twice"),
        (f"<Compressed>{base64.b64encode(THING).decode()}<x/></Compressed>", "text only"),
        (compressed(gzip.compress(b"a" * 5_000, mtime=0)), "100 times"),
        (compressed(gzip.compress(bytes(range(256)) * 1100, 1)), "262144 bytes"),
    ],
)
def test_what_cannot_be_believed_is_refused(inside, reason):
    with pytest.raises(RemoteProtocolError, match=reason) as caught:
        payload_of(message(inside))
    assert caught.value.code == "1.8"


def test_a_bomb_never_takes_the_memory_it_asks_for():
    bomb = message(compressed(gzip.compress(b"a" * 50_000_000, mtime=0)))
    tracemalloc.start()
    with pytest.raises(RemoteProtocolError):
        payload_of(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000

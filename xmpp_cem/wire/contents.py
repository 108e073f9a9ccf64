"""Documents of any edition of IEC 61968-100, and what a Payload contains, also compressed."""

import base64
import binascii
import zlib

from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import leaves, text_of
from xmpp_cem.wire.namespaces import MESSAGE, OLDER_MESSAGES
from xmpp_cem.wire.scalars import TOKEN
from xmpp_cem.wire.xml import LARGEST_INPUT, Element, child, children, parse, qualified, wrapped

LARGEST_RATIO = 100
"""How many times its compressed size a payload may have; LARGEST_INPUT bounds it too."""

_GZIP = 31  # zlib's window bits for a gzip member
_FORMATS = ("", "XML")


def read_document(data: bytes) -> Element:
    """Return the root element, older editions of the envelope's namespace brought to ours.

    The elements that we read are the same in all of them. Raises as `parse`.
    """
    root = parse(data)
    for each in root.iter():
        namespace, _, name = str(each.tag)[1:].rpartition("}")
        if namespace in OLDER_MESSAGES:
            each.tag = qualified(MESSAGE, name)
    return root


def payload_of(root: Element) -> Element | None:
    """Return the message's Payload, inflated where it was compressed; None without one.

    Raises:
        RemoteProtocolError: 1.8 for another format than XML, for IDs, which belong into the
            Request, for what does not inflate within the bounds, and for what is compressed twice.
    """
    payload = child(root, MESSAGE, "Payload")
    if payload is None:
        return None
    _judge(payload)
    compressed = child(payload, MESSAGE, "Compressed")
    if compressed is None:
        return payload
    if any(each.tag not in {compressed.tag, qualified(MESSAGE, "Format")} for each in payload):
        raise refusal(Code.INVALID, "Payload: nothing stands beside Compressed")
    inflated = read_document(_inflated(text_of(compressed)))
    if inflated.tag == payload.tag:
        _judge(inflated)
        # One level only: the bounds of each level would multiply.
        if children(inflated, MESSAGE, "Compressed"):
            raise refusal(Code.INVALID, "Payload: compressed twice")
        return inflated
    return wrapped(inflated, MESSAGE, "Payload")


def _judge(payload: Element) -> None:
    given = str(leaves(payload, MESSAGE, {"format": ("Format", TOKEN)}).get("format", ""))
    if given.upper() not in _FORMATS:
        raise refusal(Code.INVALID, f"Format {quoted(given)} is not read, only XML")
    if children(payload, MESSAGE, "ID"):
        raise refusal(Code.INVALID, "Payload: IDs stand in the Request")


def _inflated(text: str) -> bytes:
    """Return the bytes of a gzip member in base64, never holding more than the bounds allow."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise refusal(Code.INVALID, "Compressed is no base64") from None
    most = min(LARGEST_INPUT, LARGEST_RATIO * len(data))
    inflater = zlib.decompressobj(_GZIP)
    try:
        found = inflater.decompress(data, most + 1)
    except zlib.error:
        raise refusal(Code.INVALID, "Compressed is no gzip") from None
    if len(found) > most:
        reason = f"Compressed inflates to more than {LARGEST_INPUT} bytes or {LARGEST_RATIO} times"
        raise refusal(Code.INVALID, reason)
    if not inflater.eof or inflater.unused_data:
        raise refusal(Code.INVALID, "Compressed is not one whole gzip member")
    return found

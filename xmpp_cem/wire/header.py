"""The header of IEC 61968-100."""

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from xmpp_cem.messages.envelope import Header
from xmpp_cem.model.ids import MessageId
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, append_leaves, build, leaves, read, stated, written
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.pairs import append_pair, read_pairs
from xmpp_cem.wire.rules import is_spoken
from xmpp_cem.wire.scalars import BOOLEAN, INSTANT, INTEGER, TEXT, TOKEN, TOKENS
from xmpp_cem.wire.xml import Draft, Element, append, append_leaf, child, qualified

_FIRST: Fields = {
    "verb": ("Verb", TOKEN),
    "noun": ("Noun", TOKEN),
    "revision": ("Revision", TOKEN),
}
_REPLAY: Fields = {"nonce": ("Nonce", TEXT), "created": ("Created", INSTANT)}
_SECOND: Fields = {
    "context": ("Context", TEXT),
    "timestamp": ("Timestamp", INSTANT),
    "source": ("Source", TOKEN),
    "wants_async": ("AsyncReplyFlag", BOOLEAN),
    "reply_address": ("ReplyAddress", TEXT),
    "wants_ack": ("AckRequired", BOOLEAN),
}
_USER: Fields = {"id": ("UserID", TEXT), "organization": ("Organization", TEXT)}
_THIRD: Fields = {
    "message_id": ("MessageID", TOKEN),
    "correlation_id": ("CorrelationID", TOKEN),
    "comment": ("Comment", TEXT),
}

HEADER: Fields = {**_FIRST, **_SECOND, **_THIRD}
"""The header's plain elements, in the schema's order."""

PROPERTIES: Fields = {
    "trace": ("cem.trace", TEXT),
    "path": ("cem.path", TOKENS),
    "hop": ("cem.hop", INTEGER),
    "expires": ("cem.expires", INSTANT),
    "epoch": ("cem.epoch", INTEGER),
    "sequence": ("cem.sequence", INTEGER),
}

Start = Mapping[str, object]
"""The child elements of a header, read but not yet judged."""

_MESSAGE_ID: TypeAdapter[MessageId] = TypeAdapter(MessageId)
_MANDATORY = ("verb", "noun", "revision", "timestamp", "source", "message_id")
_OMITTED = {"cem.path": "", "cem.hop": "0"}


def append_header(parent: Draft, header: Header, noun: str) -> None:
    """Write the header, with the noun as a profile calls it."""
    element = append(parent, MESSAGE, "Header")
    append_leaf(element, MESSAGE, "Verb", header.verb)
    append_leaf(element, MESSAGE, "Noun", noun)
    append_leaf(element, MESSAGE, "Revision", header.revision)
    if header.replay is not None:
        replay = append(element, MESSAGE, "ReplayDetection")
        append_leaves(replay, MESSAGE, header.replay, _REPLAY)
    append_leaves(element, MESSAGE, header, _SECOND)
    if header.user is not None:
        append_leaves(append(element, MESSAGE, "User"), MESSAGE, header.user, _USER)
    append_leaves(element, MESSAGE, header, _THIRD)
    for name, text in written(header, PROPERTIES):
        if _OMITTED.get(name) != text:
            append_pair(element, "Property", ("Name", "Value"), (name, text))


def read_start(root: Element) -> tuple[Element, Start]:
    """Return the header's element and what stands in it, for the rules to judge first.

    Raises:
        RemoteProtocolError: 1.5 when something mandatory is missing, 1.9 for another major
            revision, 1.8 for a value that is none.
    """
    element = child(root, MESSAGE, "Header")
    if element is None:
        raise refusal(Code.HEADER_INCOMPLETE, "Header is missing")
    revision = leaves(element, MESSAGE, {"revision": HEADER["revision"]}).get("revision")
    # Of another major revision nothing else can be believed, so this is judged first.
    if revision is not None and not is_spoken(str(revision)):
        raise refusal(Code.REVISION, f"Revision {quoted(str(revision))} is not understood")
    start = leaves(element, MESSAGE, HEADER)
    for field in _MANDATORY:
        if field not in start:
            raise refusal(Code.HEADER_INCOMPLETE, f"{HEADER[field][0]} is missing in Header")
    # An empty element that may be absent says nothing.
    return element, {n: v for n, v in start.items() if v != "" or n in _MANDATORY}


def read_header(element: Element, start: Start) -> Header:
    """Return the header, properties and elements that we do not know left out."""
    known = {name for name, _ in PROPERTIES.values()}
    texts: dict[str, str] = {}
    for name, text in read_pairs(element, "Property", ("Name", "Value")):
        if name in known and name in texts:
            raise refusal(Code.INVALID, f"more than one Property {name}")
        texts[name] = text
    values = {**start, **read(texts, PROPERTIES)}
    for field, name, fields in (("replay", "ReplayDetection", _REPLAY), ("user", "User", _USER)):
        nested = child(element, MESSAGE, name)
        if nested is not None:
            values[field] = stated(leaves(nested, MESSAGE, fields))
    return build(Header, "Header", values, {**HEADER, **PROPERTIES})


def read_message_id(root: Element) -> MessageId | None:
    """Return the MessageID of a message that may be broken otherwise, None when it has none."""
    found = root.find(f"{qualified(MESSAGE, 'Header')}/{qualified(MESSAGE, 'MessageID')}")
    try:
        return _MESSAGE_ID.validate_python("" if found is None else (found.text or "").strip())
    except ValidationError:
        return None

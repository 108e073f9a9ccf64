"""The envelope of IEC 61968-100: Header, Request and Reply."""

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from xmpp_cem.messages.envelope import Header, ReplyError, Result
from xmpp_cem.model.ids import MessageId
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, append_leaves, build, leaves, read, text_of, written
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.rules import is_spoken
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TEXT, TOKEN, TOKENS
from xmpp_cem.wire.xml import Element, append, child, children, qualified

HEADER: Fields = {
    "verb": ("Verb", TOKEN),
    "noun": ("Noun", TOKEN),
    "revision": ("Revision", TOKEN),
    "timestamp": ("Timestamp", INSTANT),
    "source": ("Source", TOKEN),
    "message_id": ("MessageID", TOKEN),
    "correlation_id": ("CorrelationID", TOKEN),
}

PROPERTIES: Fields = {
    "trace": ("cem.trace", TEXT),
    "path": ("cem.path", TOKENS),
    "hop": ("cem.hop", INTEGER),
    "expires": ("cem.expires", INSTANT),
    "epoch": ("cem.epoch", INTEGER),
    "sequence": ("cem.sequence", INTEGER),
}

ERROR: Fields = {
    "code": ("code", TOKEN),
    "level": ("level", TOKEN),
    "reason": ("reason", TEXT),
}

Start = Mapping[str, object]
"""The child elements of a header, read but not yet judged."""

_MESSAGE_ID: TypeAdapter[MessageId] = TypeAdapter(MessageId)
_MANDATORY = ("verb", "noun", "revision", "timestamp", "source", "message_id")
_OMITTED = {"cem.path": "", "cem.hop": "0"}


def append_header(parent: Element, header: Header) -> None:
    """Write the header."""
    element = append(parent, MESSAGE, "Header")
    append_leaves(element, MESSAGE, header, HEADER)
    for name, text in written(header, PROPERTIES):
        if _OMITTED.get(name) != text:
            _append_pair(element, "Property", ("Name", "Value"), (name, text))


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
    return element, start


def read_header(element: Element, start: Start) -> Header:
    """Return the header, properties that we do not know left out."""
    known = {name for name, _ in PROPERTIES.values()}
    texts: dict[str, str] = {}
    for name, text in _pairs(element, "Property", ("Name", "Value")):
        if name in known and name in texts:
            raise refusal(Code.INVALID, f"more than one Property {name}")
        texts[name] = text
    values = {**start, **read(texts, PROPERTIES)}
    return build(Header, "Header", values, {**HEADER, **PROPERTIES})


def read_message_id(root: Element) -> MessageId | None:
    """Return the MessageID of a message that may be broken otherwise, None when it has none."""
    found = root.find(f"{qualified(MESSAGE, 'Header')}/{qualified(MESSAGE, 'MessageID')}")
    try:
        return _MESSAGE_ID.validate_python("" if found is None else (found.text or "").strip())
    except ValidationError:
        return None


def append_request(
    parent: Element, ids: tuple[str, ...], options: tuple[tuple[str, str], ...]
) -> None:
    """Write options and ids, nothing when there are none."""
    if not ids and not options:
        return
    element = append(parent, MESSAGE, "Request")
    for option in options:
        _append_pair(element, "Option", ("name", "value"), option)
    for name in ids:
        append(element, MESSAGE, "ID", name)


def read_request(root: Element) -> dict[str, object]:
    """Return `ids` and `options`."""
    element = child(root, MESSAGE, "Request")
    if element is None:
        return {}
    return {
        "ids": tuple(text_of(name) for name in children(element, MESSAGE, "ID")),
        "options": _pairs(element, "Option", ("name", "value")),
    }


def append_reply(parent: Element, result: Result, errors: tuple[ReplyError, ...]) -> None:
    """Write result and errors."""
    element = append(parent, MESSAGE, "Reply")
    append(element, MESSAGE, "Result", result.value)
    for error in errors:
        append_leaves(append(element, MESSAGE, "Error"), MESSAGE, error, ERROR)


def read_reply(root: Element) -> dict[str, object]:
    """Return `result` and `errors`.

    Raises:
        RemoteProtocolError: 1.8 without a Reply.
    """
    element = child(root, MESSAGE, "Reply")
    if element is None:
        raise refusal(Code.INVALID, "Reply is missing")
    result = leaves(element, MESSAGE, {"result": ("Result", TOKEN)})
    errors = tuple(
        build(ReplyError, "Error", leaves(error, MESSAGE, ERROR))
        for error in children(element, MESSAGE, "Error")
    )
    return {**result, "errors": errors}


def _append_pair(
    parent: Element, name: str, parts: tuple[str, str], texts: tuple[str, str]
) -> None:
    element = append(parent, MESSAGE, name)
    for part, text in zip(parts, texts, strict=True):
        append(element, MESSAGE, part, text)


def _pairs(element: Element, name: str, parts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    fields: Fields = {"first": (parts[0], TEXT), "second": (parts[1], TEXT)}
    for found in children(element, MESSAGE, name):
        pair = leaves(found, MESSAGE, fields)
        if "first" not in pair:
            raise refusal(Code.INVALID, f"{parts[0]} is missing in {name}")
        pairs.append((str(pair["first"]), str(pair.get("second", ""))))
    return tuple(pairs)

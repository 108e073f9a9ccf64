"""Request and Reply of IEC 61968-100."""

from collections.abc import Iterable

from xmpp_cem.messages.envelope import (
    FaultMessage,
    ReplyError,
    RequestMessage,
    ResponseMessage,
)
from xmpp_cem.messages.naming import FaultyObject, NamedId
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import (
    Fields,
    append_leaves,
    attributes,
    build,
    leaves,
    set_attributes,
    stated,
    text_of,
)
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.pairs import append_pair, read_pairs
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TEXT, TOKEN, Scalar
from xmpp_cem.wire.xml import Draft, Element, append, child, children

_TIMES: Fields = {"start": ("StartTime", INSTANT), "end": ("EndTime", INSTANT)}
_ID: Fields = {
    "type": ("idType", TEXT),
    "authority": ("idAuthority", TEXT),
    "kind": ("kind", TOKEN),
    "object_type": ("objectType", TEXT),
}
# A prefix means nothing in another document, so the name alone is kept.
_QNAME = Scalar(lambda text: text.strip().rpartition(":")[2], str)
_ERROR: Fields = {
    "code": ("code", TOKEN),
    "level": ("level", TOKEN),
    "reason": ("reason", TEXT),
    "details": ("details", TEXT),
    "xpath": ("xpath", _QNAME),
}
_OBJECT: Fields = {"mrid": ("mRID", TEXT), "type": ("objectType", TEXT)}
_OPERATION: Fields = {"operation": ("operationId", INTEGER)}


def append_request(parent: Draft, message: RequestMessage) -> Draft | None:
    """Write times, options and ids, and return where they stand; None when there are none."""
    if not (message.ids or message.options or message.start or message.end):
        return None
    element = append(parent, MESSAGE, "Request")
    append_leaves(element, MESSAGE, message, _TIMES)
    for option in message.options:
        append_pair(element, "Option", ("name", "value"), option)
    _append_ids(element, message.ids)
    return element


def read_request(root: Element) -> dict[str, object]:
    """Return `start`, `end`, `ids` and `options`."""
    element = child(root, MESSAGE, "Request")
    if element is None:
        return {}
    return {
        **leaves(element, MESSAGE, _TIMES),
        "ids": _read_ids(element),
        "options": read_pairs(element, "Option", ("name", "value")),
    }


def append_reply(parent: Draft, message: ResponseMessage | FaultMessage) -> None:
    """Write result, errors and ids."""
    element = append(parent, MESSAGE, "Reply")
    append(element, MESSAGE, "Result", message.result.value)
    for error in message.errors:
        _append_error(append(element, MESSAGE, "Error"), error)
    _append_ids(element, message.ids)
    append_leaves(element, MESSAGE, message, _OPERATION)


def read_reply(root: Element) -> dict[str, object]:
    """Return `result`, `errors`, `ids` and `operation`; stack traces and places are passed over.

    Raises:
        RemoteProtocolError: 1.8 without a Reply.
    """
    element = child(root, MESSAGE, "Reply")
    if element is None:
        raise refusal(Code.INVALID, "Reply is missing")
    return {
        **leaves(element, MESSAGE, {"result": ("Result", TOKEN)}),
        **leaves(element, MESSAGE, _OPERATION),
        "errors": tuple(_read_error(error) for error in children(element, MESSAGE, "Error")),
        "ids": _read_ids(element),
    }


def _append_error(element: Draft, error: ReplyError) -> None:
    append_leaves(element, MESSAGE, error, _ERROR)
    for name, value in (("ID", error.id), ("relatedID", error.related_id)):
        if value is not None:
            _append_ids(element, (value,), name)
    if error.object is not None:
        append_leaves(append(element, MESSAGE, "object"), MESSAGE, error.object, _OBJECT)
    append_leaves(element, MESSAGE, error, _OPERATION)


def _read_error(element: Element) -> ReplyError:
    values = {**leaves(element, MESSAGE, _ERROR), **leaves(element, MESSAGE, _OPERATION)}
    for field, name in (("id", "ID"), ("related_id", "relatedID")):
        found = child(element, MESSAGE, name)
        if found is not None:
            values[field] = _read_id(found)
    about = child(element, MESSAGE, "object")
    if about is not None:
        values["object"] = build(FaultyObject, "object", stated(leaves(about, MESSAGE, _OBJECT)))
    return build(ReplyError, "Error", stated(values), {**_ERROR, **_OPERATION})


def _append_ids(parent: Draft, ids: Iterable[NamedId], name: str = "ID") -> None:
    for each in ids:
        set_attributes(append(parent, MESSAGE, name, each.text), each, _ID)


def _read_ids(element: Element) -> tuple[NamedId, ...]:
    return tuple(_read_id(found) for found in children(element, MESSAGE, "ID"))


def _read_id(element: Element) -> NamedId:
    return build(NamedId, "ID", {"text": text_of(element), **attributes(element, _ID)}, _ID)

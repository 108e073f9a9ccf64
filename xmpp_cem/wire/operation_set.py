"""OperationSet, several operations in one request (IEC 61968-100)."""

from xmpp_cem.messages.envelope import Noun, Operation, OperationSet
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import Fields, append_leaves, build, leaves
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.payloads import FORMATS
from xmpp_cem.wire.rules import NEED_BODY, broken_operation
from xmpp_cem.wire.scalars import BOOLEAN, INTEGER, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, children, required

_SET: Fields = {"keeps_sequence": ("enforceMsgSequence", BOOLEAN)}
_INTEGRITY: Fields = {"integrity": ("enforceTransactionalIntegrity", BOOLEAN)}
_OPERATION: Fields = {
    "id": ("operationId", INTEGER),
    "noun": ("noun", TOKEN),
    "verb": ("verb", TOKEN),
    "is_element": ("elementOperation", BOOLEAN),
}


def append_operations(payload: Draft, operations: OperationSet) -> None:
    """Write the set into a Payload."""
    element = append(payload, MESSAGE, "OperationSet")
    append_leaves(element, MESSAGE, operations, _SET)
    for operation in operations.operations:
        part = append(element, MESSAGE, "Operation")
        append_leaves(part, MESSAGE, operation, _OPERATION)
        if operation.body is not None:
            FORMATS[operation.noun].append(part, operation.body)


def read_operations(payload: Element) -> OperationSet:
    """Return the set in a Payload.

    Raises:
        RemoteProtocolError: 5.9 when all or nothing is wanted, 2.5 and 2.9 for an operation that
            would be no transaction, 1.7 without what it needs, else as `build`.
    """
    element = required(payload, MESSAGE, "OperationSet")
    if leaves(element, MESSAGE, _INTEGRITY).get("integrity"):
        reason = "operations are done one by one, enforceTransactionalIntegrity is not possible"
        raise refusal(Code.INTEGRITY, reason)
    parts = children(element, MESSAGE, "Operation")
    values = {
        **leaves(element, MESSAGE, _SET),
        "operations": tuple(_read_operation(part) for part in parts),
    }
    return build(OperationSet, "OperationSet", values)


def _read_operation(element: Element) -> Operation:
    values = leaves(element, MESSAGE, _OPERATION)
    for field in ("id", "noun", "verb"):
        if field not in values:
            raise refusal(Code.PAYLOAD_INCOMPLETE, f"Operation: {_OPERATION[field][0]} is missing")
    verb, noun = str(values["verb"]), str(values["noun"])
    broken = broken_operation(verb, noun)
    if broken:
        raise refusal(*broken)
    body = FORMATS[Noun(noun)].read(element)
    if body is None and verb in NEED_BODY:
        raise refusal(Code.PAYLOAD_INCOMPLETE, f"Operation: the payload of {noun} is missing")
    return build(Operation, "Operation", {**values, "body": body}, _OPERATION)

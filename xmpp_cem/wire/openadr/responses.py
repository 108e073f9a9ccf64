"""eiResponse, which repeats in OpenADR's codes what the Reply says in those of IEC 61968-9."""

from collections.abc import Mapping

from xmpp_cem.messages.envelope import ReplyError, ResponseMessage, Result
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves
from xmpp_cem.wire.openadr.names import EI, OADR, PYLD
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.scalars import TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, qualified

SUCCESS = "200"
UNEXPLAINED = "500"
"""A reply that failed and names no error."""

UNKNOWN = "469"
"""Other deployment errors: what a code that is no code of OpenADR's is taken for."""

CODES: Mapping[str, str] = {
    "2.15": "452",
    "2.5": "453",
    "1.5": "454",
    "1.6": "454",
    "1.7": "454",
    "1.8": "454",
    "2.29": "460",
    "2.10": "461",
    "2.13": "462",
    "7.5": "463",
    "2.14": "463",
    "2.9": "451",
    "6.1": "450",
}
"""IEC 61968-9 to OpenADR; a code that is not here is judged by its group, `GROUPS`."""

GROUPS: Mapping[str, str] = {
    "1": "459",
    "2": "454",
    "3": "459",
    "4": "469",
    "5": "469",
    "6": "451",
    "7": "463",
}

MEANINGS: Mapping[str, str] = {
    "450": "6.1",
    "451": "2.9",
    "452": "2.15",
    "453": "2.5",
    "454": "1.8",
    "459": "1.9",
    "460": "2.29",
    "461": "2.10",
    "462": "2.13",
    "463": "7.5",
    "469": "5.3",
}
"""OpenADR to IEC 61968-9, for a Reply that failed without an error of its own."""

_FIELDS: Fields = {"code": ("responseCode", TOKEN), "text": ("responseDescription", TEXT)}


def response_code(message: Told) -> str:
    """Return the code with which OpenADR tells how a message's request ended."""
    if not isinstance(message, ResponseMessage) or message.result is not Result.FAILED:
        return SUCCESS
    if not message.errors:
        return UNEXPLAINED
    return told_code(message.errors[0].code)


def told_code(code: str | None) -> str:
    """Return OpenADR's code for one of IEC 61968-9, that of success for None."""
    if code is None:
        return SUCCESS
    return CODES.get(code) or GROUPS.get(code[0], UNEXPLAINED)


def meant_code(code: str) -> str | None:
    """Return the code of IEC 61968-9 for one of OpenADR's, None where that tells of success."""
    return None if code.startswith("2") else MEANINGS.get(code, MEANINGS[UNKNOWN])


def append_response(parent: Draft, message: Told) -> None:
    """Write `eiResponse`; its requestID is the request's MessageID, or the message's own."""
    element = append(parent, EI, "eiResponse")
    append(element, EI, "responseCode", response_code(message))
    if isinstance(message, ResponseMessage) and message.errors and message.errors[0].reason:
        append(element, EI, "responseDescription", message.errors[0].reason)
    request = message.header.correlation_id or message.header.message_id
    append(element, PYLD, "requestID", request)


def complete(payload: Element | None, reply: dict[str, object]) -> dict[str, object]:
    """Return the fields of a Reply, with OpenADR's error where the Reply has none.

    Raises:
        RemoteProtocolError: 1.8 when Reply and eiResponse differ in how the request ended.
    """
    found = None if payload is None else _response(payload)
    if found is None:
        return reply
    stated = leaves(found, EI, _FIELDS)
    code = str(stated.get("code", ""))
    has_failed = reply.get("result") == Result.FAILED.value
    if has_failed is code.startswith(("2", "1", "3")):
        raise refusal(Code.INVALID, f"Reply and responseCode {quoted(code)} differ")
    if has_failed and not reply.get("errors") and code in MEANINGS:
        error = {"code": MEANINGS[code], "reason": str(stated.get("text", ""))[:1024]}
        return {**reply, "errors": (build(ReplyError, "eiResponse", error),)}
    return reply


def _response(payload: Element) -> Element | None:
    for element in payload:
        if str(element.tag).startswith(qualified(OADR, "")):
            return element.find(qualified(EI, "eiResponse"))
    return None

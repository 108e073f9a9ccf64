"""eventDescriptor: an event's version, status, mode and priority."""

from typing import Any

from xmpp_cem.model.event import Event, Mode
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, leaves
from xmpp_cem.wire.openadr.names import EI, EMIX, MARKET_CONTEXT, PROGRAMME
from xmpp_cem.wire.openadr.scalars import INSTANT, read_event, write_event
from xmpp_cem.wire.scalars import INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, required

LOWEST = 255
"""Our lowest priority; OpenADR writes 0, or nothing, for an event that has none."""

_VERSION: Fields = {
    "id": ("eventID", TOKEN),
    "number": ("modificationNumber", TOKEN),
    "priority": ("priority", INTEGER),
    "created": ("createdDateTime", INSTANT),
    "status": ("eventStatus", TOKEN),
    "test": ("testEvent", TOKEN),
    "reason": ("vtnComment", TEXT),
}
_CONTEXT: Fields = {"named": ("marketContext", TOKEN)}
_REAL = "false"
_TESTS = {mode.value: mode for mode in (Mode.COMMS, Mode.ACTIVATION)}


def append_descriptor(parent: Draft, event: Event) -> None:
    """Write the descriptor; anything but `false` in testEvent is a test, so it names which."""
    element = append(parent, EI, "eventDescriptor")
    event_id, number = write_event(event.id, event.order)
    append(element, EI, "eventID", event_id)
    append(element, EI, "modificationNumber", number)
    append(element, EI, "priority", str(event.priority + 1))
    context = append(element, EI, "eiMarketContext")
    named = PROGRAMME + event.programme if event.programme else MARKET_CONTEXT
    append(context, EMIX, "marketContext", named)
    append(element, EI, "createdDateTime", INSTANT.write(event.created))
    append(element, EI, "eventStatus", event.status.value)
    append(element, EI, "testEvent", _REAL if event.mode is Mode.REAL else event.mode.value)
    if event.reason:
        append(element, EI, "vtnComment", event.reason)


def read_version(parent: Element) -> dict[str, Any]:
    """Return id and order of an event, whatever else the descriptor says.

    Raises:
        RemoteProtocolError: 1.7 without them, else as `leaves`.
    """
    element = required(parent, EI, "eventDescriptor")
    values = leaves(element, EI, {field: _VERSION[field] for field in ("id", "number")})
    if len(values) < len(("id", "number")):
        raise refusal(Code.PAYLOAD_INCOMPLETE, "eventID and modificationNumber are needed")
    event, order = read_event(str(values["id"]), str(values["number"]))
    return {"event": event, "order": order}


def read_descriptor(parent: Element) -> dict[str, Any]:
    """Return the fields of an event that the descriptor tells.

    Raises:
        RemoteProtocolError: 1.8 for the status `none`, which is no event, else as `leaves`.
    """
    element = required(parent, EI, "eventDescriptor")
    values: dict[str, Any] = leaves(element, EI, _VERSION)
    if values.get("status") == "none":
        raise refusal(Code.INVALID, "eventStatus none tells of no event")
    for field in ("id", "number"):
        if field not in values:
            raise refusal(Code.PAYLOAD_INCOMPLETE, f"{_VERSION[field][0]} is missing")
    values["id"], values["order"] = read_event(values["id"], values.pop("number"))
    values["priority"] = _priority(values.get("priority", 0))
    values["mode"] = _mode(str(values.pop("test", _REAL)))
    context = required(element, EI, "eiMarketContext")
    named = str(leaves(context, EMIX, _CONTEXT).get("named", ""))
    if named.startswith(PROGRAMME):
        values["programme"] = named.removeprefix(PROGRAMME)
    if "reason" in values:
        values["reason"] = str(values["reason"])[:256]
    return values


def _priority(number: int) -> int:
    if number < 0:
        raise refusal(Code.INVALID, f"priority {quoted(str(number))} is negative")
    return min(number - 1, LOWEST) if number else LOWEST


def _mode(test: str) -> Mode:
    """Return the mode; of a test that says no more, only answers are expected."""
    if test.lower() == _REAL or not test:
        return Mode.REAL
    return _TESTS.get(test, Mode.COMMS)

"""EndDeviceEvents: answers and status as EndDeviceEvent with named details, and opt schedules."""

from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import (
    ORDER,
    Fields,
    append_leaves,
    build,
    leaves,
    read,
    written,
)
from xmpp_cem.wire.namespaces import EVENTS
from xmpp_cem.wire.programmes import append_schedules, read_schedules
from xmpp_cem.wire.scalars import BOOLEAN, INSTANT, INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

LEAVES: Fields = {
    "id": ("mRID", TOKEN),
    "at": ("createdDateTime", INSTANT),
    "reason": ("reason", TEXT),
}
ANSWER: Fields = {
    "event": ("event", TOKEN),
    "power_w": ("power_w", INTEGER),
    "revision": ("revision", INTEGER),
    "sequence": ("sequence", INTEGER),
    "until": ("until", INSTANT),
    "code": ("code", TOKEN),
    "is_whole": ("whole", BOOLEAN),
}
STATUS: Fields = {
    "event": ("event", TOKEN),
    "power_w": ("power_w", INTEGER),
    "expected": ("expected", INTEGER),
    "reporting": ("reporting", INTEGER),
    "oldest": ("oldest", INSTANT),
    "estimated_share_permille": ("estimatedShare", INTEGER),
    "quality": ("quality", TOKEN),
}
DETAIL: Fields = {"name": ("name", TOKEN), "value": ("value", TEXT)}

OPTS = {Opt.IN: "16.15.43.80", Opt.OUT: "16.15.43.81"}
"""`EndDeviceEventType@ref` of an answer: load control device, load control, event, opted in or out;
that of a status is the value of its `StatusType`."""

_OPTS = {ref: opt for opt, ref in OPTS.items()}


def append_events(payload: Draft, body: EndDeviceEvents) -> None:
    """Write the noun, answers and then statuses, and beside it the opt schedules."""
    noun = append(payload, EVENTS, "EndDeviceEvents")
    for answer in body.answers:
        details = dict([*written(answer, ANSWER), *written(answer.order, ORDER)])
        _append_event(noun, answer, details, OPTS[answer.opt])
    for status in body.statuses:
        _append_event(noun, status, dict(written(status, STATUS)), status.type.value)
    append_schedules(payload, body.schedules)


def read_events(payload: Element) -> EndDeviceEvents | None:
    """Return the noun's content, or None without it.

    Raises:
        RemoteProtocolError: 2.29 for a type that is neither an answer's nor a status's.
    """
    noun = child(payload, EVENTS, "EndDeviceEvents")
    if noun is None:
        return None
    answers, statuses = [], []
    for element in children(noun, EVENTS, "EndDeviceEvent"):
        ref = required(element, EVENTS, "EndDeviceEventType").get("ref", "").strip()
        if ref in _OPTS:
            answers.append(_read_answer(element, _OPTS[ref]))
        elif ref in set(StatusType):
            statuses.append(_read_status(element, ref))
        else:
            raise refusal(Code.RELATION, f"EndDeviceEventType {quoted(ref)} is not known")
    values = {
        "answers": tuple(answers),
        "statuses": tuple(statuses),
        "schedules": read_schedules(payload),
    }
    return build(EndDeviceEvents, "EndDeviceEvents", values)


def _append_event(noun: Draft, what: Answer | Status, details: dict[str, str], ref: str) -> None:
    element = append(noun, EVENTS, "EndDeviceEvent")
    append_leaves(element, EVENTS, what, LEAVES)
    for name, text in details.items():
        detail = append(element, EVENTS, "EndDeviceEventDetails")
        append(detail, EVENTS, "name", name)
        append(detail, EVENTS, "value", text)
    append(element, EVENTS, "EndDeviceEventType").set("ref", ref)


def _read_answer(element: Element, opt: Opt) -> Answer:
    details = _details(element)
    values = {
        **leaves(element, EVENTS, LEAVES),
        **read(details, ANSWER),
        "order": read(details, ORDER),
        "opt": opt,
    }
    return build(Answer, "EndDeviceEvent", values, LEAVES)


def _read_status(element: Element, ref: str) -> Status:
    values = {
        **leaves(element, EVENTS, LEAVES),
        **read(_details(element), STATUS),
        "type": ref,
    }
    return build(Status, "EndDeviceEvent", values, LEAVES)


def _details(element: Element) -> dict[str, str]:
    texts: dict[str, str] = {}
    for found in children(element, EVENTS, "EndDeviceEventDetails"):
        detail = leaves(found, EVENTS, DETAIL)
        name = str(detail.get("name", ""))
        if name in texts:
            raise refusal(Code.INVALID, f"more than one detail {quoted(name)}")
        texts[name] = str(detail.get("value", ""))
    return texts

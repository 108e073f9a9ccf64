"""Writes what an operator sees as one line for people or one JSON object for programs."""

from typing import TYPE_CHECKING

from xmpp_cem.cli.output import signed_kw, style_of
from xmpp_cem.cli.records import line_of as record_line
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.events import EndDeviceEvents, Status
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.availability import Leadership, Offer, kilowatts
from xmpp_cem.model.event import Event
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.signal import Delta, Share, in_words

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.watching import Sight


def as_json_of(sight: "Sight") -> dict[str, object]:
    """Return one sight as JSON values."""
    value = sight.value
    return {
        "at": sight.at.isoformat().replace("+00:00", "Z"),
        "domain": sight.domain,
        "kind": sight.kind,
        "source": sight.source,
        "is_available": sight.is_available,
        "note": sight.note,
        "message": sight.message.model_dump(mode="json") if sight.message else None,
        "offer": value.model_dump(mode="json") if isinstance(value, Offer) else None,
        "leadership": value.model_dump(mode="json") if isinstance(value, Leadership) else None,
    }


def line_of(sight: "Sight") -> tuple[str, str]:
    """Return one sight as a line and its colour."""
    text, style = _told(sight)
    return f"{sight.at:%H:%M:%S} {sight.domain or '-':<12} {text}", style


def _told(sight: "Sight") -> tuple[str, str]:
    if sight.kind == "presence":
        return _presence(sight)
    if sight.message is None:
        return sight.note, "bright_black" if sight.kind == "link" else "red"
    source = sight.message.header.source
    text, style = _body(sight.message.body)
    return f"{source}: {text}", style


def _presence(sight: "Sight") -> tuple[str, str]:
    if not sight.is_available:
        return f"{sight.source} is unreachable", style_of("unreachable")
    if isinstance(sight.value, Leadership):
        state = "leads" if sight.value.is_active else "stands by"
        return f"{sight.source} {state}, epoch {sight.value.epoch}", "bold cyan"
    if isinstance(sight.value, Offer):
        availability = sight.value.availability.value
        return f"{sight.source} {availability}: {sight.value.status}", style_of(availability)
    return f"{sight.source} is there {sight.note}".rstrip(), ""


def _body(body: Body) -> tuple[str, str]:  # noqa: PLR0911 one case per payload
    match body:
        case EndDeviceControls():
            return "; ".join(map(_event, body.events)), "bold"
        case EventIndex():
            return f"index {body.version}: {len(body.entries)} live events", "bright_black"
        case EndDeviceEvents():
            return "; ".join((*map(_answer, body.answers), *map(_status, body.statuses))), "cyan"
        case MeterReadings():
            return "reads " + ", ".join(map(_reading, body.readings)), ""
        case DispatchRecord():
            return f"event {body.event[:8]} {record_line(body)}", style_of(body.status.value)
        case DomainCard():
            return f"card: {body.vtn} on {body.service}", ""
        case _:
            return body.noun, ""


def _event(event: Event) -> str:
    signal = event.signal
    if isinstance(signal, Delta):
        asked = signed_kw(signal.power_w)
    elif isinstance(signal, Share):
        asked = f"{signal.direction} by {float(signal.multiplier):.1%} of capability"
    else:
        asked = in_words(signal)
    active = event.active
    return (
        f"event {event.id[:8]}.{event.order.modification} {event.status.value}: {asked}, "
        f"{active.start:%H:%M:%S} to {active.end:%H:%M:%S}"
        f"{', ' + event.reason if event.reason else ''}"
    )


def _answer(answer: Answer) -> str:
    reason = f" ({answer.reason})" if answer.reason else ""
    return f"event {answer.event[:8]} {answer.opt.value}, {signed_kw(answer.power_w)}{reason}"


def _status(status: Status) -> str:
    about = f"event {status.event[:8]} " if status.event else ""
    reason = f" ({status.reason})" if status.reason else ""
    return f"{about}{status.type.name.lower()}{reason}"


def _reading(reading: Reading) -> str:
    part = f" of {reading.reporting}/{reading.expected}" if reading.expected > 1 else ""
    return f"{reading.resource} {kilowatts(reading.power_w)}{part}"

"""OpenADR's own schema, and what a message says once the profile's losses are gone."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import openleadr
from lxml import etree

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.model.signal import Limit, Place, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.openadr.answers import answer_id
from xmpp_cem.wire.openadr.calendars import instant_of
from xmpp_cem.wire.openadr.deadlines import due
from xmpp_cem.wire.openadr.names import OADR
from xmpp_cem.wire.openadr.responses import meant_code, told_code
from xmpp_cem.wire.rules import Flow

SCHEMA = Path(openleadr.__file__).parent / "schema" / "oadr_20b.xsd"


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=SCHEMA)


def content(data: bytes) -> etree._Element:
    """Return the one element of OpenADR in a message."""
    (element,) = etree.fromstring(data).findall(f"{{*}}Payload/{{{OADR}}}*")
    return element


def flaws(data: bytes) -> list[str]:
    """Return what OpenADR's schema finds wrong with the element in a message."""
    schema().validate(etree.fromstring(etree.tostring(content(data))))
    return [flaw.message for flaw in schema().error_log]


def wrapped(data: bytes) -> bytes:
    """Return the element in a message as the document that OpenADR sends over HTTP."""
    payload = etree.Element(f"{{{OADR}}}oadrPayload")
    etree.SubElement(payload, f"{{{OADR}}}oadrSignedObject").append(content(data))
    return etree.tostring(payload)


def flow_of(message) -> Flow:
    match message:
        case RequestMessage():
            return Flow.QUERY if message.header.verb is Verb.GET else Flow.TRANSACTION
        case EventMessage():
            return Flow.EVENT
        case _:
            return Flow.REPLY


def whole_seconds(interval: Interval) -> Interval:
    seconds = max(1, interval.duration // timedelta(seconds=1))
    return Interval(start=interval.start, end=interval.start + timedelta(seconds=seconds))


def sayable(message):  # noqa: PLR0911 one case per kind
    """Return the message with every refused field as the remedy wants it, None where none does."""
    body = message.body
    header = message.header
    if header.noun is Noun.OPERATION_SET or (header.noun, header.verb) == (Noun.EVENTS, Verb.GET):
        return None
    if header.noun is Noun.EVENTS and header.verb in {Verb.CANCEL, Verb.CANCELED}:
        ids = getattr(message, "ids", ())[:1]
        return message.model_copy(update={"body": None, "ids": ids}) if ids else None
    if header.noun is Noun.READINGS and header.verb in {Verb.CANCEL, Verb.CANCELED}:
        ids = getattr(message, "ids", ())
        return message.model_copy(update={"body": None}) if ids else None
    if header.verb in {Verb.GET, Verb.DELETE}:
        return message.model_copy(update={"body": None})
    if header.verb is Verb.DELETED:
        return None
    if body is None:
        is_short = isinstance(message, RequestMessage) and header.noun is Noun.CONTROLS
        return None if is_short else message
    return message.model_copy(update={"body": _sayable(body, isinstance(message, ResponseMessage))})


def _sayable(body, is_reply):  # noqa: PLR0911 one case per body
    match body:
        case EndDeviceControls():
            events = [_sayable_event(e) for e in body.events if not isinstance(e.signal, Limit)]
            events = [
                e.model_copy(update={"answer_by": min(e.answer_by, e.active.end)}) for e in events
            ]
            return EndDeviceControls(events=tuple(events))
        case EndDeviceEvents():
            if body.answers or is_reply:
                return EndDeviceEvents(answers=body.answers)
            if body.schedules:
                first = body.schedules[0]
                alike = ("id", "opt", "programme", "resources", "reason")
                same = {name: getattr(first, name) for name in alike} | {"rule": ""}
                return EndDeviceEvents(
                    schedules=tuple(s.model_copy(update=same) for s in body.schedules)
                )
            statuses = [
                s.model_copy(update={"type": StatusType.OVERRIDDEN}) for s in body.statuses[:1]
            ]
            return EndDeviceEvents(statuses=tuple(statuses))
        case MeterReadings():
            readings = [
                r.model_copy(update={"revision": 0, "window": whole_seconds(r.window)})
                for r in body.readings
            ]
            return MeterReadings(readings=tuple(readings))
        case EndDeviceConfig(capability=capability) if capability is not None:
            resources = {r.id: _in_seconds(r) for r in capability.resources}
            kept = capability.model_copy(update={"resources": tuple(resources.values())})
            return EndDeviceConfig(party=body.party, capability=kept)
        case EndDeviceConfig():
            return EndDeviceConfig(party=body.party, admission=body.admission)
        case _:
            return body


def _in_seconds(resource):
    """Return a resource with the windows of its forecast that last a second at least."""
    windows = [each for each in resource.forecast if each.window.duration >= timedelta(seconds=1)]
    forecast = (e.model_copy(update={"window": whole_seconds(e.window)}) for e in windows)
    return resource.model_copy(update={"forecast": tuple(forecast)})


def _sayable_event(event):
    """Return the event in whole seconds, without changes that are not, and for whole parties."""
    active = whole_seconds(event.active)
    update = {"active": active, "targets": event.targets.model_copy(update={"kinds": ()})}
    kept = [c for c in event.changes if _changes_alike(event, active, c)]
    update["changes"] = tuple(
        c.model_copy(update={"signal": _at_terminals(c.signal)}) for c in kept
    )
    return event.model_copy(update=update | {"signal": _at_terminals(event.signal)})


def _at_terminals(signal):
    is_elsewhere = isinstance(signal, TargetPower)
    return signal.model_copy(update={"at": Place.TERMINALS}) if is_elsewhere else signal


def _changes_alike(event, active, change):
    alike = ("direction", "basis", "currency")
    same = all(
        getattr(change.signal, name, None) == getattr(event.signal, name, None) for name in alike
    )
    is_whole = not (change.start - active.start) % timedelta(seconds=1)
    return same and is_whole and active.start < change.start < active.end


def read_of(message):
    """Return what a receiver reads of a sayable message: what is reported as lost is replaced."""
    header = message.header
    match message.body:
        case EndDeviceControls() as body:
            events = [e.model_copy(update={"answer_by": due(e)}) for e in body.events]
            kept = body.model_copy(update={"events": tuple(events)})
        case EndDeviceEvents() as body:
            answers = [
                a.model_copy(
                    update={
                        "id": answer_id(a.event, header.source),
                        "at": header.timestamp,
                        "code": meant_code(told_code(a.code)),
                    }
                )
                for a in body.answers
            ]
            basis = ("expected", "reporting", "oldest", "estimated_share_permille", "quality")
            lost = {"event": None, "power_w": None, "reason": "", **dict.fromkeys(basis)}
            statuses = [s.model_copy(update=lost) for s in body.statuses]
            schedules = [
                s.model_copy(
                    update={
                        "zone": "UTC",
                        "start": instant_of(s).replace(tzinfo=None),
                        "reason": "",
                    }
                )
                for s in body.schedules
            ]
            kept = EndDeviceEvents(
                answers=tuple(answers), statuses=tuple(statuses), schedules=tuple(schedules)
            )
        case MeterReadings() as body:
            whole = {"expected": 1, "reporting": 1, "oldest": None, "estimated_share_permille": 0}
            readings = [r.model_copy(update=whole) for r in body.readings]
            kept = MeterReadings(readings=tuple(readings))
        case EndDeviceConfig(capability=capability) as body if capability is not None:
            resources = [_unlimited(resource) for resource in capability.resources]
            told = capability.model_copy(update={"resources": tuple(resources), "failsafe": None})
            kept = body.model_copy(update={"capability": told})
        case body:
            kept = body
    return message.model_copy(update={"body": kept})


def _unlimited(resource):
    names = ("rated_import_w", "rated_export_w", "offered", "departs", "charge_permille")
    behind = ("expected", "reporting", "oldest", "estimated_share_permille", "quality")
    lost = dict.fromkeys((*names, *behind))
    if resource.state is ResourceState.LIMITED:
        lost["state"] = ResourceState.AVAILABLE
    return resource.model_copy(update=lost)

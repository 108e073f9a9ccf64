"""What OpenADR 2.0b cannot say of our model: the one table, which the reference repeats."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.signal import Limit, Place, Price, Share, Signal, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.openadr.answers import answer_id
from xmpp_cem.wire.openadr.contents import (
    answers_of,
    any_of,
    events_of,
    readings_of,
    resources_of,
    statuses_of,
)
from xmpp_cem.wire.openadr.deadlines import due
from xmpp_cem.wire.openadr.names import MAPPED
from xmpp_cem.wire.profile import Loss, Rule, Told


def _unsaid(resource: Resource) -> tuple[object, ...]:
    rated = resource.rated_import_w, resource.rated_export_w
    return *rated, resource.offered, resource.departs, resource.charge_permille


def _has_failsafe(message: Told) -> bool:
    body = message.body
    capability = body.capability if isinstance(body, EndDeviceConfig) else None
    return capability is not None and capability.failsafe is not None


def _verb_of(noun: Noun, *verbs: Verb) -> Callable[[Told], bool]:
    return lambda message: message.header.noun is noun and message.header.verb in verbs


def _has_fraction(interval: Interval) -> bool:
    return bool(interval.duration % timedelta(seconds=1))


def _signals(event: Event) -> tuple[Signal, ...]:
    return (event.signal, *(change.signal for change in event.changes))


def _steps(event: Event) -> Iterable[Interval]:
    return (Interval(start=event.active.start, end=change.start) for change in event.changes)


def _is_elsewhere(signal: Signal) -> bool:
    return isinstance(signal, TargetPower) and signal.at is not Place.TERMINALS


def _changes_its_share(event: Event) -> bool:
    shares = [signal for signal in _signals(event) if isinstance(signal, Share)]
    return len({(share.direction, share.basis) for share in shares}) > 1


def _currency(signal: Signal) -> str:
    return signal.currency if isinstance(signal, Price) else ""


def _is_request_with_too_much(message: Told) -> bool:
    is_bare = message.header.verb in {Verb.GET, Verb.DELETE, Verb.DELETED}
    return is_bare and message.header.noun in MAPPED and message.body is not None


def _lacks_its_events(message: Told) -> bool:
    is_transaction = isinstance(message, RequestMessage) and message.header.verb is not Verb.GET
    return is_transaction and message.header.noun is Noun.CONTROLS and message.body is None


def _ends_more_than_an_override(message: Told) -> bool:
    if not _verb_of(Noun.EVENTS, Verb.CANCEL, Verb.CANCELED)(message):
        return False
    return not isinstance(message, RequestMessage) or bool(message.body) or len(message.ids) != 1


def _tells_several_things(message: Told) -> bool:
    statuses = statuses_of(message)
    return len(statuses) > 1 or bool(statuses and list(answers_of(message)))


def _answers_with_status(message: Told) -> bool:
    return isinstance(message, ResponseMessage) and bool(statuses_of(message))


def _is_both(message: Told) -> bool:
    body = message.body
    return isinstance(body, EndDeviceConfig) and None not in (body.capability, body.admission)


def _has_siblings(message: Told) -> bool:
    body = message.body
    if not isinstance(body, EndDeviceConfig):
        return False
    return bool(body.programmes or body.enrolments or body.schedules)


def _has_namesakes(message: Told) -> bool:
    resources = resources_of(message)
    return len({resource.id for resource in resources}) < len(resources)


def _is_partly_old(reading: Reading) -> bool:
    return reading.oldest is not None or reading.estimated_share_permille > 0


def _differs_in_id(message: Told) -> bool:
    party = message.header.source
    return any(answer.id != answer_id(answer.event, party) for answer in answers_of(message))


def _differs_in_time(message: Told) -> bool:
    return any(answer.at != message.header.timestamp for answer in answers_of(message))


_REFUSED = (
    (
        "RequestMessage.operations",
        "send each operation as a request of its own",
        lambda message: message.header.noun is Noun.OPERATION_SET,
    ),
    (
        "the payload of a get or delete",
        "name what is meant in the Request",
        _is_request_with_too_much,
    ),
    (
        "a cancel, change or close of EndDeviceControls by id",
        "send the event itself with its new status",
        _lacks_its_events,
    ),
    (
        "get EndDeviceEvents",
        "wait for the answers, they come by themselves",
        _verb_of(Noun.EVENTS, Verb.GET),
    ),
    (
        "a cancel of EndDeviceEvents other than of one id",
        "name the id of one override in a request",
        _ends_more_than_an_override,
    ),
    (
        "Event.active with a fraction of a second",
        "let the event last whole seconds",
        any_of(events_of, lambda event: _has_fraction(event.active)),
    ),
    (
        "Event.changes at a fraction of a second after the start",
        "let what is asked change on whole seconds",
        any_of(events_of, lambda event: any(map(_has_fraction, _steps(event)))),
    ),
    (
        "Event.signal of the kind limit",
        "send limits in a domain of iec61968-9",
        any_of(events_of, lambda event: isinstance(event.signal, Limit)),
    ),
    (
        "Event.signal at the connection point",
        "ask for a power at the resource's terminals",
        any_of(events_of, lambda event: any(map(_is_elsewhere, _signals(event)))),
    ),
    (
        "Event.signal of a share whose direction or basis changes within the event",
        "send two events",
        any_of(events_of, _changes_its_share),
    ),
    (
        "Event.signal of a price whose currency changes within the event",
        "send two events",
        any_of(events_of, lambda event: len(set(map(_currency, _signals(event)))) > 1),
    ),
    (
        "Event.targets.kinds",
        "name the resources, or send it to all",
        any_of(events_of, lambda event: bool(event.targets.kinds)),
    ),
    (
        "EndDeviceEvents.statuses beside answers or other statuses",
        "send the answers, and each status, in a message of their own",
        _tells_several_things,
    ),
    (
        "EndDeviceEvents.statuses in a reply",
        "send the status as a request",
        _answers_with_status,
    ),
    (
        "Status.type other than overridden",
        "leave it out: readings and answers show it",
        any_of(statuses_of, lambda status: status.type is not StatusType.OVERRIDDEN),
    ),
    (
        "Reading.window with a fraction of a second",
        "let windows last whole seconds",
        any_of(readings_of, lambda reading: _has_fraction(reading.window)),
    ),
    (
        "Reading.revision",
        "correct readings in a domain of iec61968-9",
        any_of(readings_of, lambda reading: reading.revision > 0),
    ),
    (
        "Resource.forecast with a fraction of a second",
        "let windows last whole seconds",
        any_of(resources_of, lambda r: any(_has_fraction(each.window) for each in r.forecast)),
    ),
    (
        "EndDeviceConfig.capability beside admission",
        "send them in a message each",
        _is_both,
    ),
    (
        "EndDeviceConfig.programmes, enrolments and schedules",
        "send them in a domain of iec61968-9",
        _has_siblings,
    ),
    (
        "Resource.id that two resources have",
        "give each resource an id of its own",
        _has_namesakes,
    ),
)

_REPORTED = (
    (
        "Event.answer_by",
        "the start is read, or the end of an event created after its start",
        any_of(events_of, lambda event: event.answer_by != due(event)),
    ),
    (
        "Answer.id",
        "an id is read that follows from event and party",
        _differs_in_id,
    ),
    (
        "Answer.at",
        "the message's Timestamp is read",
        _differs_in_time,
    ),
    (
        "Answer.power_w, until, revision and sequence of an opt-in",
        "they stand in responseDescription, for people and for us; others read a whole yes",
        any_of(answers_of, lambda answer: answer.opt is Opt.IN),
    ),
    (
        "Status.event",
        "none is read; an opt-out of the event is told by an answer",
        any_of(statuses_of, lambda status: status.event is not None),
    ),
    (
        "Status.power_w",
        "none is read",
        any_of(statuses_of, lambda status: status.power_w is not None),
    ),
    (
        "Status.reason",
        "none is read",
        any_of(statuses_of, lambda status: bool(status.reason)),
    ),
    (
        "Reading.expected and reporting",
        "1 and 1 are read",
        any_of(readings_of, lambda reading: (reading.expected, reading.reporting) != (1, 1)),
    ),
    (
        "Reading.oldest and estimated_share_permille",
        "none is read; that something was estimated, the quality says",
        any_of(readings_of, _is_partly_old),
    ),
    (
        "Resource.rated_import_w, rated_export_w, offered, departs and charge_permille",
        "none is read; what is possible now, the forecast and the energy in store count",
        any_of(resources_of, lambda resource: any(each is not None for each in _unsaid(resource))),
    ),
    (
        "Capability.failsafe",
        "none is read: nothing is counted on",
        _has_failsafe,
    ),
    (
        "Resource.state limited",
        "available is read, the flexibility says how far",
        any_of(resources_of, lambda resource: resource.state is ResourceState.LIMITED),
    ),
)

LOSSES = (
    *(Loss(field, Rule.REFUSED, remedy, occurs) for field, remedy, occurs in _REFUSED),
    *(Loss(field, Rule.REPORTED, remedy, occurs) for field, remedy, occurs in _REPORTED),
)
"""Every field of the model that OpenADR 2.0b cannot say, and what is done about it."""

"""Whether a message has something that OpenADR 2.0b cannot say."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.events import Status
from xmpp_cem.model.event import Event
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Resource
from xmpp_cem.model.signal import Place, Price, Share, Signal, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.openadr.answers import answer_id
from xmpp_cem.wire.openadr.contents import answers_of, resources_of, schedules_of, statuses_of
from xmpp_cem.wire.openadr.names import MAPPED
from xmpp_cem.wire.profile import Told


def unsaid(resource: Resource) -> tuple[object, ...]:
    """Return what of a resource has no place, None for what is not known."""
    rated = resource.rated_import_w, resource.rated_export_w
    return *rated, resource.offered, resource.departs, resource.charge_permille


def stands_for_others(resource: Resource) -> bool:
    """Whether a resource says how many parties stand behind it, or what its power rests upon."""
    behind = resource.expected, resource.reporting, resource.oldest
    rests = resource.estimated_share_permille, resource.quality
    return any(each is not None for each in (*behind, *rests))


def has_failsafe(message: Told) -> bool:
    """Whether a capability tells what is kept without a VTN."""
    body = message.body
    capability = body.capability if isinstance(body, EndDeviceConfig) else None
    return capability is not None and capability.failsafe is not None


def verb_of(noun: Noun, *verbs: Verb) -> Callable[[Told], bool]:
    """Return whether a message does one of these things with a noun."""
    return lambda message: message.header.noun is noun and message.header.verb in verbs


def has_fraction(interval: Interval) -> bool:
    """Whether an interval lasts a fraction of a second more than whole ones."""
    return bool(interval.duration % timedelta(seconds=1))


def signals(event: Event) -> tuple[Signal, ...]:
    """Return all that an event asks for."""
    return (event.signal, *(change.signal for change in event.changes))


def steps(event: Event) -> Iterable[Interval]:
    """Return the times from the start of an event to each of its changes."""
    return (Interval(start=event.active.start, end=change.start) for change in event.changes)


def is_elsewhere(signal: Signal) -> bool:
    """Whether a signal is for another place than a resource's terminals."""
    return isinstance(signal, TargetPower) and signal.at is not Place.TERMINALS


def changes_its_share(event: Event) -> bool:
    """Whether an event asks for shares that differ in more than the share."""
    shares = [signal for signal in signals(event) if isinstance(signal, Share)]
    return len({(share.direction, share.basis) for share in shares}) > 1


def currency(signal: Signal) -> str:
    """Return the currency of a signal, empty where it has none."""
    return signal.currency if isinstance(signal, Price) else ""


def is_request_with_too_much(message: Told) -> bool:
    """Whether a message has a payload where OpenADR has no place for one."""
    is_bare = message.header.verb in {Verb.GET, Verb.DELETE, Verb.DELETED}
    return is_bare and message.header.noun in MAPPED and message.body is not None


def lacks_its_events(message: Told) -> bool:
    """Whether a transaction names its events instead of telling them."""
    is_transaction = isinstance(message, RequestMessage) and message.header.verb is not Verb.GET
    return is_transaction and message.header.noun is Noun.CONTROLS and message.body is None


def ends_more_than_an_override(message: Told) -> bool:
    """Whether a cancel of EndDeviceEvents is anything but a request of one id."""
    if not verb_of(Noun.EVENTS, Verb.CANCEL, Verb.CANCELED)(message):
        return False
    return not isinstance(message, RequestMessage) or bool(message.body) or len(message.ids) != 1


def tells_several_things(message: Told) -> bool:
    """Whether EndDeviceEvents has more than OpenADR says at once."""
    statuses, schedules = statuses_of(message), schedules_of(message)
    kinds = [bool(statuses), bool(schedules), bool(list(answers_of(message)))]
    return len(statuses) > 1 or kinds.count(True) > 1


def answers_with_status(message: Told) -> bool:
    """Whether a reply tells status or opt schedules."""
    is_opt = bool(statuses_of(message) or schedules_of(message))
    return isinstance(message, ResponseMessage) and is_opt


def is_both(message: Told) -> bool:
    """Whether a configuration tells both a capability and an admission."""
    body = message.body
    return isinstance(body, EndDeviceConfig) and None not in (body.capability, body.admission)


def has_siblings(message: Told) -> bool:
    """Whether a configuration tells of programmes."""
    body = message.body
    if not isinstance(body, EndDeviceConfig):
        return False
    return bool(body.programmes or body.enrolments or body.schedules)


def has_namesakes(message: Told) -> bool:
    """Whether two resources have the same id."""
    resources = resources_of(message)
    return len({resource.id for resource in resources}) < len(resources)


def differs_in_id(message: Told) -> bool:
    """Whether an answer's id does not follow from its event."""
    party = message.header.source
    return any(answer.id != answer_id(answer.event, party) for answer in answers_of(message))


def differs_in_time(message: Told) -> bool:
    """Whether an answer was made at another time than its message."""
    return any(answer.at != message.header.timestamp for answer in answers_of(message))


def has_different_times(message: Told) -> bool:
    """Whether opt schedules of one message differ in more than their times."""
    alike = ("id", "opt", "programme", "resources", "reason")
    told = [tuple(getattr(each, name) for name in alike) for each in schedules_of(message)]
    return len(set(told)) > 1


def is_no_cancel_by_id(message: Told) -> bool:
    """Whether a cancel of MeterReadings is anything but a request of ids."""
    if not verb_of(Noun.READINGS, Verb.CANCEL, Verb.CANCELED)(message):
        return False
    return not isinstance(message, RequestMessage) or bool(message.body) or not message.ids


def is_partly_old(reading: Reading) -> bool:
    """Whether a sum of readings rests on estimates."""
    return reading.oldest is not None or reading.estimated_share_permille > 0


def states_its_basis(status: Status) -> bool:
    """Whether a status says what its power rests on."""
    rests = status.oldest, status.estimated_share_permille, status.quality
    return any(each is not None for each in (status.expected, status.reporting, *rests))

"""What OpenADR 2.0b cannot say of our model: the one table, which the reference repeats."""

from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.model.signal import Limit
from xmpp_cem.wire.openadr.contents import (
    answers_of,
    any_of,
    events_of,
    readings_of,
    resources_of,
    schedules_of,
    statuses_of,
)
from xmpp_cem.wire.openadr.deadlines import due
from xmpp_cem.wire.openadr.occurrences import (
    answers_with_status,
    changes_its_share,
    currency,
    differs_in_id,
    differs_in_time,
    ends_more_than_an_override,
    has_different_times,
    has_failsafe,
    has_fraction,
    has_namesakes,
    has_siblings,
    is_both,
    is_elsewhere,
    is_no_cancel_by_id,
    is_partly_old,
    is_request_with_too_much,
    lacks_its_events,
    signals,
    stands_for_others,
    states_its_basis,
    steps,
    tells_several_things,
    unsaid,
    verb_of,
)
from xmpp_cem.wire.openadr.responses import meant_code, told_code
from xmpp_cem.wire.profile import Loss, Rule

_REFUSED = (
    (
        "RequestMessage.operations",
        "send each operation as a request of its own",
        lambda message: message.header.noun is Noun.OPERATION_SET,
    ),
    (
        "the payload of a get or delete",
        "name what is meant in the Request",
        is_request_with_too_much,
    ),
    (
        "a cancel, change or close of EndDeviceControls by id",
        "send the event itself with its new status",
        lacks_its_events,
    ),
    (
        "get EndDeviceEvents",
        "wait for the answers, they come by themselves",
        verb_of(Noun.EVENTS, Verb.GET),
    ),
    (
        "a cancel of EndDeviceEvents other than of one id",
        "name the id of one override or opt schedule in a request",
        ends_more_than_an_override,
    ),
    (
        "Event.active with a fraction of a second",
        "let the event last whole seconds",
        any_of(events_of, lambda event: has_fraction(event.active)),
    ),
    (
        "Event.changes at a fraction of a second after the start",
        "let what is asked change on whole seconds",
        any_of(events_of, lambda event: any(map(has_fraction, steps(event)))),
    ),
    (
        "Event.signal of the kind limit",
        "send limits in a domain of iec61968-9",
        any_of(events_of, lambda event: isinstance(event.signal, Limit)),
    ),
    (
        "Event.signal at the connection point",
        "ask for a power at the resource's terminals",
        any_of(events_of, lambda event: any(map(is_elsewhere, signals(event)))),
    ),
    (
        "Event.signal of a share whose direction or basis changes within the event",
        "send two events",
        any_of(events_of, changes_its_share),
    ),
    (
        "Event.signal of a price whose currency changes within the event",
        "send two events",
        any_of(events_of, lambda event: len(set(map(currency, signals(event)))) > 1),
    ),
    (
        "Event.targets.kinds",
        "name the resources, or send it to all",
        any_of(events_of, lambda event: bool(event.targets.kinds)),
    ),
    (
        "EndDeviceEvents of more than answers, or one status, or opt schedules",
        "send the answers, each status and each opt schedule in a message of their own",
        tells_several_things,
    ),
    (
        "EndDeviceEvents.statuses and schedules in a reply",
        "send them as a request",
        answers_with_status,
    ),
    (
        "Status.type other than overridden",
        "leave it out: readings and answers show it",
        any_of(statuses_of, lambda status: status.type is not StatusType.OVERRIDDEN),
    ),
    (
        "EndDeviceEvents.schedules that recur",
        "name each time by itself",
        any_of(schedules_of, lambda schedule: bool(schedule.rule)),
    ),
    (
        "EndDeviceEvents.schedules that differ in more than their times",
        "send each opt schedule in a message of its own",
        has_different_times,
    ),
    (
        "a cancel of MeterReadings other than by id",
        "name the reports in a request",
        is_no_cancel_by_id,
    ),
    (
        "Reading.window with a fraction of a second",
        "let windows last whole seconds",
        any_of(readings_of, lambda reading: has_fraction(reading.window)),
    ),
    (
        "Reading.revision",
        "correct readings in a domain of iec61968-9",
        any_of(readings_of, lambda reading: reading.revision > 0),
    ),
    (
        "Resource.forecast with a fraction of a second",
        "let windows last whole seconds",
        any_of(resources_of, lambda r: any(has_fraction(each.window) for each in r.forecast)),
    ),
    (
        "EndDeviceConfig.capability beside admission",
        "send them in a message each",
        is_both,
    ),
    (
        "EndDeviceConfig.programmes, enrolments and schedules",
        "send opt schedules one by one, the others in a domain of iec61968-9",
        has_siblings,
    ),
    (
        "Resource.id that two resources have",
        "give each resource an id of its own",
        has_namesakes,
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
        differs_in_id,
    ),
    (
        "Answer.code of which OpenADR has no like",
        "the code of its kind is read",
        any_of(answers_of, lambda answer: meant_code(told_code(answer.code)) != answer.code),
    ),
    (
        "Answer.at",
        "the message's Timestamp is read",
        differs_in_time,
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
        "Status.expected, reporting, oldest, estimated_share_permille and quality",
        "none is read: they belong to stated baselines",
        any_of(statuses_of, states_its_basis),
    ),
    (
        "OptSchedule.zone",
        "UTC is read, and the same instants",
        any_of(schedules_of, lambda schedule: schedule.zone != "UTC"),
    ),
    (
        "OptSchedule.reason",
        "none is read",
        any_of(schedules_of, lambda schedule: bool(schedule.reason)),
    ),
    (
        "Reading.expected and reporting",
        "1 and 1 are read",
        any_of(readings_of, lambda reading: (reading.expected, reading.reporting) != (1, 1)),
    ),
    (
        "Reading.oldest and estimated_share_permille",
        "none is read; that something was estimated, the quality says",
        any_of(readings_of, is_partly_old),
    ),
    (
        "Resource.rated_import_w, rated_export_w, offered, departs and charge_permille",
        "none is read; what is possible now, the forecast and the energy in store count",
        any_of(resources_of, lambda resource: any(each is not None for each in unsaid(resource))),
    ),
    (
        "Resource.expected, reporting, oldest, estimated_share_permille and quality",
        "none is read, as of readings; what is missing does not count",
        any_of(resources_of, stands_for_others),
    ),
    (
        "Capability.failsafe",
        "none is read: nothing is counted on",
        has_failsafe,
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

"""Programmes, enrolments and opt schedules: siblings of EndDeviceConfig."""

from collections.abc import Iterable

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.model.programme import Consent, DailyWindow, Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.wire.fields import (
    INTERVAL,
    Fields,
    append_leaves,
    attributes,
    build,
    leaves,
    set_attributes,
    text_of,
)
from xmpp_cem.wire.namespaces import ENROLMENT, PROGRAMME, SCHEDULE
from xmpp_cem.wire.scalars import BOOLEAN, INSTANT, INTEGER, LOCAL, TEXT, TIME, TOKEN, TOKENS
from xmpp_cem.wire.xml import Draft, Element, append, child, children

RULES: Fields = {
    "id": ("id", TOKEN),
    "version": ("version", INTEGER),
    "zone": ("zone", TOKEN),
    "notice_s": ("noticeSeconds", INTEGER),
    "longest_s": ("longestSeconds", INTEGER),
    "gap_s": ("gapSeconds", INTEGER),
    "calls_per_day": ("callsPerDay", INTEGER),
    "calls_per_season": ("callsPerSeason", INTEGER),
    "seconds_per_day": ("secondsPerDay", INTEGER),
    "seconds_per_season": ("secondsPerSeason", INTEGER),
    "override": ("override", TOKEN),
    "silence": ("silence", TOKEN),
    "baseline": ("baseline", TOKEN),
    "on_loss": ("onLoss", TOKEN),
    "loss_after_s": ("lossAfterSeconds", INTEGER),
}
TITLE: Fields = {"title": ("title", TEXT)}
WINDOW: Fields = {"days": ("days", TOKENS), "start": ("start", TIME), "end": ("end", TIME)}
BOUND: Fields = {
    "programme": ("programme", TOKEN),
    "party": ("party", TOKEN),
    "resource": ("resource", TOKEN),
}
CONSENT: Fields = {
    "is_given": ("given", BOOLEAN),
    "version": ("version", INTEGER),
    "at": ("at", INSTANT),
}
OPTED: Fields = {
    "id": ("mRID", TOKEN),
    "opt": ("opt", TOKEN),
    "programme": ("programme", TOKEN),
    "zone": ("zone", TOKEN),
    "start": ("start", LOCAL),
    "duration_s": ("durationSeconds", INTEGER),
}
TOLD: Fields = {"rule": ("rule", TOKEN), "reason": ("reason", TEXT)}


def append_siblings(payload: Draft, body: EndDeviceConfig) -> None:
    """Write an element for each programme, each enrolment and each opt schedule."""
    for programme in body.programmes:
        element = append(payload, PROGRAMME, "programme")
        set_attributes(element, programme, RULES)
        set_attributes(element, programme.valid, INTERVAL)
        for window in programme.windows:
            set_attributes(append(element, PROGRAMME, "window"), window, WINDOW)
        append_leaves(element, PROGRAMME, programme, TITLE)
    for enrolment in body.enrolments:
        element = append(payload, ENROLMENT, "enrolment")
        set_attributes(element, enrolment, BOUND)
        set_attributes(element, enrolment.valid, INTERVAL)
        if enrolment.consent is not None:
            set_attributes(append(element, ENROLMENT, "consent"), enrolment.consent, CONSENT)
    append_schedules(payload, body.schedules)


def append_schedules(payload: Draft, schedules: Iterable[OptSchedule]) -> None:
    """Write an element for each opt schedule."""
    for schedule in schedules:
        element = append(payload, SCHEDULE, "optSchedule")
        set_attributes(element, schedule, OPTED)
        for resource in schedule.resources:
            append(element, SCHEDULE, "resource", resource)
        append_leaves(element, SCHEDULE, schedule, TOLD)


def read_siblings(payload: Element) -> dict[str, object]:
    """Return the fields of EndDeviceConfig that `append_siblings` writes; raises as `build`."""
    found: dict[str, object] = {
        "programmes": tuple(map(_programme, children(payload, PROGRAMME, "programme"))),
        "enrolments": tuple(map(_enrolment, children(payload, ENROLMENT, "enrolment"))),
        "schedules": read_schedules(payload),
    }
    return {name: values for name, values in found.items() if values}


def read_schedules(payload: Element) -> tuple[OptSchedule, ...]:
    """Return the opt schedules; raises as `build`."""
    return tuple(map(_schedule, children(payload, SCHEDULE, "optSchedule")))


def _programme(element: Element) -> Programme:
    windows = tuple(
        build(DailyWindow, "window", attributes(part, WINDOW), WINDOW)
        for part in children(element, PROGRAMME, "window")
    )
    values = {
        **attributes(element, RULES),
        **leaves(element, PROGRAMME, TITLE),
        "valid": attributes(element, INTERVAL),
        "windows": windows,
    }
    return build(Programme, "programme", values, RULES)


def _enrolment(element: Element) -> Enrolment:
    values = {**attributes(element, BOUND), "valid": attributes(element, INTERVAL)}
    given = child(element, ENROLMENT, "consent")
    if given is not None:
        values["consent"] = build(Consent, "consent", attributes(given, CONSENT), CONSENT)
    return build(Enrolment, "enrolment", values, BOUND)


def _schedule(element: Element) -> OptSchedule:
    values = {
        **attributes(element, OPTED),
        **leaves(element, SCHEDULE, TOLD),
        "resources": tuple(text_of(one) for one in children(element, SCHEDULE, "resource")),
    }
    return build(OptSchedule, "optSchedule", values, OPTED)

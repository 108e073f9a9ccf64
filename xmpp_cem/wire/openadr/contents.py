"""What a message carries, whatever its noun."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.events import EndDeviceEvents, Status
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.event import Event
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Resource
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.wire.profile import Told

ValueT = TypeVar("ValueT")


def events_of(message: Told) -> Iterable[Event]:
    """Return the events that a message carries."""
    return message.body.events if isinstance(message.body, EndDeviceControls) else ()


def answers_of(message: Told) -> Iterable[Answer]:
    """Return the answers that a message carries."""
    return message.body.answers if isinstance(message.body, EndDeviceEvents) else ()


def statuses_of(message: Told) -> tuple[Status, ...]:
    """Return the status events that a message carries."""
    return message.body.statuses if isinstance(message.body, EndDeviceEvents) else ()


def schedules_of(message: Told) -> tuple[OptSchedule, ...]:
    """Return the opt schedules that a message tells one by one."""
    return message.body.schedules if isinstance(message.body, EndDeviceEvents) else ()


def readings_of(message: Told) -> Iterable[Reading]:
    """Return the readings that a message carries."""
    return message.body.readings if isinstance(message.body, MeterReadings) else ()


def resources_of(message: Told) -> tuple[Resource, ...]:
    """Return the resources of the capability that a message carries."""
    body = message.body
    capability = body.capability if isinstance(body, EndDeviceConfig) else None
    return capability.resources if capability else ()


def any_of(
    values: Callable[[Told], Iterable[ValueT]], matches: Callable[[ValueT], bool]
) -> Callable[[Told], bool]:
    """Return whether any of some values of a message matches."""
    return lambda message: any(matches(value) for value in values(message))

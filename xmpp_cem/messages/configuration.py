"""Registration: what a VEN tells of itself, what its VTN tells back, and the domain's card."""

from typing import Literal

from pydantic import Field

from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.value import Value


class Admission(Value):
    """What a registered VEN must know of its domain.

    Args:
        domain: its id.
        service: address of the pubsub service.
        events: nodes to subscribe to.
        reports: node to publish on when `uplink` is `publish`.
        uplink: how reports travel.
        watchers: bare addresses that may see the VEN's presence.
        report_every_s: length of a reporting window, seconds.
        confirmed: the capability revision that the VTN has committed.
    """

    domain: DomainId
    service: str = Field(max_length=2047)
    events: tuple[str, ...] = Field(max_length=100)
    reports: str = Field(max_length=255)
    uplink: Uplink
    watchers: tuple[str, ...] = Field(default=(), max_length=100)
    report_every_s: int = Field(ge=1, le=86400)
    confirmed: int = Field(ge=0, le=2**53)


class EndDeviceConfig(Value):
    """Noun EndDeviceConfig of IEC 61968-9: registration and capability of a party.

    A VEN's request carries `capability`, the VTN's reply `admission`.

    Args:
        party: whose.
        capability: what its resources can do.
        admission: what it must know of its domain.
        programmes: rules under which its resources may be called.
        enrolments: which resource is bound to which programme, with the customer's consent.
        schedules: when it answers in its owner's name.
    """

    noun: Literal["EndDeviceConfig"] = "EndDeviceConfig"
    party: PartyId
    capability: Capability | None = None
    admission: Admission | None = None
    programmes: tuple[Programme, ...] = Field(default=(), max_length=100)
    enrolments: tuple[Enrolment, ...] = Field(default=(), max_length=1000)
    schedules: tuple[OptSchedule, ...] = Field(default=(), max_length=100)


class DomainCard(Value):
    """The item `card` of a domain's open node: from here everything else is found."""

    noun: Literal["DomainCard"] = "DomainCard"
    domain: DomainId
    vtn: str = Field(max_length=3071)
    service: str = Field(max_length=2047)
    profile: str = Field(max_length=64)
    version: str = Field(max_length=32)
    uplink: Uplink

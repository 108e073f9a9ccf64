"""Every payload that a message can carry: the closed union `Body` is the registry."""

from typing import Annotated

from pydantic import Field

from xmpp_cem.messages.configuration import DomainCard, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.operations import (
    DispatchRecord,
    DomainMembers,
    DomainNodes,
    SettlementEvidence,
)
from xmpp_cem.messages.readings import MeterReadings

Body = Annotated[
    EndDeviceControls
    | EventIndex
    | EndDeviceEvents
    | MeterReadings
    | EndDeviceConfig
    | DomainCard
    | DispatchRecord
    | DomainMembers
    | DomainNodes
    | SettlementEvidence,
    Field(discriminator="noun"),
]

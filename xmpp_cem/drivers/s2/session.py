"""One connection with a resource manager (S2): handshake, control type, and what it has told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from s2python.common import (
    ControlType,
    EnergyManagementRole,
    Handshake,
    HandshakeResponse,
    InstructionStatus,
    InstructionStatusUpdate,
    PowerMeasurement,
    ResourceManagerDetails,
    RevokeObject,
    SelectControlType,
    SessionRequest,
)
from s2python.connection import ConnectionStarted
from s2python.connection.async_ import S2AsyncConnection, S2MediumConnection
from s2python.frbc import (
    FRBCActuatorStatus,
    FRBCStorageStatus,
    FRBCSystemDescription,
    FRBCTimerStatus,
)
from s2python.message import S2MessageWithID
from s2python.pebc import PEBCPowerConstraints
from s2python.version import S2_VERSION

from xmpp_cem.drivers.s2.envelopes import ELECTRIC
from xmpp_cem.drivers.s2.filling import System
from xmpp_cem.errors import DriverError

log = structlog.get_logger()

PEBC = ControlType.POWER_ENVELOPE_BASED_CONTROL
FRBC = ControlType.FILL_RATE_BASED_CONTROL
FREE = ControlType.NO_SELECTION

_REFUSALS = (InstructionStatus.REJECTED, InstructionStatus.ABORTED, InstructionStatus.REVOKED)


class Session:
    """What a resource manager has told, kept up to date by its messages.

    Args:
        medium: carries messages.
        preference: control types that we can do, the best first.
        new_id: makes ids of messages.
        clock: returns the present instant, UTC.
    """

    def __init__(
        self,
        medium: S2MediumConnection,
        preference: tuple[ControlType, ...],
        new_id: Callable[[], UUID],
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = S2AsyncConnection(medium)
        self._preference = preference
        self.new_id = new_id
        self._clock = clock
        self.details: ResourceManagerDetails | None = None
        self.control: ControlType | None = None
        self.selected: ControlType | None = None
        self.constraints: PEBCPowerConstraints | None = None
        self.system: System | None = None
        self.power: tuple[datetime, int] | None = None
        self.is_described = asyncio.Event()
        self.refusal = ""
        for kind, handler in self._handlers().items():
            self._connection.register_handler(kind, handler)

    async def run(self) -> None:
        """Speak until the connection ends."""
        await self._connection.run()

    async def send(self, message: S2MessageWithID) -> None:
        """Send a message and wait until it was received.

        Raises:
            DriverError: the resource manager refuses it, or is gone.
        """
        try:
            await self._connection.send_msg_and_await_reception_status(message)
        except Exception as error:
            name = type(message).__name__
            raise DriverError(f"the resource manager did not take {name}: {error!r}") from error

    async def select(self, control: ControlType) -> None:
        """Choose how the resource is controlled; NO_SELECTION leaves it to itself."""
        if self.selected is control:
            return
        # What was told before the choice is not about what follows it.
        if control is FRBC:
            self.system = None
            self.is_described.clear()
        await self.send(SelectControlType(message_id=self.new_id(), control_type=control))
        self.selected = control

    def _handlers(self) -> dict[Any, Callable[[Any, Any, Any], Any]]:
        taking: dict[Any, Callable[[Any], None]] = {
            InstructionStatusUpdate: self._on_status,
            PowerMeasurement: self._on_power,
            RevokeObject: self._on_revoke,
            PEBCPowerConstraints: self._on_constraints,
            FRBCSystemDescription: self._on_system,
            FRBCStorageStatus: self._on_storage,
            FRBCActuatorStatus: self._on_actuator,
            FRBCTimerStatus: self._on_timer,
        }
        speaking: dict[Any, Callable[[Any, Any, Any], Any]] = {
            ConnectionStarted: self._on_start,
            Handshake: self._on_handshake,
            HandshakeResponse: _received,
            ResourceManagerDetails: self._on_details,
            SessionRequest: self._on_request,
        }
        return {kind: _acknowledged(take) for kind, take in taking.items()} | speaking

    async def _on_start(self, *_: object) -> None:
        await self.send(
            Handshake(
                message_id=self.new_id(),
                role=EnergyManagementRole.CEM,
                supported_protocol_versions=[S2_VERSION],
            )
        )

    async def _on_handshake(self, _: object, message: Handshake, okay: Any) -> None:
        await okay()
        if S2_VERSION not in (message.supported_protocol_versions or ()):
            raise DriverError(f"the resource manager does not speak S2 {S2_VERSION}")
        answer = HandshakeResponse(message_id=self.new_id(), selected_protocol_version=S2_VERSION)
        await self.send(answer)

    async def _on_details(self, _: object, message: ResourceManagerDetails, okay: Any) -> None:
        await okay()
        self.details = message
        able = message.available_control_types
        self.control = next((kind for kind in self._preference if kind in able), None)
        if self.control is not None:
            await self.select(self.control)

    async def _on_request(self, connection: S2AsyncConnection, message: Any, okay: Any) -> None:
        await okay()
        log.info("resource manager ends its session", request=message.request.value)
        await connection.stop()

    def _on_status(self, message: InstructionStatusUpdate) -> None:
        is_refused = message.status_type in _REFUSALS
        self.refusal = message.status_type.value.lower() if is_refused else ""

    def _on_power(self, message: PowerMeasurement) -> None:
        values = [v.value for v in message.values if v.commodity_quantity in ELECTRIC]
        if values:
            self.power = (self._clock(), round(sum(values)))

    def _on_revoke(self, message: RevokeObject) -> None:
        if self.constraints is not None and str(message.object_id) == str(self.constraints.id):
            self.constraints = None

    def _on_constraints(self, message: PEBCPowerConstraints) -> None:
        self.constraints = message

    def _on_system(self, message: FRBCSystemDescription) -> None:
        known = self.system
        if known is None:
            self.system = System(message)
        else:
            self.system = replace(known, description=message)

    def _on_storage(self, message: FRBCStorageStatus) -> None:
        if self.system is not None:
            self.system = replace(self.system, fill=message.present_fill_level)
            self.is_described.set()

    def _on_actuator(self, message: FRBCActuatorStatus) -> None:
        if self.system is not None:
            actuators = {**self.system.actuators, message.actuator_id: message}
            self.system = replace(self.system, actuators=actuators)

    def _on_timer(self, message: FRBCTimerStatus) -> None:
        if self.system is not None:
            place = (message.actuator_id, message.timer_id)
            timers = {**self.system.timers, place: message.finished_at}
            self.system = replace(self.system, timers=timers)


async def _received(_: object, __: object, okay: Any) -> None:
    await okay()


def _acknowledged(take: Callable[[Any], None]) -> Callable[[Any, Any, Any], Any]:
    """Return a handler that takes a message, then says that it was received."""

    async def handle(_: object, message: object, okay: Any) -> None:
        take(message)
        await okay()

    return handle

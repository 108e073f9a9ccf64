"""A resource manager by s2-python's own classes: `resource_manager.py KIND URL [TOKEN]`.

`ev` is a charger that takes power envelopes (PEBC): free, it charges with 11 kW; limits are either
0 or between 4140 and 11040 W, and end when their envelope ends. `battery` is a storage of 10 kWh
steered by fill rates (FRBC): free, it charges with 500 W. Both measure power when it changes.
"""

import asyncio
import sys
import uuid
from datetime import UTC, datetime, timedelta

from s2python.common import (
    Commodity,
    CommodityQuantity,
    ControlType,
    Duration,
    NumberRange,
    PowerMeasurement,
    PowerRange,
    PowerValue,
    Role,
    RoleType,
    Timer,
    Transition,
)
from s2python.connection import AssetDetails
from s2python.connection.async_ import S2AsyncConnection
from s2python.connection.async_.control_type.class_based import (
    FRBCControlType,
    PEBCControlType,
    ResourceManagerHandler,
)
from s2python.connection.async_.medium.websocket import WebsocketClientMedium
from s2python.frbc import (
    FRBCActuatorDescription,
    FRBCActuatorStatus,
    FRBCOperationMode,
    FRBCOperationModeElement,
    FRBCStorageDescription,
    FRBCStorageStatus,
    FRBCSystemDescription,
)
from s2python.generated.gen_s2 import (
    PEBCPowerEnvelopeConsequenceType,
    PEBCPowerEnvelopeLimitType,
)
from s2python.pebc import PEBCAllowedLimitRange, PEBCPowerConstraints

PHASES = CommodityQuantity.ELECTRIC_POWER_3_PHASE_SYMMETRIC


def now():
    return datetime.now(UTC)  # noqa: TID251 a device has a clock of its own


async def measure(connection, power_w):
    await connection.send_msg_and_await_reception_status(
        PowerMeasurement(
            message_id=uuid.uuid4(),  # noqa: TID251
            measurement_timestamp=now(),
            values=[PowerValue(commodity_quantity=PHASES, value=power_w)],
        )
    )


def new_id():
    return uuid.uuid4()  # noqa: TID251


class Charger(PEBCControlType):
    def __init__(self):
        self.timer = None

    async def activate(self, connection):
        def allowed(kind, start, end):
            return PEBCAllowedLimitRange(
                commodity_quantity=PHASES,
                limit_type=kind,
                range_boundary=NumberRange(start_of_range=start, end_of_range=end),
                abnormal_condition_only=False,
            )

        upper, lower = PEBCPowerEnvelopeLimitType
        await connection.send_msg_and_await_reception_status(
            PEBCPowerConstraints(
                message_id=new_id(),
                id=new_id(),
                valid_from=now(),
                consequence_type=PEBCPowerEnvelopeConsequenceType.DEFER,
                allowed_limit_ranges=[
                    allowed(upper, 0, 0),
                    allowed(upper, 4140, 11_040),
                    allowed(lower, 0, 0),
                ],
            )
        )
        await measure(connection, 11_000)

    async def deactivate(self, _connection):
        if self.timer:
            self.timer.cancel()

    async def handle_instruction(self, connection, msg, send_okay):
        await send_okay()
        (envelope,) = msg.power_envelopes
        (element,) = envelope.power_envelope_elements
        await measure(connection, min(11_000, element.upper_limit))
        if self.timer:
            self.timer.cancel()
        self.timer = asyncio.create_task(self.ended(connection, element.duration))

    async def ended(self, connection, duration):
        await asyncio.sleep(duration.root / 1000)
        await measure(connection, 11_000)


class Battery(FRBCControlType):
    actuator, rests, works = new_id(), new_id(), new_id()

    def mode(self, mode_id, power, rate):
        return FRBCOperationMode(
            id=str(mode_id),
            abnormal_condition_only=False,
            elements=[
                FRBCOperationModeElement(
                    fill_level_range=NumberRange(start_of_range=0, end_of_range=100),
                    fill_rate=NumberRange(start_of_range=-rate, end_of_range=rate),
                    power_ranges=[
                        PowerRange(
                            start_of_range=-power, end_of_range=power, commodity_quantity=PHASES
                        )
                    ],
                )
            ],
        )

    async def activate(self, connection):
        percent_per_s = 5000 / 3600 / 10_000 * 100
        timer = Timer(id=new_id(), duration=Duration.from_timedelta(timedelta(seconds=60)))

        def step(start, end):
            return Transition(
                **{"from": start},
                id=new_id(),
                to=end,
                start_timers=[timer.id],
                blocking_timers=[timer.id],
                abnormal_condition_only=False,
            )

        actuator = FRBCActuatorDescription(
            id=self.actuator,
            supported_commodities=[Commodity.ELECTRICITY],
            operation_modes=[
                self.mode(self.rests, 0, 0),
                self.mode(self.works, 5000, percent_per_s),
            ],
            transitions=[step(self.rests, self.works), step(self.works, self.rests)],
            timers=[timer],
        )
        storage = FRBCStorageDescription(
            provides_leakage_behaviour=False,
            provides_fill_level_target_profile=False,
            provides_usage_forecast=False,
            fill_level_range=NumberRange(start_of_range=0, end_of_range=100),
        )
        send = connection.send_msg_and_await_reception_status
        await send(
            FRBCSystemDescription(
                message_id=new_id(), valid_from=now(), actuators=[actuator], storage=storage
            )
        )
        await self.tell(connection, self.rests, 0)
        await send(FRBCStorageStatus(message_id=new_id(), present_fill_level=40))

    async def tell(self, connection, mode, factor):
        await connection.send_msg_and_await_reception_status(
            FRBCActuatorStatus(
                message_id=new_id(),
                actuator_id=self.actuator,
                active_operation_mode_id=mode,
                operation_mode_factor=factor,
            )
        )
        await measure(connection, 0 if mode == self.rests else -5000 + 10_000 * factor)

    async def deactivate(self, connection):
        await measure(connection, 500)

    async def handle_instruction(self, connection, msg, send_okay):
        await send_okay()
        await self.tell(connection, msg.operation_mode, msg.operation_mode_factor)


class Odd(Charger):
    """Offers what nobody here can do."""

    def get_protocol_control_type(self):
        return ControlType.DEMAND_DRIVEN_BASED_CONTROL


async def main(kind, url, token=None):
    control = {"ev": Charger, "battery": Battery, "odd": Odd}[kind]()
    details = AssetDetails(
        resource_id=new_id(),
        provides_forecast=False,
        provides_power_measurements=[PHASES],
        instruction_processing_delay=Duration.from_milliseconds(10),
        roles=[Role(role=RoleType.ENERGY_CONSUMER, commodity=Commodity.ELECTRICITY)],
        name=kind,
    )
    async with WebsocketClientMedium(url, verify_certificate=False, bearer_token=token) as medium:
        connection = S2AsyncConnection(medium)
        ResourceManagerHandler([control], details).register_handlers(connection)
        await connection.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""A driver that is the CEM of S2 (EN 50491-12-2): a resource manager connects to it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from s2python.common import Duration
from s2python.frbc import FRBCInstruction
from s2python.pebc import PEBCInstruction, PEBCPowerEnvelope, PEBCPowerEnvelopeElement

from xmpp_cem.drivers.driver import Description, Reading, Reversion
from xmpp_cem.drivers.s2 import envelopes, filling
from xmpp_cem.drivers.s2.server import Listener, Medium
from xmpp_cem.drivers.s2.session import FRBC, FREE, PEBC, Session
from xmpp_cem.errors import DriverError
from xmpp_cem.model.limits import Limits


@dataclass(frozen=True)
class Wishes:
    """What the configuration says about a resource.

    Args:
        kind: what it is, for people.
        revert_s: how long an envelope holds, seconds; then the resource is free.
        measured_within_s: an older measurement is no reading any more, seconds.
        horizon_s: for how long offered flexibility of a storage can be kept up, seconds.
    """

    kind: str
    revert_s: int = 60
    measured_within_s: int = 300
    horizon_s: int = 900


class S2Driver:
    """Controls a resource by power envelopes (PEBC) or by fill rates (FRBC), whichever it offers.

    Args:
        listen: makes the listener that speaks by the given function.
        wishes: what the configuration says.
        new_id: makes ids of messages.
        clock: returns the present instant, UTC.
    """

    def __init__(
        self,
        listen: Callable[[Callable[[Medium], Coroutine[Any, Any, None]]], Listener],
        wishes: Wishes,
        new_id: Callable[[], UUID],
        clock: Callable[[], datetime],
    ) -> None:
        self.listener = listen(self._speak)
        self._wishes = wishes
        self._new_id = new_id
        self._clock = clock
        self._session: Session | None = None

    async def describe(self) -> Description:
        """Return what the connected resource manager says; envelopes revert, fill rates do not."""
        session = await self._ready()
        if session.control is PEBC:
            into, out = envelopes.ratings(self._bands(session))
            revert = self._wishes.revert_s
            reversion: Reversion | None = Reversion(revert, revert / 3)
        else:
            into, out = filling.ratings(self._system(session))
            reversion = None
        limits = Limits(rated_import_w=into, rated_export_w=out)
        return Description(self._wishes.kind, limits, reversion)

    async def apply(self, power_w: int) -> None:
        """Send an envelope for a while, or the operation modes that come nearest."""
        session = await self._ready()
        if session.control is PEBC:
            await session.select(PEBC)
            await self._enveloped(session, envelopes.envelopes(self._bands(session), power_w))
            return
        await session.select(FRBC)
        await session.is_described.wait()
        chosen = filling.choices(self._system(session), self._clock(), power_w)
        if not chosen:
            raise DriverError("the resource manager has no operation mode for its fill level")
        for choice in chosen:
            await session.send(
                FRBCInstruction(
                    message_id=self._new_id(),
                    id=self._new_id(),
                    actuator_id=choice.actuator,
                    operation_mode=choice.mode,
                    operation_mode_factor=choice.factor,
                    execution_time=self._clock(),
                    abnormal_condition=False,
                )
            )

    async def release(self) -> None:
        """Send the widest envelope, or leave the storage to its own plan (NO_SELECTION)."""
        session = await self._ready()
        if session.control is FRBC:
            await session.select(FREE)
        else:
            await self._enveloped(session, envelopes.widest(self._bands(session)))

    async def read(self) -> Reading:
        """Return the last measurement and what the resource manager has told of its abilities."""
        session = await self._ready()
        if session.refusal:
            refusal, session.refusal = session.refusal, ""
            raise DriverError(f"the resource manager has {refusal} an instruction")
        power = self._power_w(session)
        if session.control is PEBC:
            lowest, highest = envelopes.forced(self._bands(session))
            charge = None
        else:
            system = self._system(session)
            lowest, highest = filling.reach(system, self._clock(), self._wishes.horizon_s)
            charge = system.charge_permille
        return Reading(
            power_w=power,
            increase_w=max(0, int(highest) - power),
            decrease_w=max(0, power - int(lowest)),
            import_wh=None,
            export_wh=None,
            stored_wh=None,
            overridden=False,
            charge_permille=charge,
        )

    async def close(self) -> None:
        """Listen no more."""
        await self.listener.stop()
        self._session = None

    async def _speak(self, medium: Medium) -> None:
        session = Session(medium, (PEBC, FRBC), self._new_id, self._clock)
        self._session = session
        try:
            await session.run()
        finally:
            if self._session is session:
                self._session = None

    async def _ready(self) -> Session:
        """Return the session with a resource manager that has said what it is."""
        await self.listener.start()
        session = self._session
        if session is None:
            raise DriverError("no resource manager is connected")
        if session.details is None:
            raise DriverError("the resource manager has not said yet what it is")
        if session.control is None:
            raise DriverError("the resource manager offers neither PEBC nor FRBC")
        return session

    def _power_w(self, session: Session) -> int:
        if session.power is not None:
            at, power_w = session.power
            if self._clock() - at <= timedelta(seconds=self._wishes.measured_within_s):
                return power_w
            raise DriverError(f"the last measurement is of {at:%H:%M:%S} UTC")
        meant = filling.present_w(session.system) if session.system is not None else None
        if meant is None:
            raise DriverError("the resource manager has not measured power yet")
        return round(meant)

    @staticmethod
    def _bands(session: Session) -> tuple[envelopes.Band, ...]:
        if session.constraints is None:
            raise DriverError("the resource manager has not told its power constraints yet")
        return envelopes.bands(session.constraints)

    @staticmethod
    def _system(session: Session) -> filling.System:
        if session.system is None or session.system.fill is None:
            raise DriverError("the resource manager has not described its storage yet")
        return session.system

    async def _enveloped(self, session: Session, sent: tuple[envelopes.Envelope, ...]) -> None:
        constraints = session.constraints
        if constraints is None:
            raise DriverError("the resource manager has not told its power constraints yet")
        lasting = Duration.from_timedelta(timedelta(seconds=self._wishes.revert_s))
        await session.send(
            PEBCInstruction(
                message_id=self._new_id(),
                id=self._new_id(),
                execution_time=self._clock(),
                abnormal_condition=False,
                power_constraints_id=constraints.id,
                power_envelopes=[
                    PEBCPowerEnvelope(
                        id=str(self._new_id()),
                        commodity_quantity=envelope.quantity,
                        power_envelope_elements=[
                            PEBCPowerEnvelopeElement(
                                duration=lasting,
                                upper_limit=envelope.upper_w,
                                lower_limit=envelope.lower_w,
                            )
                        ],
                    )
                    for envelope in sent
                ],
            )
        )

"""A driver for inverters and batteries that speak SunSpec over Modbus."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from xmpp_cem.drivers.driver import Description, Reading, Reversion
from xmpp_cem.drivers.sunspec import measuring
from xmpp_cem.drivers.sunspec.controls import Control, ImmediateLimit, Limit, SetPower
from xmpp_cem.drivers.sunspec.discovery import BASES, Places, discovered, fetched
from xmpp_cem.drivers.sunspec.line import Line
from xmpp_cem.drivers.sunspec.models import (
    CONTROLS,
    DER_CAPACITY,
    DER_CONTROLS,
    DER_MEASUREMENT,
    DER_STORAGE,
    INVERTER,
    NAMEPLATE,
    SETTINGS,
)
from xmpp_cem.drivers.sunspec.points import Block, Model
from xmpp_cem.errors import DriverError
from xmpp_cem.model.limits import Limits


@dataclass(frozen=True)
class Wishes:
    """What the configuration says about a device.

    Args:
        kind: what it is, for people.
        revert_s: how long a set point holds when nobody repeats it, seconds.
        rated_import_w: highest power from the grid, W; None: the device says.
        rated_export_w: highest power to the grid, W; None: the device says.
        is_volatile: whether set points may be written often.
        horizon_s: for how long offered flexibility can be kept up, seconds.
        bases: registers where SunSpec's marker may stand.
    """

    kind: str
    revert_s: int = 60
    rated_import_w: int | None = None
    rated_export_w: int | None = None
    is_volatile: bool = True
    horizon_s: int = 900
    bases: Sequence[int] = BASES


@dataclass(frozen=True)
class Found:
    """What was found on a device: where its models stand, its ratings, how it is steered."""

    places: Places
    rated_import_w: int
    rated_export_w: int
    control: Control | None
    reverts: bool


class SunSpecDriver:
    """Reads model 701, else 101 to 103; steers by model 704, else 123.

    A device that can charge gets set points in W, a generator a limit as its share of full power.

    Args:
        line: the Modbus connection.
        wishes: what the configuration says.
    """

    def __init__(self, line: Line, wishes: Wishes) -> None:
        self._line = line
        self._wishes = wishes
        self._found: Found | None = None

    async def describe(self) -> Description:
        """Look for models and ratings anew, and return what the device is."""
        self._found = None
        found = await self._ready()
        wishes = self._wishes
        limits = Limits(rated_import_w=found.rated_import_w, rated_export_w=found.rated_export_w)
        reversion = None
        if found.reverts:
            reversion = Reversion(wishes.revert_s, wishes.revert_s / 3)
        return Description(wishes.kind, limits, reversion, is_volatile=wishes.is_volatile)

    async def apply(self, power_w: int) -> None:
        """Write a set point, W, signed, and arm the reversion timer anew."""
        found = await self._ready()
        if found.control is None:
            raise DriverError("the device has neither model 704 nor 123: it can only be read")
        block = await self._present(found, found.control.model)
        write = found.control.apply(block, power_w, self._wishes.revert_s)
        await self._line.write(self._address(found, found.control, write.offset), write.words)

    async def release(self) -> None:
        """End the set point; a device that cannot be steered has none."""
        found = await self._ready()
        if found.control is not None:
            write = found.control.release()
            await self._line.write(self._address(found, found.control, write.offset), write.words)

    async def read(self) -> Reading:
        """Read power, registers and store."""
        found = await self._ready()
        if DER_MEASUREMENT in found.places:
            measured = measuring.der(await self._present(found, DER_MEASUREMENT))
        else:
            measured = measuring.inverter(await self._present(found, INVERTER))
        store = measuring.storage(await fetched(self._line, found.places, DER_STORAGE))
        is_set = isinstance(found.control, SetPower)
        ability = measuring.Ability(
            highest_w=found.rated_import_w if is_set else None,
            lowest_w=-found.rated_export_w if is_set else None,
            is_steered=found.control is not None,
            horizon_s=self._wishes.horizon_s,
        )
        return measuring.reading(measured, store, ability)

    async def close(self) -> None:
        """Close the connection."""
        self._line.close()
        self._found = None

    async def _ready(self) -> Found:
        """Return what was found; after a lost connection it may be another device."""
        if self._found is None or not self._line.is_open:
            self._found = None
            self._found = await self._discover()
        return self._found

    async def _discover(self) -> Found:
        if not self._line.is_open:
            await self._line.open()
        places = await discovered(self._line, self._wishes.bases)
        if DER_MEASUREMENT not in places and INVERTER not in places:
            raise DriverError("the device has none of the models 101, 102, 103 and 701")
        charge, discharge = await self._ratings(places)
        if discharge is None:
            raise DriverError("the device does not say its rated power; set rated_export_w")
        reverts = False
        control = await self._control(places, charge, discharge)
        if control is not None:
            block = await fetched(self._line, places, control.model)
            reverts = block is not None and control.reverts(block)
        return Found(places, charge, discharge, control, reverts)

    async def _ratings(self, places: Places) -> tuple[int, int | None]:
        """Return the highest power in and out, W."""
        wishes, charge, discharge = self._wishes, None, None
        if (capacity := await fetched(self._line, places, DER_CAPACITY)) is not None:
            charge = capacity.whole("WChaRteMaxRtg")
            discharge = capacity.whole("WDisChaRteMaxRtg") or capacity.whole("WMaxRtg")
        if discharge is None and (plate := await fetched(self._line, places, NAMEPLATE)):
            discharge = plate.whole("WRtg")
        if wishes.rated_import_w is not None:
            charge = wishes.rated_import_w
        if wishes.rated_export_w is not None:
            discharge = wishes.rated_export_w
        return charge or 0, discharge

    async def _control(self, places: Places, charge_w: int, discharge_w: int) -> Control | None:
        if DER_CONTROLS in places and charge_w > 0:
            return SetPower()
        full = await self._full(places, discharge_w)
        if DER_CONTROLS in places:
            return Limit(full)
        return ImmediateLimit(full) if CONTROLS in places else None

    async def _full(self, places: Places, rated_w: int) -> Decimal:
        """Return what 100 % of a limit is, W: the setting, else the rating."""
        model = DER_CAPACITY if DER_CONTROLS in places else SETTINGS
        block = await fetched(self._line, places, model)
        return (block.value("WMax") if block else None) or Decimal(rated_w)

    async def _present(self, found: Found, model: Model) -> Block:
        block = await fetched(self._line, found.places, model)
        if block is None:
            raise DriverError(f"the device has no model {model.ids[0]}")
        return block

    @staticmethod
    def _address(found: Found, control: Control, offset: int) -> int:
        return found.places[control.model][0] + offset

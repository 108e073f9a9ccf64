"""What a SunSpec device says of itself, turned into our signs and units."""

from dataclasses import dataclass

from xmpp_cem.drivers.driver import Reading
from xmpp_cem.drivers.sunspec.points import Block
from xmpp_cem.errors import DriverError

_INVERTER_FAULT = 7
_DER_FAULT = 6
_STORAGE_ERROR = 2
_DISCONNECTED = 0
_S_PER_H = 3600
_PERMILLE_PER_PERCENT = 10
_FULL = 1000


@dataclass(frozen=True)
class Measured:
    """Power and registers at the terminals.

    Args:
        power_w: present power, W, positive from grid to customer.
        import_wh: energy taken, Wh; None: no register.
        export_wh: energy given, Wh; None: no register.
        is_connected: whether the device can move power at all.
    """

    power_w: int
    import_wh: int | None
    export_wh: int | None
    is_connected: bool = True


def inverter(block: Block) -> Measured:
    """Read models 101 to 103, which count generation alone.

    Raises:
        DriverError: the device reports a fault, or no power.
    """
    if block.raw("St") == _INVERTER_FAULT:
        raise DriverError("the inverter reports a fault (St)")
    return Measured(_power_w(block), None, block.whole("WH"))


def der(block: Block) -> Measured:
    """Read model 701.

    Raises:
        DriverError: the device reports a fault, or no power.
    """
    if block.raw("InvSt") == _DER_FAULT:
        raise DriverError("the device reports a fault (InvSt)")
    is_connected = block.raw("ConnSt") != _DISCONNECTED
    absorbed, injected = block.whole("TotWhAbs"), block.whole("TotWhInj")
    return Measured(_power_w(block), absorbed, injected, is_connected)


def _power_w(block: Block) -> int:
    power = block.whole("W")
    if power is None:
        raise DriverError("the device does not say its power (W)")
    return -power


@dataclass(frozen=True)
class Store:
    """What is stored and still fits, Wh; None: the device does not say."""

    stored_wh: int | None
    room_wh: int | None
    charge_permille: int | None


def storage(block: Block | None) -> Store:
    """Read model 713.

    Raises:
        DriverError: the storage reports an error.
    """
    if block is None:
        return Store(None, None, None)
    if block.raw("Sta") == _STORAGE_ERROR:
        raise DriverError("the storage reports an error (Sta)")
    rated, stored = block.whole("WHRtg"), block.whole("WHAvail")
    percent = block.value("SoC")
    permille = None if percent is None else round(percent * _PERMILLE_PER_PERCENT)
    if stored is None and rated is not None and permille is not None:
        stored = rated * permille // _FULL
    room = None if rated is None or stored is None else max(0, rated - stored)
    return Store(stored, room, permille)


@dataclass(frozen=True)
class Ability:
    """What can be asked of a device.

    Args:
        highest_w: highest power that can be set, W, signed; None: it can only be limited, and what
            it would generate without a limit is not known.
        lowest_w: lowest power that can be set, W, signed; None: as above.
        is_steered: whether it takes set points at all.
        horizon_s: for how long offered flexibility can be kept up, seconds.
    """

    highest_w: int | None
    lowest_w: int | None
    is_steered: bool
    horizon_s: int


def reading(measured: Measured, store: Store, ability: Ability) -> Reading:
    """Return what a device does and can do.

    A limited generator can give up what it generates; whether it could generate more the sun knows.
    """
    power, increase, decrease = measured.power_w, 0, 0
    if ability.is_steered and measured.is_connected:
        highest = 0 if ability.highest_w is None else ability.highest_w
        lowest = power if ability.lowest_w is None else ability.lowest_w
        increase = max(0, _lasting(highest, store.room_wh, ability.horizon_s) - power)
        decrease = max(0, power + _lasting(-lowest, store.stored_wh, ability.horizon_s))
        if ability.lowest_w is None:
            decrease = 0
    return Reading(
        power_w=power,
        increase_w=increase,
        decrease_w=decrease,
        import_wh=measured.import_wh,
        export_wh=measured.export_wh,
        stored_wh=store.stored_wh,
        overridden=False,
        charge_permille=store.charge_permille,
    )


def _lasting(size_w: int, energy_wh: int | None, horizon_s: int) -> int:
    """Return how much of a power lasts for the horizon, W."""
    if energy_wh is None:
        return size_w
    return min(size_w, energy_wh * _S_PER_H // horizon_s)

"""The plug-in `sunspec`: inverters and batteries by Modbus, over TCP or a serial line."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from xmpp_cem.drivers.driver import Driver
from xmpp_cem.drivers.plugin import Clock, DriverPlugin
from xmpp_cem.drivers.settings import LocalPath, Settings

if TYPE_CHECKING:
    from xmpp_cem.drivers.sunspec.line import Client

_MOST_W = 10**9
_MODBUS_PORT = 502


class SunSpecConfig(Settings):
    """A device with SunSpec's models, reached by `host` or by `serial`."""

    kind: Annotated[str, Field(min_length=1, max_length=32)] = "inverter"
    """What it is, for people: `pv`, `battery`."""

    host: str | None = None
    """Name or address of the device; Modbus has no protection, so keep it in a network of its own.
    """

    port: Annotated[int, Field(ge=1, le=65535)] = _MODBUS_PORT
    """TCP port."""

    serial: LocalPath | None = None
    """Serial line instead of a host, such as `/dev/ttyUSB0`; one device for each line."""

    baud_rate: Annotated[int, Field(ge=300, le=1_000_000)] = 9600
    """Speed of the serial line, bits/s."""

    parity: Literal["none", "even", "odd"] = "none"
    """Parity of the serial line."""

    unit: Annotated[int, Field(ge=0, le=255)] = 1
    """The device's Modbus address."""

    base: Annotated[int, Field(ge=0, le=65_533)] | None = None
    """Register where SunSpec's marker stands; default: 40000, 50000 and 0 are tried."""

    reverts_after_s: Annotated[int, Field(ge=3, le=65_000)] = 60
    """After so long without us the device ends a set point by itself, s, where it has that timer.
    """

    rated_import_w: Annotated[int, Field(ge=0, le=_MOST_W)] | None = None
    """Highest power from the grid, W; default: what the device says."""

    rated_export_w: Annotated[int, Field(ge=0, le=_MOST_W)] | None = None
    """Highest power to the grid, W; default: what the device says."""

    volatile: bool = True
    """Whether set points may be written often; `false` where the device keeps them in flash."""

    horizon_s: Annotated[int, Field(ge=1, le=86_400)] = 900
    """For how long a battery's offered flexibility can be kept up, s."""

    @model_validator(mode="after")
    def _reached(self) -> Self:
        if (self.host is None) == (self.serial is None):
            raise ValueError("either host or serial says where the device is; give one of them")
        return self


def _build(config: SunSpecConfig, _clock: Clock) -> Driver:
    from xmpp_cem.drivers.sunspec.discovery import BASES
    from xmpp_cem.drivers.sunspec.driver import SunSpecDriver, Wishes
    from xmpp_cem.drivers.sunspec.line import Line

    wishes = Wishes(
        kind=config.kind,
        revert_s=config.reverts_after_s,
        rated_import_w=config.rated_import_w,
        rated_export_w=config.rated_export_w,
        is_volatile=config.volatile,
        horizon_s=config.horizon_s,
        bases=BASES if config.base is None else (config.base,),
    )
    return SunSpecDriver(Line(_clients(config), config.unit), wishes)


def _clients(config: SunSpecConfig) -> "Callable[[], Client]":
    """Return what makes clients; they neither connect anew nor repeat by themselves."""
    from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

    if config.serial is not None:
        serial, parity = str(config.serial), config.parity[0].upper()
        return lambda: AsyncModbusSerialClient(
            serial, baudrate=config.baud_rate, parity=parity, reconnect_delay=0, retries=0
        )
    host = config.host or ""
    return lambda: AsyncModbusTcpClient(host, port=config.port, reconnect_delay=0, retries=0)


PLUGIN = DriverPlugin(SunSpecConfig, _build, ("pymodbus", "serial"), "xmpp-cem[sunspec]")

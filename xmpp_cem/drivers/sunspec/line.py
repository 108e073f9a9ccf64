"""A Modbus connection to one device, by pymodbus."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from xmpp_cem.errors import DriverError

MOST_WORDS = 123
"""How many registers one request carries in either direction (Modbus Application Protocol)."""


class Client(Protocol):
    """What is used of pymodbus's clients."""

    @property
    def connected(self) -> bool:
        """Whether it is connected."""
        ...

    async def connect(self) -> bool:
        """Connect."""
        ...

    def close(self) -> None:
        """Close."""
        ...

    def read_holding_registers(
        self, address: int, *, count: int, device_id: int
    ) -> Awaitable[ModbusPDU]:
        """Read registers."""
        ...

    def write_registers(
        self, address: int, values: list[int], *, device_id: int
    ) -> Awaitable[ModbusPDU]:
        """Write registers."""
        ...


class Line:
    """Reads and writes registers; whatever goes wrong closes the connection.

    Args:
        make: makes a client that is not connected yet.
        unit: the device's Modbus address, 0 to 255.
    """

    def __init__(self, make: Callable[[], Client], unit: int) -> None:
        self._make = make
        self._unit = unit
        self._client: Client | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection on which nothing has gone wrong."""
        return self._client is not None and self._client.connected

    async def open(self) -> None:
        """Connect.

        Raises:
            DriverError: the device cannot be reached.
        """
        self.close()
        client = self._make()
        self._client = client
        try:
            is_there = await client.connect()
        except BaseException:
            self.close()
            raise
        if not is_there:
            self.close()
            raise DriverError("no Modbus connection to the device")

    async def read(self, address: int, count: int) -> list[int]:
        """Return registers.

        Raises:
            DriverError: the device refuses or does not answer.
        """
        words: list[int] = []
        while len(words) < count:
            here, more = address + len(words), min(count - len(words), MOST_WORDS)
            words += await self._asked(here, more)
        return words

    async def write(self, address: int, words: Sequence[int]) -> None:
        """Write registers.

        Raises:
            DriverError: the device refuses or does not answer.
        """
        client = self._connected()
        try:
            answer = await client.write_registers(address, list(words), device_id=self._unit)
            self._accepted(answer, f"the write of registers from {address}")
        except BaseException as error:
            self._failed(error)
            raise

    def close(self) -> None:
        """Close the connection; idempotent."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _asked(self, address: int, count: int) -> list[int]:
        client = self._connected()
        try:
            answer = await client.read_holding_registers(address, count=count, device_id=self._unit)
            self._accepted(answer, f"the reading of registers from {address}")
        except BaseException as error:
            self._failed(error)
            raise
        if len(answer.registers) != count:
            self.close()
            raise DriverError(f"{len(answer.registers)} registers came, {count} were asked for")
        return list(answer.registers)

    def _connected(self) -> Client:
        if self._client is None or not self._client.connected:
            raise DriverError("the Modbus connection is lost")
        return self._client

    def _accepted(self, answer: ModbusPDU, what: str) -> None:
        if answer.isError():
            raise DriverError(f"the device refuses {what} (exception {answer.exception_code})")

    def _failed(self, error: BaseException) -> None:
        """Close: an answer that comes too late must not be taken for the next one."""
        self.close()
        if isinstance(error, ModbusException):
            raise DriverError(str(error)) from error

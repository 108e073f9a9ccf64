"""SunSpec's points: numbers in 16-bit registers, with scale factors and marks for what is absent.

Source: SunSpec Device Information Model Specification, data types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from xmpp_cem.errors import DriverError

_WORD = 16
_LARGEST_SCALE = 10


class Kind(Enum):
    """How a number stands in registers: words, whether signed, and the bits that mean absent."""

    INT16 = (1, True, 0x8000)
    UINT16 = (1, False, 0xFFFF)
    ENUM16 = (1, False, 0xFFFF, "a choice")
    SUNSSF = (1, True, 0x8000, "a power of ten")
    INT32 = (2, True, 0x8000_0000)
    UINT32 = (2, False, 0xFFFF_FFFF)
    UINT64 = (4, False, 0xFFFF_FFFF_FFFF_FFFF)
    ACC32 = (2, False, 0)

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return int(self.value[0])

    @property
    def is_signed(self) -> bool:
        """Whether it can be negative, in two's complement."""
        return bool(self.value[1])

    @property
    def absent(self) -> int:
        """The bits of a number that the device does not have."""
        return int(self.value[2])


def decode(kind: Kind, words: Sequence[int]) -> int | None:
    """Return the number in registers, the highest word first; None: the device has none."""
    bits = 0
    for word in words:
        bits = bits << _WORD | word
    if bits == kind.absent:
        return None
    size = _WORD * kind.words
    return bits - (1 << size) if kind.is_signed and bits >> (size - 1) else bits


def encode(kind: Kind, number: int) -> list[int]:
    """Return the registers of a number.

    Raises:
        DriverError: it does not fit, or would mean that there is none.
    """
    size = _WORD * kind.words
    lowest = -(1 << (size - 1)) if kind.is_signed else 0
    bits = number & ((1 << size) - 1)
    if not lowest <= number < lowest + (1 << size) or bits == kind.absent:
        raise DriverError(f"{number} does not fit into SunSpec's {kind.name.lower()}")
    return [bits >> shift & 0xFFFF for shift in range(size - _WORD, -1, -_WORD)]


@dataclass(frozen=True)
class Point:
    """Where a number stands in its model.

    Args:
        offset: first register, counted from the model's id.
        kind: how it is written.
        scale: name of the point with its scale factor; empty: it has none.
    """

    offset: int
    kind: Kind
    scale: str = ""


@dataclass(frozen=True, eq=False)
class Model:
    """A SunSpec information model, as far as it is used.

    Args:
        ids: the ids with this layout.
        points: by SunSpec's names.
    """

    ids: tuple[int, ...]
    points: Mapping[str, Point] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """How many registers have to be read to see all points."""
        return max(point.offset + point.kind.words for point in self.points.values())


@dataclass(frozen=True)
class Block:
    """The registers of a model that were read from a device, from the model's id on."""

    model: Model
    words: Sequence[int]

    def raw(self, name: str) -> int | None:
        """Return a point's number without its scale; None: the device does not have it."""
        point = self.model.points[name]
        end = point.offset + point.kind.words
        if end > len(self.words):
            return None
        return decode(point.kind, self.words[point.offset : end])

    def scale(self, name: str) -> int:
        """Return the scale factor of a point, a power of ten; 0 where it has none.

        Raises:
            DriverError: it is beyond what SunSpec allows.
        """
        factor = self.model.points[name].scale
        scale = (self.raw(factor) or 0) if factor else 0
        if abs(scale) > _LARGEST_SCALE:
            raise DriverError(f"the scale factor {factor} is {scale}; -10 to 10 are allowed")
        return scale

    def value(self, name: str) -> Decimal | None:
        """Return a point in its unit; None: the device does not have it."""
        raw = self.raw(name)
        return None if raw is None else Decimal(raw).scaleb(self.scale(name))

    def whole(self, name: str) -> int | None:
        """Return a point in its unit, rounded; None: the device does not have it."""
        value = self.value(name)
        return None if value is None else round(value)

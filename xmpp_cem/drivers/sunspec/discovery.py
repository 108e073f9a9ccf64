"""Finds the SunSpec models of a device: a marker, then a chain of ids and lengths."""

from collections.abc import Mapping, Sequence

from xmpp_cem.drivers.sunspec.line import Line
from xmpp_cem.drivers.sunspec.models import ALL
from xmpp_cem.drivers.sunspec.points import Block, Model
from xmpp_cem.errors import DriverError

BASES = (40_000, 50_000, 0)
"""Where the marker may stand."""

_MARKER = [0x5375, 0x6E53]
_END = 0xFFFF
_MOST_MODELS = 100
_HEADER = 2

Places = Mapping[Model, tuple[int, int]]
"""Of each model that is used: its first register and how many it has."""


async def discovered(line: Line, bases: Sequence[int] = BASES) -> Places:
    """Return where a device's models stand; of several with one layout the first counts.

    Raises:
        DriverError: there is no SunSpec device, or its chain of models has no end.
    """
    address = await _base(line, bases) + len(_MARKER)
    by_id = {number: model for model in ALL for number in model.ids}
    found: dict[Model, tuple[int, int]] = {}
    for _ in range(_MOST_MODELS):
        number, length = await line.read(address, _HEADER)
        if number == _END:
            return found
        model = by_id.get(number)
        if model is not None:
            found.setdefault(model, (address, length + _HEADER))
        address += length + _HEADER
    raise DriverError(f"the chain of SunSpec models does not end after {_MOST_MODELS} of them")


async def _base(line: Line, bases: Sequence[int]) -> int:
    for base in bases:
        if not line.is_open:
            await line.open()
        try:
            if await line.read(base, len(_MARKER)) == _MARKER:
                return base
        except DriverError:
            # Where there are no registers devices refuse to read, which is no answer yet.
            continue
    raise DriverError(f"no SunSpec marker at {', '.join(map(str, bases))}")


async def fetched(line: Line, places: Places, model: Model) -> Block | None:
    """Return what a device says in a model now; None: it does not have it."""
    if model not in places:
        return None
    address, length = places[model]
    return Block(model, await line.read(address, min(length, model.words)))

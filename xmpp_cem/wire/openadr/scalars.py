"""Values as OpenADR writes them: durations, numbers with a scale, event ids with their order."""

import re
from datetime import timedelta
from decimal import Decimal

from xmpp_cem.model.event import Order
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.scalars import INSTANT as OUR_INSTANT
from xmpp_cem.wire.scalars import INTEGER, Scalar

LARGEST_NUMBER = 2**32 - 1
"""`modificationNumber` is an unsigned number of 32 bits."""

_DURATION = re.compile(
    r"\+?P(?=.)(?:(\d{1,5})D)?(?:T?(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?"
)
_FLOAT = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,2})?")
_FINER = re.compile(r"(\.\d{6})\d{1,6}(?=Z)")
_OURS = re.compile(r"(?P<event>[^/]+)/(?P<epoch>\d{1,16})")
_EXPONENTS = {"micro": -6, "m": -3, "c": -2, "d": -1, "none": 0, "k": 3, "M": 6, "G": 9, "T": 12}


def _read_duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError("a duration in days, hours, minutes and seconds is needed, as PT15M")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _write_duration(value: timedelta) -> str:
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    days = f"{value.days}D" if value.days else ""
    times = "".join(f"{number}{unit}" for number, unit in parts if number)
    return f"P{days}T{times}" if times else f"P{days or 'T0S'}"


def _read_float(text: str) -> Decimal:
    if not _FLOAT.fullmatch(text.strip()):
        raise ValueError("a number is needed")
    return Decimal(text.strip())


def _read_instant(text: str) -> object:
    """Read an instant whose fraction may be finer than ours, as some count in tenths of it."""
    return OUR_INSTANT.read(_FINER.sub(r"\1", text))


INSTANT = Scalar(_read_instant, OUR_INSTANT.write)
"""An instant in UTC, cut to microseconds."""

DURATION = Scalar(_read_duration, _write_duration)
"""Whole seconds; months and years, whose length varies, are not read."""

FLOAT = Scalar(_read_float, str)
"""A number; its text is kept exact, though `xs:float` promises only seven digits."""


def whole(value: Decimal, scale: str = "none") -> int:
    """Return a number with its siScaleCode as a whole number of the unit, half to even.

    Raises:
        RemoteProtocolError: 1.8 for a scale that power and energy do not have here.
    """
    if scale not in _EXPONENTS:
        raise refusal(Code.INVALID, f"siScaleCode {quoted(scale)} is not read")
    return round(value.scaleb(_EXPONENTS[scale]))


def write_event(event: str, order: Order) -> tuple[str, str]:
    """Return `eventID` and `modificationNumber` of a version of an event.

    The modification is the number, the epoch the second part of the id. So a number never falls
    within an id, and what a VTN tells in another epoch cannot be mistaken for an earlier version.
    """
    return f"{event}/{order.epoch}" if order.epoch else event, str(order.modification)


def read_event(event_id: str, number: str) -> tuple[str, dict[str, object]]:
    """Return what `write_event` took; an id without an epoch is of epoch 0.

    Raises:
        RemoteProtocolError: 1.8 when the number is no whole number.
    """
    event, epoch = event_id.strip(), 0
    if found := _OURS.fullmatch(event):
        event, epoch = found["event"], int(found["epoch"])
    try:
        return event, {"epoch": epoch, "modification": INTEGER.read(number)}
    except ValueError as error:
        raise refusal(Code.INVALID, f"modificationNumber: {error}") from None

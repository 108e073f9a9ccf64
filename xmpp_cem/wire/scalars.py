"""Single values as text: how each kind is written, and what is believed of it when read."""

import re
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from typing import Any, NamedTuple


class Scalar(NamedTuple):
    """A kind of value; `read` raises ValueError for text that is no such value."""

    read: Callable[[str], object]
    write: Callable[[Any], str]


_INTEGER = re.compile(r"-?[0-9]{1,18}")
_SHARE = re.compile(r"[01](?:\.[0-9]{1,9})?")
_MILLI = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,3}))?")
_DECIMAL = re.compile(r"-?[0-9]{1,7}(?:\.[0-9]{1,6})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
_SECONDS, _MILLISECONDS, _MICROSECONDS = 19, 23, 26
"""The length of an instant's text without its zone, by what its fraction is told to."""

_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError("a whole number of at most 18 digits is needed")
    return int(text)


def _read_share(text: str) -> Decimal:
    if not _SHARE.fullmatch(text.strip()):
        raise ValueError("a number from 0 to 1 with at most nine decimals is needed")
    return Decimal(text.strip())


def _read_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text.strip()):
        raise ValueError("a number with at most seven digits and six decimals is needed")
    return Decimal(text.strip())


def _read_milli(text: str) -> int:
    found = _MILLI.fullmatch(text.strip())
    if not found:
        raise ValueError("a number with at most three decimals is needed")
    sign, whole, rest = found.groups(default="")
    return int(f"{sign}{whole}{rest:0<3}")


def _write_milli(value: int) -> str:
    whole, rest = divmod(abs(value), 1000)
    return f"{'-' if value < 0 else ''}{whole}.{rest:03}"


def _read_instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text.strip()):
        raise ValueError("an instant in UTC is needed, as 2026-01-31T12:00:00Z")
    return datetime.fromisoformat(text.strip())


def _write_instant(value: datetime) -> str:
    text, microsecond = value.isoformat(), value.microsecond
    if not microsecond:
        return f"{text[:_SECONDS]}Z"
    return f"{text[: _MICROSECONDS if microsecond % 1000 else _MILLISECONDS]}Z"


def _read_local(text: str) -> datetime:
    if not _LOCAL.fullmatch(text.strip()):
        raise ValueError("a local time without a zone is needed, as 2026-01-31T08:00:00")
    return datetime.fromisoformat(text.strip())


def _read_time(text: str) -> time:
    if not _TIME.fullmatch(text.strip()):
        raise ValueError("a time of day is needed, as 08:00:00")
    return time.fromisoformat(text.strip())


def _read_boolean(text: str) -> bool:
    if text.strip() not in _BOOLEANS:
        raise ValueError("true or false is needed")
    return _BOOLEANS[text.strip()]


TEXT = Scalar(str, str)
"""Text for people, or opaque to us: kept as it is."""

TOKEN = Scalar(str.strip, str)
"""A name, an enumeration's value or a UUID: surrounding white space has no meaning."""

TOKENS = Scalar(lambda text: tuple(text.split()), " ".join)
"""Tokens separated by a space."""

INTEGER = Scalar(_read_integer, str)
"""A whole number in decimal digits; neither `+5` nor `5.0` nor `1e3`."""

SHARE = Scalar(_read_share, lambda value: f"{abs(value):.9f}")
"""0 to 1 with nine decimals; `abs` because a decimal zero may have a sign."""

DECIMAL = Scalar(_read_decimal, lambda value: f"{value or abs(value):.6f}")
"""A number with six decimals; `abs` as above."""

MILLI = Scalar(_read_milli, _write_milli)
"""Whole thousandths, written with three decimals: 230417 is `230.417`."""

INSTANT = Scalar(_read_instant, _write_instant)
"""An instant in UTC, ending in `Z`, with no more of a fraction than it has."""

LOCAL = Scalar(_read_local, lambda value: value.isoformat(timespec="seconds"))
"""What a clock on the wall shows, in whole seconds; the zone stands beside it."""

TIME = Scalar(_read_time, lambda value: value.isoformat(timespec="seconds"))
"""A time of day by the clock on the wall."""

BOOLEAN = Scalar(_read_boolean, lambda value: "true" if value else "false")
"""`true` or `false`, which XML Schema also lets others write as `1` or `0`."""

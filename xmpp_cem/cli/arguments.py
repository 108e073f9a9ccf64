"""Reads powers, lengths of time and instants as people write them, and declares options."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

_POWER = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,9})?) ?(W|kW|MW|w|kw|KW)")
_UNIT_W = {"W": 1, "w": 1, "kW": 1_000, "kw": 1_000, "KW": 1_000, "MW": 1_000_000}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|min|m|h|d)")
_UNIT_S = {"ms": "0.001", "s": "1", "m": "60", "min": "60", "h": "3600", "d": "86400"}
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_PROGRAMME = re.compile(r"[a-z0-9-]{1,32}")
_LONGEST = timedelta(days=366)


def power(text: str) -> int:
    """Return a power in whole W from such as `-60kW`, `500 W` or `1.5MW`.

    Raises:
        typer.BadParameter: no unit, or a fraction of a watt.
    """
    match = _POWER.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no power; write it with W, kW or MW, as -60kW")
    watts = Decimal(match[1]) * _UNIT_W[match[2]]
    if watts != watts.to_integral_value():
        raise typer.BadParameter(f"{text!r} is a fraction of a watt; write whole watts")
    return int(watts)


def amount(text: str) -> int:
    """Return a power above 0 in whole W.

    Raises:
        typer.BadParameter: as `power`, or not above 0.
    """
    watts = power(text)
    if watts <= 0:
        raise typer.BadParameter(f"{text!r} is not above 0; --power takes signed values")
    return watts


def duration(text: str) -> timedelta:
    """Return a length of time from such as `10s`, `1h30m` or `PT5M`, 0 to 366 days.

    Raises:
        typer.BadParameter: no unit, or out of range.
    """
    try:
        length = _compact(text.strip())
        length = _iso(text.strip()) if length is None else length
    except OverflowError:
        length = timedelta.max
    if length is None:
        raise typer.BadParameter(f"{text!r} is no length of time; write it as 10s, 5m, 1h30m")
    if length > _LONGEST:
        raise typer.BadParameter(f"{text!r} is too long; at most 366 days")
    return length


def instant(text: str) -> datetime:
    """Return an instant in UTC from ISO 8601 with a zone.

    Raises:
        typer.BadParameter: no instant, or without a zone.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no instant; write it as 2026-01-31T12:00:00Z"
        ) from error
    if at.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone; end it with Z for UTC")
    return at.astimezone(UTC)


def programme(text: str) -> str:
    """Return the id of a programme.

    Raises:
        typer.BadParameter: it cannot be one.
    """
    if not _PROGRAMME.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no programme: lower-case letters, digits and -")
    return text


def _compact(text: str) -> timedelta | None:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return timedelta(seconds=float(sum(Decimal(n) * Decimal(_UNIT_S[u]) for n, u in parts)))


def _iso(text: str) -> timedelta | None:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, rest = (float(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=rest)


File = Annotated[Path, typer.Argument(help="Configuration file (TOML).", metavar="FILE")]
"""The configuration file that every command needs."""

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
"""Whether a program reads the output."""

InDomain = Annotated[
    str | None,
    typer.Option(metavar="DOMAIN", help="Which of the file's domains; default: the first."),
]
"""Which domain a command is for."""

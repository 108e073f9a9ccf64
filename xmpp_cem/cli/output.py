"""What commands print: tables and lines for people, JSON for programs, errors as sentences."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xmpp_cem.model.availability import kilowatts

_WIDE = 160
_NUMBERS = frozenset(
    {"power", "committed", "increase", "decrease", "asked", "promised", "delivered"}
)

_STYLES = {
    "available": "green",
    "offering": "bright_green",
    "opted-in": "green",
    "active": "bold yellow",
    "completed": "green",
    "limited": "yellow",
    "opted-out": "magenta",
    "out-of-service": "red",
    "unreachable": "red",
    "cancelled": "red",
}


def style_of(word: str) -> str:
    """Return the colour of an availability, answer or status."""
    return _STYLES.get(word, "")


def console() -> Console:
    """Return the terminal; output into a file or pipe is not broken at 80 columns."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(width=width, highlight=False, soft_wrap=True)


def show_json(value: BaseModel | dict[str, object]) -> None:
    """Print one JSON document on one line."""
    if isinstance(value, BaseModel):
        print(value.model_dump_json(), flush=True)
    else:
        print(json.dumps(value), flush=True)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; columns of powers stand right, known words have colours."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        is_number = heading in {
            "power",
            "committed",
            "increase",
            "decrease",
            "asked",
            "promised",
            "delivered",
        }
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=style_of(cell)) for cell in row))
    console().print(table)


def show_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print one line per name and value."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, Text(value, style=style_of(value)))
    console().print(table)


def show_line(text: str, style: str = "") -> None:
    """Print one line."""
    console().print(Text(text, style=style))


def show_error(text: str, style: str = "red") -> None:
    """Print an error or, in another style, a remark for people on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text, style=style))


def signed_kw(power_w: int | None) -> str:
    """Write a change of power with its sign, `-` where it is unknown."""
    if power_w is None:
        return "-"
    return f"+{kilowatts(power_w)}" if power_w > 0 else kilowatts(power_w)


def rests_on(expected: int, reporting: int, oldest: datetime | None, permille: int) -> str:
    """Write in brackets what a sum rests on: who is missing, how much was estimated, how old."""
    told = [f"{reporting} of {expected}"] if expected != 1 else []
    if permille:
        told.append(f"{permille / 1000:.1%} estimated")
    if oldest is not None:
        told.append(f"oldest {oldest:%Y-%m-%d %H:%M:%S}")
    return f" ({', '.join(told)})" if told else ""

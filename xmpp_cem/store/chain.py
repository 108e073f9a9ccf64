"""The chain of the journal: each row carries a hash of itself and of all rows before it."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from xmpp_cem.store.checksums import COVERED, framed
from xmpp_cem.store.schema import journal, meta

HEAD = "journal_head"
"""Where the table `meta` has the value of the newest row; the value of CUT where there is none."""

CUT = "journal_cut"
"""Where it has the value of the last row that retention took; empty before the first."""

_AT_ONCE = 1000
_WRONG = "it or what came right before it was changed, added, moved or taken away"


@dataclass(frozen=True)
class Chain:
    """How a journal stands.

    Args:
        head: the newest value as the store has noted it, 64 hexadecimal digits; empty where no
            input was ever written.
        breaks: what does not follow from what stands before it, a sentence each, the oldest first.
    """

    head: str
    breaks: tuple[str, ...] = ()


def linked(previous: str, row: Mapping[Any, object]) -> str:
    """Return the value of a row, in hexadecimal digits.

    It is the SHA-256 of the digits of the row before, then for each of `at`, `kind` and `value`
    its length in bytes, a colon, and its bytes. The number of a row does not count: whoever copies
    a store numbers its rows anew.
    """
    return _hash(previous, _own(row))


def chained(
    previous: str, rows: Iterable[dict[str, object]]
) -> tuple[list[dict[str, object]], str]:
    """Return new rows with checksum and value, and the last one's value."""
    made = []
    for row in rows:
        own = _own(row)  # what both are reckoned from
        previous = _hash(previous, own)
        made.append({**row, "crc": zlib.crc32(own), "chain": bytes.fromhex(previous)})
    return made, previous


def noted(connection: Connection) -> dict[str, str]:
    """Return what the store itself has noted of its journal: HEAD and CUT, those that are there."""
    wanted = select(meta.c["name"], meta.c["value"]).where(meta.c["name"].in_((HEAD, CUT)))
    return {row["name"]: row["value"] for row in connection.execute(wanted).mappings()}


def note(connection: Connection, values: Mapping[str, str]) -> None:
    """Note where the journal begins or ends."""
    for name, value in values.items():
        connection.execute(meta.update().where(meta.c["name"] == name).values(value=value))


def examine(connection: Connection, known: str = "") -> Chain:
    """Read the whole journal and see that each row follows from the one before it.

    Args:
        connection: inside a transaction that sees one instant.
        known: a head that somebody noted elsewhere; it must still be there.
    """
    own = noted(connection)
    head, previous = own.get(HEAD, ""), own.get(CUT, "")
    passed, breaks = previous == known, []
    last = "the beginning"
    for row in _rows(connection):
        name = f"row {row['seq']} of {row['at']}"
        value = digits(row["chain"])
        if value != _expected(previous, row):
            breaks.append(f"journal: {name} does not follow from {last}: {_WRONG}")
        last, previous = name, value
        passed = passed or value == known
    if previous != head or len(own) != len((HEAD, CUT)):
        breaks.append(f"journal: it ends with {last}, not where its store left it")
    if known and not passed:
        breaks.append(
            f"journal: {known} is no value of it: that row was cut by retention since, "
            "or the journal was rewritten, or an older store was put back"
        )
    return Chain(head, tuple(breaks))


def digits(value: object) -> str:
    """Return a row's value in digits; empty for what no row of ours has."""
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else ""


def _own(row: Mapping[Any, object]) -> bytes:
    return framed([row[name] for name in COVERED["journal"]])


def _hash(previous: str, own: bytes) -> str:
    return hashlib.sha256(previous.encode() + own).hexdigest()


def _expected(previous: str, row: RowMapping) -> str | None:
    try:
        return linked(previous, row)
    except TypeError:  # no row of ours has such a value
        return None


def _rows(connection: Connection) -> Iterator[RowMapping]:
    ordered = select(journal).order_by(journal.c["seq"])
    yield from connection.execution_options(yield_per=_AT_ONCE).execute(ordered).mappings()

"""Checksums of rows: SQLite has none of its pages, so a flipped byte would go unnoticed."""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from xmpp_cem.errors import StoreError

COVERED = {
    "records": ("kind", "key", "value"),
    "outbox": ("id", "link", "kind", "destination", "item_id", "payload", "expires"),
    "received": ("sender", "message_id", "reply", "at"),
    "journal": ("at", "kind", "value"),
}
"""The columns of each table that its `crc` covers, in this order, for ever."""


def checksum(values: Iterable[object]) -> int:
    """Return the CRC-32 of a row's values; raises TypeError for one that no row of ours has."""
    return zlib.crc32(framed(values))


def framed(values: Iterable[object]) -> bytes:
    """Return the bytes of values one after the other, each led by its length and a colon."""
    parts: list[bytes] = []
    for value in values:
        data = _exact(value)
        parts += (b"%d:" % len(data), data)
    return b"".join(parts)


def is_whole(table: str, row: Mapping[Any, object]) -> bool:
    """Whether a row of a table is as it was written."""
    try:
        return row["crc"] == checksum(row[name] for name in COVERED[table])
    except TypeError:
        return False


def require_whole(table: str, row: Mapping[Any, object]) -> None:
    """Raise StoreError for a row that is not as it was written."""
    if not is_whole(table, row):
        raise StoreError(f"a row of its table {table} is damaged; restore a backup")


def sealed(table: str, row: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a new row with their checksum."""
    return {**row, "crc": checksum(row[name] for name in COVERED[table])}


def _exact(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    if isinstance(value, memoryview):
        return bytes(value)
    raise TypeError(f"{type(value).__name__} is neither text nor bytes")

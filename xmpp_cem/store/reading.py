"""Reads the records of a store beside its agent, without locking it out."""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select

from xmpp_cem.model.keeping import Row
from xmpp_cem.store import schema
from xmpp_cem.store.backends import fitting
from xmpp_cem.store.checksums import require_whole
from xmpp_cem.store.faults import explained
from xmpp_cem.store.migrating import revision_of


def records_of(place: Path | str, kind: str) -> tuple[Row, ...]:
    """Return the records of one kind as they are now; none where no agent has run yet.

    Raises:
        StoreError: it cannot be read, or a row is damaged.
    """
    backend = fitting(place)
    if isinstance(place, Path) and not place.exists():
        return ()
    table = schema.records
    wanted = select(table).where(table.c["kind"] == kind).order_by(table.c["key"])
    with explained(backend.name), ExitStack() as opened:
        connection = backend.read(opened)
        if revision_of(connection) is None:
            return ()
        rows = connection.execute(wanted).mappings().all()
        for row in rows:
            require_whole("records", row)
        return tuple(Row(row["kind"], row["key"], bytes(row["value"])) for row in rows)

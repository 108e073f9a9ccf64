"""A party's SQLite file as one thread uses it."""

import os
import sqlite3
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, RowMapping, create_engine, delete, select
from sqlalchemy.pool import NullPool

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Outgoing, Received, Row
from xmpp_cem.store import schema, statements
from xmpp_cem.store.lockfile import take_lock

IN_MEMORY = Path(":memory:")

_BUSY_S = 5.0


class StoreFile:
    """Everything that DatabaseStore does, blocking; one thread calls it all.

    Structure and rare reads go through SQLAlchemy. Commits give the same connection statements
    that SQLAlchemy compiled beforehand, which costs less than half the time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path if path == IN_MEMORY else path.resolve()
        self._opened = ExitStack()
        self._connection: Connection
        self._driver: sqlite3.Connection

    def open(self) -> None:
        """Lock, connect, check or create; leave nothing open after an error."""
        with ExitStack() as opened:
            if self._path != IN_MEMORY:
                opened.callback(os.close, take_lock(self._path))
                # made here because SQLite would let everybody read it
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            url = URL.create("sqlite", database=str(self._path))
            engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_S})
            self._connection = opened.enter_context(engine.connect())
            driver = self._connection.connection.driver_connection
            if not isinstance(driver, sqlite3.Connection):
                raise StoreError("SQLAlchemy was told to use another driver than sqlite3")
            self._driver = driver
            self._prepare()
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Disconnect, which folds the log into the file, and unlock."""
        self._opened.close()

    def load(self) -> Kept:
        """Read all records, by kind and key, and the outbox in its order."""
        records, outbox = schema.records, schema.outbox
        with self._connection.begin():
            rows = self._connection.execute(
                select(records).order_by(records.c["kind"], records.c["key"])
            ).all()
            entries = self._connection.execute(select(outbox).order_by(outbox.c["seq"]))
            waiting = entries.mappings().all()
        return Kept(
            tuple(Row(*row) for row in rows),
            tuple(_outgoing(entry) for entry in waiting),
        )

    def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction."""
        # the driver begins with the first statement; leaving commits, or rolls back on an error
        with self._driver:
            self._each(statements.DROP, [{"kind": kind, "key": key} for kind, key in batch.drop])
            self._each(statements.PUT, [vars(row) for row in batch.put])
            self._each(statements.SENT, [{"id": entry_id} for entry_id in batch.sent])
            self._send(batch.send)
            self._each(statements.RECEIVED, [_dated(one) for one in batch.received])
            self._each(statements.JOURNAL, [_dated(one) for one in batch.journal])

    def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Look the stored reply up."""
        asked = {"sender": sender, "message_id": message_id}
        found = self._driver.execute(statements.REPLY, asked).fetchone()
        return None if found is None else bytes(found[0])

    def journal(self, last: int) -> tuple[Journalled, ...]:
        """Read the newest inputs, oldest of them first."""
        table = schema.journal
        newest = select(table).order_by(table.c["seq"].desc()).limit(max(0, last))
        with self._connection.begin():
            rows = self._connection.execute(newest).all()
        return tuple(
            Journalled(datetime.fromisoformat(at), kind, value)
            for _, at, kind, value in reversed(rows)
        )

    def prune(self, before: datetime, keep_journal: int) -> None:
        """Delete old answers and inputs."""
        received, table = schema.received, schema.journal
        newest_to_go = (
            select(table.c["seq"])
            .order_by(table.c["seq"].desc())
            .limit(1)
            .offset(max(0, keep_journal))
        ).scalar_subquery()
        with self._connection.begin():
            self._connection.execute(delete(received).where(received.c["at"] < _text(before)))
            self._connection.execute(delete(table).where(table.c["seq"] <= newest_to_go))

    def _prepare(self) -> None:
        # checked first, because the settings below would change a foreign file
        exists = schema.check(self._connection)
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._connection.exec_driver_sql(f"PRAGMA {setting}")
        self._connection.commit()
        if not exists:
            with self._connection.begin():
                # the driver by itself would commit after every CREATE
                self._connection.exec_driver_sql("BEGIN IMMEDIATE")
                schema.create(self._connection)

    def _send(self, entries: list[Outgoing]) -> None:
        # one after the other, because an entry may supersede another of its batch
        for entry in entries:
            values = {**vars(entry), "expires": _text(entry.expires)}
            if entry.kind != "transact":
                self._driver.execute(statements.SUPERSEDE, values)
            self._driver.execute(statements.SEND, values)

    def _each(self, statement: str, values: list[dict[str, Any]]) -> None:
        if values:
            self._driver.executemany(statement, values)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _dated(one: Received | Journalled) -> dict[str, Any]:
    return {**vars(one), "at": _text(one.at)}


def _outgoing(row: RowMapping) -> Outgoing:
    values = {name: value for name, value in row.items() if name != "seq"}
    return Outgoing(**values | {"expires": datetime.fromisoformat(row["expires"])})

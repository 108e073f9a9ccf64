"""What a store does, as one thread does it."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Outgoing, Received, Retention, Row
from xmpp_cem.store import chain, schema
from xmpp_cem.store.backends import Backend
from xmpp_cem.store.checksums import require_whole, sealed
from xmpp_cem.store.migrating import is_newest, migrate, revision_of
from xmpp_cem.store.statements import Statements, last_to_go, pruning


class Work:
    """Everything that DatabaseStore does, blocking; one thread calls it all.

    A connection that was lost is made again by the next call. Whether a commit took effect whose
    answer was lost is then read from the database.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._opened = ExitStack()
        self._connection: Connection
        self._sql: Statements
        self._head = ""
        self._writer = ""
        self._unanswered: tuple[str, Batch | None] = ("", None)

    def open(self) -> None:
        """Lock, connect, create or migrate; leave nothing open after an error."""
        self._connect(again=False)
        self._take_over()

    def close(self) -> None:
        """Disconnect, which folds SQLite's log into the file, and unlock."""
        self._opened.close()

    def load(self) -> Kept:
        """Read all records, by kind and key, and the outbox in its order."""
        records, outbox = schema.records, schema.outbox
        with self._ready().begin():
            rows = self._rows(select(records).order_by(records.c["kind"], records.c["key"]))
            waiting = self._rows(select(outbox).order_by(outbox.c["seq"]))
        return Kept(
            tuple(Row(row["kind"], row["key"], bytes(row["value"])) for row in rows),
            tuple(_outgoing(entry) for entry in waiting),
        )

    def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction."""
        connection = self._ready()
        if self._unanswered[1] is batch and self._writer == self._unanswered[0]:
            return
        inputs, head = chain.chained(self._head, map(_dated, batch.journal))
        with connection.begin():
            if self._backend.is_fenced:
                self._fence(batch, head)
            elif inputs:
                self._each(self._sql.head, [{"head": head}])
            self._each(self._sql.drop, [{"kind": kind, "key": key} for kind, key in batch.drop])
            self._add(self._sql.put, "records", (vars(row) for row in batch.put))
            self._each(self._sql.sent, [{"id": entry_id} for entry_id in batch.sent])
            self._send(batch.send)
            self._add(self._sql.received, "received", map(_dated, batch.received))
            self._each(self._sql.journal, inputs)
        self._head = head
        self._writer = self._unanswered[0]
        self._unanswered = (self._writer, None)

    def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Look the stored reply up."""
        asked = {"sender": sender, "message_id": message_id}
        with self._ready().begin():
            found = self._connection.exec_driver_sql(self._sql.reply, asked).mappings().first()
        if found is None:
            return None
        require_whole("received", found)
        return bytes(found["reply"])

    def journal(self, last: int) -> tuple[Journalled, ...]:
        """Read the newest inputs, oldest of them first."""
        table = schema.journal
        newest = select(table).order_by(table.c["seq"].desc()).limit(max(0, last))
        with self._ready().begin():
            rows = self._rows(newest)
        return tuple(
            Journalled(datetime.fromisoformat(row["at"]), row["kind"], bytes(row["value"]))
            for row in reversed(rows)
        )

    def prune(self, now: datetime, retention: Retention) -> None:
        """Delete old answers and inputs."""
        with self._ready().begin():
            for statement in pruning(_text(now - retention.replies_for), retention):
                self._connection.execute(statement)
            found = [self._connection.execute(each).scalar() for each in last_to_go(retention)]
            numbers = [number for number in found if number is not None]
            if numbers:
                self._cut(max(numbers))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write rows as they are, in one transaction."""
        connection = self._ready()
        with connection.begin():
            self._backend.begin(connection)
            yield connection

    def _ready(self) -> Connection:
        """Return a connection that stands; a lost one is made again, under the lock."""
        if self._connection.invalidated or self._connection.closed:
            self._opened.close()
            self._connect(again=True)
            self._resume()
        return self._connection

    def _connect(self, *, again: bool) -> None:
        with ExitStack() as opened:
            connection = self._backend.connect(opened, again=again)
            with connection.begin():
                revision = revision_of(connection)
            self._backend.settle(connection)
            if not is_newest(revision):
                with connection.begin():
                    self._backend.begin(connection)
                    migrate(connection, revision)
            with connection.begin():
                self._head = chain.noted(connection).get(chain.HEAD, "")
            self._connection = connection
            self._sql = Statements(connection.dialect)
            self._opened = opened.pop_all()

    def _take_over(self) -> None:
        """Become the writer, so that whoever was it before is told with its next commit."""
        if not self._backend.is_fenced:
            return
        self._writer = f"{secrets.token_hex(8)}.0"
        with self._connection.begin():
            change = schema.meta.update().where(schema.meta.c["name"] == "writer")
            self._connection.execute(change.values(value=self._writer))
        self._unanswered = (self._writer, None)

    def _resume(self) -> None:
        """See that nobody has written in between, and what became of an unanswered commit."""
        asked = select(schema.meta.c["value"]).where(schema.meta.c["name"] == "writer")
        with self._connection.begin():
            found = self._connection.execute(asked).scalar_one_or_none()
        if found not in {self._writer, self._unanswered[0]}:
            self._opened.close()
            raise _replaced()
        self._writer = str(found)

    def _fence(self, batch: Batch, head: str) -> None:
        name, _, number = self._writer.partition(".")
        new = f"{name}.{int(number) + 1}"
        self._unanswered = (new, batch)
        change = {"new": new, "old": self._writer, "head": head}
        if "writer" not in self._connection.exec_driver_sql(self._sql.fence, change).scalars():
            raise _replaced()

    def _rows(self, statement: Select[Any]) -> list[RowMapping]:
        rows = list(self._connection.execute(statement).mappings())
        table = statement.get_final_froms()[0]
        for row in rows:
            require_whole(str(table), row)
        return rows

    def _send(self, entries: list[Outgoing]) -> None:
        # one after the other, because an entry may supersede another of its batch
        for entry in entries:
            values = sealed("outbox", {**vars(entry), "expires": _text(entry.expires)})
            if entry.kind != "transact":
                self._each(self._sql.supersede, [values])
            self._each(self._sql.send, [values])

    def _cut(self, last: int) -> None:
        """Delete inputs up to a number, and note where the chain goes on."""
        seq, value = schema.journal.c["seq"], schema.journal.c["chain"]
        found = self._connection.execute(select(value).where(seq == last)).scalar()
        chain.note(self._connection, {chain.CUT: chain.digits(found)})
        self._connection.execute(schema.journal.delete().where(seq <= last))

    def _add(self, statement: str, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        self._each(statement, [sealed(table, row) for row in rows])

    def _each(self, statement: str, values: list[dict[str, Any]]) -> None:
        if values:
            self._connection.exec_driver_sql(statement, values)


def _replaced() -> StoreError:
    return StoreError("another process has written to it since: stop one of the two, or start anew")


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _dated(one: Received | Journalled) -> dict[str, Any]:
    return {**vars(one), "at": _text(one.at)}


def _outgoing(row: RowMapping) -> Outgoing:
    values = {name: value for name, value in row.items() if name not in {"seq", "crc"}}
    expires = datetime.fromisoformat(row["expires"])
    return Outgoing(**values | {"expires": expires, "payload": bytes(row["payload"])})

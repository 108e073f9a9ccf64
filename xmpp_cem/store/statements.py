"""The statements of the hot path, compiled once per kind of database."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Delete, bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import ClauseElement

from xmpp_cem.model.keeping import Retention
from xmpp_cem.store.checksums import COVERED
from xmpp_cem.store.schema import journal, meta, outbox, received, records

_OUTGOING = [*COVERED["outbox"], "crc"]


class Statements:
    """SQL text for a dialect's driver; parameters are given by name."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        put, send = insert(records), insert(outbox)
        self.put = self._sql(
            put.on_conflict_do_update(
                index_elements=["kind", "key"],
                set_={name: put.excluded[name] for name in ("value", "crc")},
            ),
            [*COVERED["records"], "crc"],
        )
        self.drop = self._sql(
            delete(records).where(
                records.c["kind"] == bindparam("kind"), records.c["key"] == bindparam("key")
            )
        )
        self.send = self._sql(
            send.on_conflict_do_update(
                index_elements=["id"], set_={name: send.excluded[name] for name in _OUTGOING[1:]}
            ),
            _OUTGOING,
        )
        self.supersede = self._sql(_superseded())
        self.sent = self._sql(delete(outbox).where(outbox.c["id"] == bindparam("id")))
        self.received = self._sql(
            insert(received).on_conflict_do_nothing(), [*COVERED["received"], "crc"]
        )
        self.reply = self._sql(
            select(*(received.c[name] for name in (*COVERED["received"], "crc"))).where(
                received.c["sender"] == bindparam("sender"),
                received.c["message_id"] == bindparam("message_id"),
            )
        )
        self.journal = self._sql(insert(journal).inline(), [*COVERED["journal"], "crc"])
        self.fence = self._sql(
            update(meta)
            .values(value=bindparam("new"))
            .where(
                meta.c["name"] == literal_column("'writer'"), meta.c["value"] == bindparam("old")
            )
        )

    def _sql(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> str:
        compiled = statement.compile(
            dialect=self._dialect, column_keys=columns, compile_kwargs={"literal_binds": False}
        )
        return str(compiled)


def _superseded() -> ClauseElement:
    return delete(outbox).where(
        outbox.c["link"] == bindparam("link"),
        outbox.c["destination"] == bindparam("destination"),
        outbox.c["item_id"] == bindparam("item_id"),
        outbox.c["id"] != bindparam("id"),
        outbox.c["kind"] != literal_column("'transact'"),
    )


def pruning(before: str, retention: Retention) -> Iterator[Delete]:
    """Yield what deletes all that is not to be kept.

    Args:
        before: answers given earlier go.
        retention: how much stays.
    """
    at, seq, value = received.c["at"], journal.c["seq"], journal.c["value"]
    yield delete(received).where(at < before)
    yield _from_nth_newest(at, retention.replies)
    yield _from_nth_newest(seq, retention.journal_rows)
    newer = func.sum(func.length(value)).over(order_by=seq.desc()).label("newer")
    sizes = select(seq, newer).subquery()
    too_old = select(func.max(sizes.c["seq"])).where(sizes.c["newer"] > retention.journal_bytes)
    yield delete(journal).where(seq <= too_old.scalar_subquery())


def _from_nth_newest(column: Column[Any], kept: int) -> Delete:
    first = select(column).order_by(column.desc()).limit(1).offset(max(0, kept)).subquery()
    return delete(column.table).where(column <= select(first).scalar_subquery())

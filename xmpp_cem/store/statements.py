"""The statements of the hot path, compiled once per kind of database."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import ClauseElement

from xmpp_cem.model.keeping import Retention
from xmpp_cem.store.chain import HEAD
from xmpp_cem.store.checksums import COVERED
from xmpp_cem.store.schema import journal, meta, outbox, received, records

_HEAD: ColumnElement[str] = literal_column(f"'{HEAD}'")
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
        self.journal = self._sql(insert(journal).inline(), [*COVERED["journal"], "crc", "chain"])
        self.head = self._sql(
            update(meta).values(value=bindparam("head")).where(meta.c["name"] == _HEAD)
        )
        self.fence = self._sql(_fence())

    def _sql(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> str:
        compiled = statement.compile(
            dialect=self._dialect, column_keys=columns, compile_kwargs={"literal_binds": False}
        )
        return str(compiled)


def _fence() -> ClauseElement:
    """Return what moves the fence on and notes the journal's head, and tells what it found."""
    name, value = meta.c["name"], meta.c["value"]
    fence = name == literal_column("'writer'")
    new = case((fence, bindparam("new")), else_=bindparam("head"))
    found = or_(name == _HEAD, and_(fence, value == bindparam("old")))
    return update(meta).values(value=new).where(found).returning(name)


def _superseded() -> ClauseElement:
    return delete(outbox).where(
        outbox.c["link"] == bindparam("link"),
        outbox.c["destination"] == bindparam("destination"),
        outbox.c["item_id"] == bindparam("item_id"),
        outbox.c["id"] != bindparam("id"),
        outbox.c["kind"] != literal_column("'transact'"),
    )


def pruning(before: str, retention: Retention) -> Iterator[Delete]:
    """Yield what deletes the answers that are not to be kept.

    Args:
        before: answers given earlier go.
        retention: how much stays.
    """
    at = received.c["at"]
    yield delete(received).where(at < before)
    yield delete(received).where(at <= _nth_newest(at, retention.replies).scalar_subquery())


def last_to_go(retention: Retention) -> Iterator[Select[Any]]:
    """Yield what finds the newest inputs, by their number, that are too many and too large."""
    seq, value = journal.c["seq"], journal.c["value"]
    yield _nth_newest(seq, retention.journal_rows)
    newer = func.sum(func.length(value)).over(order_by=seq.desc()).label("newer")
    sizes = select(seq, newer).subquery()
    yield select(func.max(sizes.c["seq"])).where(sizes.c["newer"] > retention.journal_bytes)


def _nth_newest(column: Column[Any], kept: int) -> Select[Any]:
    first = select(column).order_by(column.desc()).limit(1).offset(max(0, kept)).subquery()
    return select(first)

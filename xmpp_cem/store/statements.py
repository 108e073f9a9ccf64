"""The statements of the hot path, compiled once to the driver's SQL."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, literal_column, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import ClauseElement

from xmpp_cem.store.schema import journal, outbox, received, records


def _sql(statement: ClauseElement, columns: Sequence[str] | None = None) -> str:
    dialect = sqlite.dialect(paramstyle="named")
    return str(statement.compile(dialect=dialect, column_keys=columns))


_put = sqlite.insert(records)
PUT = _sql(
    _put.on_conflict_do_update(
        index_elements=["kind", "key"], set_={"value": _put.excluded["value"]}
    ),
    ["kind", "key", "value"],
)
DROP = _sql(
    delete(records).where(
        records.c["kind"] == bindparam("kind"), records.c["key"] == bindparam("key")
    )
)

_OUTGOING = ["id", "link", "kind", "destination", "item_id", "payload", "expires"]
_send = sqlite.insert(outbox)
SEND = _sql(
    _send.on_conflict_do_update(
        index_elements=["id"], set_={name: _send.excluded[name] for name in _OUTGOING[1:]}
    ),
    _OUTGOING,
)
SUPERSEDE = _sql(
    delete(outbox).where(
        outbox.c["link"] == bindparam("link"),
        outbox.c["destination"] == bindparam("destination"),
        outbox.c["item_id"] == bindparam("item_id"),
        outbox.c["id"] != bindparam("id"),
        outbox.c["kind"] != literal_column("'transact'"),
    )
)
SENT = _sql(delete(outbox).where(outbox.c["id"] == bindparam("id")))

RECEIVED = _sql(
    sqlite.insert(received).on_conflict_do_nothing(), ["sender", "message_id", "reply", "at"]
)
REPLY = _sql(
    select(received.c["reply"]).where(
        received.c["sender"] == bindparam("sender"),
        received.c["message_id"] == bindparam("message_id"),
    )
)
JOURNAL = _sql(sqlite.insert(journal), ["at", "kind", "value"])

"""A chain of hashes through the journal, and where it begins and ends."""

import sqlalchemy as sa
from alembic import op

from xmpp_cem.store.chain import linked

revision = "0003"
down_revision = "0002"

_AT_ONCE = 1000
_JOURNAL = sa.table("journal", *map(sa.column, ("seq", "at", "kind", "value", "chain")))


def upgrade() -> None:
    """Chain the inputs as they stand now: what was done to them before, nobody can see."""
    empty = sa.text("''")
    op.add_column(
        "journal", sa.Column("chain", sa.LargeBinary, nullable=False, server_default=empty)
    )
    head = _chain_all(op.get_bind())
    meta = sa.table("meta", sa.column("name"), sa.column("value"))
    ends = {"journal_cut": "", "journal_head": head}
    op.bulk_insert(meta, [{"name": name, "value": value} for name, value in ends.items()])


def _chain_all(connection: sa.Connection) -> str:
    seq = _JOURNAL.c.seq
    change = _JOURNAL.update().where(seq == sa.bindparam("old_seq"))
    change = change.values(chain=sa.bindparam("new_chain", type_=sa.LargeBinary))
    head, after = "", None
    while True:
        newer = _JOURNAL.select().order_by(seq).limit(_AT_ONCE)
        rows = connection.execute(newer if after is None else newer.where(seq > after)).mappings()
        values = []
        for row in rows:
            head, after = linked(head, row), row["seq"]
            values.append({"old_seq": after, "new_chain": bytes.fromhex(head)})
        if not values:
            return head
        connection.execute(change, values)

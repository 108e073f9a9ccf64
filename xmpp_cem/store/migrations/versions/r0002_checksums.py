"""A checksum in every row, an index to prune answers by, and who wrote last."""

import sqlalchemy as sa
from alembic import op

from xmpp_cem.store.checksums import COVERED, checksum

revision = "0002"
down_revision = "0001"

_KEYS = {
    "records": ("kind", "key"),
    "outbox": ("seq",),
    "received": ("sender", "message_id"),
    "journal": ("seq",),
}


def upgrade() -> None:
    """Add and fill the columns; programs before migrations refuse schema 2 by its number."""
    for name, keys in _KEYS.items():
        op.add_column(name, sa.Column("crc", sa.BigInteger, nullable=False, server_default="0"))
        _fill(name, keys)
    op.create_index("received_at", "received", ["at"])
    meta = sa.table("meta", sa.column("name"), sa.column("value"))
    op.execute(meta.update().where(meta.c.name == "schema").values(value="2"))
    op.bulk_insert(meta, [{"name": "writer", "value": ""}])


def _fill(name: str, keys: tuple[str, ...]) -> None:
    columns = dict.fromkeys((*keys, *COVERED[name], "crc"))
    table = sa.table(name, *(sa.column(column) for column in columns))
    connection = op.get_bind()
    change = table.update().values(crc=sa.bindparam("new_crc"))
    for key in keys:
        change = change.where(table.c[key] == sa.bindparam(f"old_{key}"))
    values = [
        {
            "new_crc": checksum(row[column] for column in COVERED[name]),
            **{f"old_{key}": row[key] for key in keys},
        }
        for row in connection.execute(table.select()).mappings()
    ]
    if values:
        connection.execute(change, values)

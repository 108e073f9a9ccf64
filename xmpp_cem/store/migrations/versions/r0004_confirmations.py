"""What a VEN's VTN has confirmed becomes a record of its own, as it changes seldom."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from xmpp_cem.store.checksums import require_whole, sealed

revision = "0004"
down_revision = "0003"

_RECORDS = sa.table("records", *map(sa.column, ("kind", "key", "value", "crc")))


def upgrade() -> None:
    """Take the confirmed capabilities out of each record of a VEN."""
    connection = op.get_bind()
    kind, key = _RECORDS.c.kind, _RECORDS.c.key
    for row in connection.execute(_RECORDS.select().where(kind == "ven")).mappings().all():
        require_whole("records", row)
        ven = json.loads(bytes(row["value"]))
        confirmed = {"confirmed": ven.pop("confirmed", []), "kind": "confirmed"}
        if "domain" in ven:
            confirmed["domain"] = ven["domain"]
        change = _RECORDS.update().where(kind == "ven", key == row["key"])
        connection.execute(change.values(**_row("ven", row["key"], ven)))
        op.bulk_insert(_RECORDS, [_row("confirmed", row["key"], confirmed)])


def _row(kind: str, key: str, value: dict[str, Any]) -> dict[str, object]:
    written = json.dumps(value, separators=(",", ":")).encode()
    return sealed("records", {"kind": kind, "key": key, "value": written})

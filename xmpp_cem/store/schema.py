"""The tables of a party's store."""

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    select,
)

from xmpp_cem.errors import StoreError

VERSION = 1

_APPLICATION = "xmpp_cem"
_TABLES = MetaData()

meta = Table(
    "meta",
    _TABLES,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
records = Table(
    "records",
    _TABLES,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
outbox = Table(
    "outbox",
    _TABLES,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("link", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("expires", Text, nullable=False),
    Index("outbox_item", "link", "destination", "item_id"),
)
received = Table(
    "received",
    _TABLES,
    Column("sender", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("reply", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
)
journal = Table(
    "journal",
    _TABLES,
    Column("seq", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
)


def check(connection: Connection) -> bool:
    """Return whether the tables exist; the file is only read.

    Raises:
        StoreError: the tables are another program's or a newer version's.
    """
    names = inspect(connection).get_table_names()
    if not names:
        return False
    described: dict[str, str] = {}
    if "meta" in names:
        described.update((name, value) for name, value in connection.execute(select(meta)))
    version = described.get("schema", "")
    if described.get("application") != _APPLICATION or not version.isdecimal():
        raise StoreError("it belongs to another program: configure another path")
    if int(version) != VERSION:
        raise StoreError(
            f"it has schema {version} and this program reads schema {VERSION}: "
            "install the version that wrote it, or restore a backup of before"
        )
    return True


def create(connection: Connection) -> None:
    """Create the tables inside the caller's transaction."""
    _TABLES.create_all(connection, checkfirst=False)
    described = {"application": _APPLICATION, "schema": str(VERSION)}
    connection.execute(
        meta.insert(), [{"name": name, "value": value} for name, value in described.items()]
    )

"""The tables of a party's store, as the newest migration leaves them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TEXT

TABLES = MetaData()

_NAME = Text().with_variant(TEXT(collation="C"), "postgresql")
"""Text in the order of its bytes, whatever the language of a database is."""

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _crc() -> Column[int]:
    return Column("crc", BigInteger, nullable=False, server_default="0")


meta = Table(
    "meta",
    TABLES,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
records = Table(
    "records",
    TABLES,
    Column("kind", _NAME, primary_key=True),
    Column("key", _NAME, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    _crc(),
)
outbox = Table(
    "outbox",
    TABLES,
    Column("seq", _NUMBER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("link", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("expires", Text, nullable=False),
    _crc(),
    Index("outbox_item", "link", "destination", "item_id"),
)
received = Table(
    "received",
    TABLES,
    Column("sender", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("reply", LargeBinary, nullable=False),
    Column("at", _NAME, nullable=False),
    _crc(),
    Index("received_at", "at"),
)
journal = Table(
    "journal",
    TABLES,
    Column("seq", _NUMBER, primary_key=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    _crc(),
    Column("chain", LargeBinary, nullable=False, server_default=text("''")),
)

"""Brings the tables of a store to this program's schema, or says why not."""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from xmpp_cem.errors import StoreError
from xmpp_cem.store.schema import meta

REVISIONS = ("0001", "0002", "0003", "0004")
"""All that this program knows, oldest first; listed here so that alembic loads only to migrate."""

_BASELINE, _NEWEST = REVISIONS[0], REVISIONS[-1]
_APPLICATION = "xmpp_cem"
_VERSIONS = table("alembic_version", column("version_num"))


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the tables, None where there are none; nothing is written.

    Raises:
        StoreError: the tables are another program's or a newer version's.
    """
    names = inspect(connection).get_table_names()
    if not names:
        return None
    described: dict[str, str] = {}
    if "meta" in names:
        described.update((name, value) for name, value in connection.execute(select(meta)))
    if described.get("application") != _APPLICATION:
        raise StoreError("it belongs to another program: configure another path or database")
    revision: str | None
    if "alembic_version" in names:
        revision = connection.execute(select(_VERSIONS)).scalar_one_or_none()
    else:  # made before there were migrations
        revision = _BASELINE if described.get("schema") == "1" else described.get("schema")
    if revision not in REVISIONS:
        raise StoreError(
            f"it has schema {revision} and this program reads up to schema {_NEWEST}: "
            "install the version that wrote it, or restore a backup of before"
        )
    return str(revision)


def is_newest(revision: str | None) -> bool:
    """Whether tables of this revision can be used as they are."""
    return revision == _NEWEST


def migrate(connection: Connection, revision: str | None) -> None:
    """Create or change the tables inside the caller's transaction: all of it or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    if revision is not None and "alembic_version" not in inspect(connection).get_table_names():
        command.stamp(config, revision)
    command.upgrade(config, "head")

import resource
import sqlite3
from contextlib import closing

import pytest

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Kept
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.store.sqlite import SqliteFile
from xmpp_cem.store.work import Work


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def refused(path, match):
    before = path.read_bytes()
    with pytest.raises(StoreError, match=match):
        Work(SqliteFile(path)).open()
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_left_alone(path):
    file = Work(SqliteFile(path))
    file.open()
    file.close()
    change(path, "UPDATE alembic_version SET version_num = '9999'")
    refused(path, "schema 9999 .* up to schema 0004: install the version")


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE roster (jid TEXT)",
        "CREATE TABLE meta (name TEXT, value TEXT)",
    ],
)
def test_a_database_of_another_program_is_refused_and_left_alone(path, table):
    change(path, table)
    refused(path, "another program")


def test_an_empty_file_becomes_a_store(path):
    path.touch()
    file = Work(SqliteFile(path))
    file.open()
    file.close()
    change(path, "SELECT * FROM records, outbox, received, journal")


async def test_a_creation_that_fails_half_way_leaves_nothing_in_the_way(path):
    store = DatabaseStore(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (36_000, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"check its disk|free space"):
            await store.open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    await store.open()
    assert await store.load() == Kept()
    await store.close()

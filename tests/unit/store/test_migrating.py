import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import xmpp_cem.store
from xmpp_cem.core.kept import Confirmations, Confirmed
from xmpp_cem.core.records import VenRecord
from xmpp_cem.errors import StoreUnavailableError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Outgoing, Row
from xmpp_cem.runtime.journal import read_record
from xmpp_cem.store.checksums import COVERED, checksum
from xmpp_cem.store.copying import check
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.store.migrating import REVISIONS
from xmpp_cem.store.schema import TABLES
from xmpp_cem.testing.builders import NOW, capability

NOON = "2025-04-10T12:00:00.000000+00:00"
FIRST = """
CREATE TABLE meta (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE records (kind TEXT NOT NULL, "key" TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (kind, "key"));
CREATE TABLE outbox (seq INTEGER NOT NULL, id TEXT NOT NULL, link TEXT NOT NULL,
    kind TEXT NOT NULL, destination TEXT NOT NULL, item_id TEXT NOT NULL, payload BLOB NOT NULL,
    expires TEXT NOT NULL, PRIMARY KEY (seq), UNIQUE (id));
CREATE INDEX outbox_item ON outbox (link, destination, item_id);
CREATE TABLE received (sender TEXT NOT NULL, message_id TEXT NOT NULL, reply BLOB NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (sender, message_id));
CREATE TABLE journal (seq INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
    value BLOB NOT NULL, PRIMARY KEY (seq));
INSERT INTO meta VALUES ('application', 'xmpp_cem'), ('schema', '1');
INSERT INTO records VALUES ('vtn', '', x'7b7d'), ('part', 'e/m', x'00ff');
INSERT INTO outbox VALUES (7, 'm2', 'up', 'publish', 'n', 'i', x'01', 'NOON'),
    (8, 'm1', 'up', 'transact', 'v', '', x'02', 'NOON');
INSERT INTO received VALUES ('a', 'r', x'3c79657321', 'NOON');
INSERT INTO journal VALUES (41, 'NOON', 'x', x'31'), (42, 'NOON', 'y', x'32');
""".replace("NOON", NOON)
"""A store as the program made it before there were migrations."""

SECOND = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num));
INSERT INTO alembic_version VALUES ('0002');
UPDATE meta SET value = '2' WHERE name = 'schema';
INSERT INTO meta VALUES ('writer', '');
CREATE INDEX received_at ON received (at);
DELETE FROM journal;
"""
"""What the next program added to it, but for the checksums."""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST)
    return path


@pytest.fixture
def second(old):
    """A store with checksums and without a chain, and with more inputs than are read at once."""
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.executescript(SECOND)
        connection.executemany(
            "INSERT INTO journal VALUES (?, ?, 'x', ?)",
            [(number, NOON, b"%d" % number) for number in range(7, 2507)],
        )
        for table, columns in COVERED.items():
            connection.execute(f"ALTER TABLE {table} ADD crc BIGINT DEFAULT '0' NOT NULL")
            names = ", ".join(columns)
            asked = f"SELECT rowid, {names} FROM {table}"  # noqa: S608 our own names
            sums = [(checksum(row), number) for number, *row in connection.execute(asked)]
            connection.executemany(f"UPDATE {table} SET crc = ? WHERE rowid = ?", sums)  # noqa: S608
    return old


def scripts():
    config = Config()
    config.set_main_option(
        "script_location", str(Path(xmpp_cem.store.__file__).with_name("migrations"))
    )
    return ScriptDirectory.from_config(config)


async def test_an_older_store_is_migrated_when_it_is_opened_and_loses_nothing(old):
    store = DatabaseStore(old)
    await store.open()
    at = datetime.fromisoformat(NOON).astimezone(UTC)
    assert await store.load() == Kept(
        (Row("part", "e/m", b"\0\xff"), Row("vtn", "", b"{}")),
        (
            Outgoing("m2", "up", "publish", "n", "i", b"\1", at),
            Outgoing("m1", "up", "transact", "v", "", b"\2", at),
        ),
    )
    assert await store.reply_to("a", "r") == b"<yes!"
    assert [(one.kind, one.value) for one in await store.journal(9)] == [("x", b"1"), ("y", b"2")]
    await store.close()


async def test_inputs_of_a_store_without_a_chain_are_chained_as_they_stand(second):
    store = DatabaseStore(second)
    await store.open()
    await store.commit(Batch(journal=[Journalled(datetime.fromisoformat(NOON), "x", b"new")]))
    found = check(second)
    assert (found.revision, found.inputs, found.faults, found.breaks) == ("0004", 2501, (), ())
    with closing(sqlite3.connect(second)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq = 1200")
    (broken,) = check(second).breaks
    assert broken.startswith("journal: row 1201 of ")
    await store.close()


async def test_what_a_vtn_has_confirmed_becomes_a_record_of_its_own(second):
    able = Confirmed(capability=capability(4000), at=NOW)
    before = {"kind": "ven", "epoch": 7, "confirmed": [able.model_dump(mode="json")]}
    rows = [
        ("ven", key, json.dumps(before | more).encode())
        for key, more in (("", {}), ("north:", {"domain": "north"}))
    ]
    with closing(sqlite3.connect(second)) as connection, connection:
        sealed = [(*row, checksum(row)) for row in rows]
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", sealed)
    store = DatabaseStore(second)
    await store.open()
    kept = [row for row in (await store.load()).records if row.kind in {"ven", "confirmed"}]
    await store.close()
    for domain in ("", "north"):
        made = {VenRecord(epoch=7, domain=domain), Confirmations(confirmed=(able,), domain=domain)}
        assert made <= {read_record(row) for row in kept}
    assert len(kept) == 4
    assert {row.key for row in kept} == {"", "north:"}
    assert check(second).faults == ()


async def test_a_migration_that_fails_half_way_leaves_the_older_store(old):
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(
            "CREATE TRIGGER refuse BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    store = DatabaseStore(old)
    with pytest.raises(Exception, match="no"):
        await store.open()
    with closing(sqlite3.connect(old)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(records)")]
        connection.executescript("DROP TRIGGER refuse")
    assert columns == ["kind", "key", "value"]
    await store.open()
    assert len((await store.load()).records) == 2
    await store.close()


async def test_a_busy_older_store_is_left_for_later(old, monkeypatch):
    monkeypatch.setattr("xmpp_cem.store.sqlite._BUSY_S", 0.05)
    store = DatabaseStore(old)
    with closing(sqlite3.connect(old)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="stop the other program"):
            await store.open()
    await store.open()
    await store.close()


@pytest.mark.slow
async def test_a_store_of_before_is_refused_by_the_program_that_made_it(old):
    """It compares this number, so that nobody goes back by accident."""
    store = DatabaseStore(old)
    await store.open()
    await store.close()
    with closing(sqlite3.connect(old)) as connection:
        asked = "SELECT value FROM meta WHERE name = 'schema'"
        assert connection.execute(asked).fetchone() == ("2",)


def test_the_revisions_known_by_name_are_those_that_ship():
    shipped = [script.revision for script in scripts().walk_revisions()]
    assert tuple(reversed(shipped)) == REVISIONS


@pytest.mark.parametrize("is_old", [True, False])
async def test_migrations_lead_to_the_tables_that_the_program_uses(old, tmp_path, is_old):
    path = old if is_old else tmp_path / "new.sqlite"
    store = DatabaseStore(path)
    await store.open()
    await store.close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, TABLES)
        assert context.get_current_revision() == REVISIONS[-1]
    engine.dispose()
    assert differences == []


@pytest.mark.live
async def test_migrations_lead_to_the_same_tables_on_a_server(database_url):
    store = DatabaseStore(database_url)
    await store.open()

    def differences():
        connection = store._work._connection
        with connection.begin():
            return compare_metadata(MigrationContext.configure(connection), TABLES)

    assert await store._run(differences) == []
    await store.close()

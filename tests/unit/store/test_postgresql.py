"""What is particular to a store on a server; the rest is in test_store.py."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from xmpp_cem.core.kept import Confirmed
from xmpp_cem.errors import StoreError, StoreUnavailableError
from xmpp_cem.model.keeping import Batch, Journalled, Row
from xmpp_cem.runtime.journal import read_record
from xmpp_cem.store.copying import check
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.testing.builders import NOW, capability

pytestmark = pytest.mark.live

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)


def said(value):
    return Batch(put=[Row("a", "k", value)], journal=[Journalled(NOON, "x", value)])


@pytest.fixture
async def store(database_url):
    opened = DatabaseStore(database_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def cut(postgres):
    """End every connection of a program, as a server does that restarts."""
    return lambda: postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'xmpp-cem'"
    )


async def values(store):
    return [one.value for one in await store.journal(99)]


async def committed(store, batch):
    """Commit as an agent does: again, where a lost connection is only found."""
    try:
        await store.commit(batch)
    except StoreUnavailableError:
        await store.commit(batch)


def refuse(postgres, schema, state):
    """Let the server fail with a state whenever an input is written."""
    postgres.run(
        f"CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$; "
        f"CREATE TRIGGER refuse BEFORE INSERT ON {schema}.journal "
        f"EXECUTE FUNCTION {schema}.refuse()"
    )


async def test_a_second_process_is_kept_out_until_the_first_closes(store, database_url):
    second = DatabaseStore(database_url)
    with pytest.raises(StoreError, match="in use by another process") as caught:
        await second.open()
    assert not isinstance(caught.value, StoreUnavailableError)
    await store.close()
    await second.open()
    await second.close()


async def test_parties_in_schemas_of_one_database_do_not_meet(store, postgres):
    postgres.run("CREATE SCHEMA other")
    other = DatabaseStore(postgres.url("other"))
    await other.open()
    await other.commit(said(b"theirs"))
    assert await values(store) == []
    await other.close()


async def test_a_lost_connection_is_made_again_and_every_batch_counts_once(
    store, cut, database_url
):
    await store.commit(said(b"1"))
    cut()
    lost = said(b"2")
    with pytest.raises(StoreUnavailableError, match="start the database server"):
        await store.commit(lost)
    await store.commit(lost)
    await store.commit(said(b"3"))
    assert await values(store) == [b"1", b"2", b"3"]
    assert check(database_url).breaks == ()


async def test_a_commit_whose_answer_was_lost_does_not_count_twice(store, database_url):
    before, head = store._work._writer, store._work._head
    batch = said(b"1")
    await store.commit(batch)
    store._work._unanswered = (store._work._writer, batch)
    store._work._writer, store._work._head = before, head
    await store._run(store._work._connection.invalidate)
    await store.commit(batch)
    await store.commit(said(b"2"))
    assert await values(store) == [b"1", b"2"]
    assert check(database_url).breaks == ()


async def test_a_batch_that_was_answered_may_be_committed_again(store):
    batch = said(b"1")
    await store.commit(batch)
    await store.commit(batch)
    assert await values(store) == [b"1", b"1"]


async def test_a_killed_server_loses_nothing_and_is_used_again(postgres, store):
    await store.commit(said(b"1"))
    postgres.kill()
    batch = said(b"2")
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="start the database server"):
            await store.commit(batch)
    postgres.restart()
    await store.commit(batch)
    assert await values(store) == [b"1", b"2"]


async def test_who_was_replaced_while_away_waits_and_then_writes_no_more(store, cut, database_url):
    await store.commit(said(b"1"))
    cut()
    standby = DatabaseStore(database_url)
    await standby.open()
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            await store.commit(said(b"late"))
    await standby.commit(said(b"2"))
    await standby.close()
    with pytest.raises(StoreError, match="another process has written to it since") as caught:
        await store.commit(said(b"late"))
    assert not isinstance(caught.value, StoreUnavailableError)
    await standby.open()
    assert await values(standby) == [b"1", b"2"]
    await standby.close()


@pytest.mark.parametrize(
    ("state", "remedy"),
    [("53100", "free space and memory"), ("58030", "check the disk"), ("40001", "tried again")],
)
async def test_a_fault_of_the_server_is_told_and_passes(
    store, postgres, database_url, state, remedy
):
    schema = database_url.rpartition("%3D")[2]
    refuse(postgres, schema, state)
    batch = said(b"1")
    with pytest.raises(StoreUnavailableError, match=remedy):
        await store.commit(batch)
    assert (await store.load()).records == ()
    postgres.run(f"DROP TRIGGER refuse ON {schema}.journal")
    await store.commit(batch)
    assert await values(store) == [b"1"]


async def test_no_text_names_the_password(database_url):
    password = re.search(":([0-9a-f]+)@", database_url)[1]
    wrong = DatabaseStore(database_url.replace(password, "not-the-secret"))
    with pytest.raises(StoreError, match=r"store postgresql\+psycopg://postgres:\*\*\*@") as caught:
        await wrong.open()
    assert "not-the-secret" not in str(caught.value)


async def test_a_missing_schema_is_told_with_a_remedy(postgres):
    with pytest.raises(StoreError, match="no schema to use: create it"):
        await DatabaseStore(postgres.url("nowhere")).open()


async def test_a_newer_schema_is_refused(store, postgres, database_url):
    schema = database_url.rpartition("%3D")[2]
    await store.close()
    newer = f"UPDATE {schema}.alembic_version SET version_num = '9999'"  # noqa: S608 our own name
    postgres.run(newer)
    with pytest.raises(StoreError, match=r"schema 9999 .* install the version"):
        await store.open()


async def test_an_older_schema_is_migrated_when_it_is_opened_and_loses_nothing(
    store, postgres, database_url
):
    schema = database_url.rpartition("%3D")[2]
    able = [Confirmed(capability=capability(), at=NOW).model_dump(mode="json")]
    old = json.dumps({"kind": "ven", "epoch": 5, "confirmed": able}).encode()
    await store.commit(said(b"1"))
    kept = await store.load()
    await store.commit(Batch(put=[Row("ven", "", old)]))
    await store.close()
    drops = [
        f"ALTER TABLE {schema}.{name} DROP COLUMN crc"
        for name in ("records", "outbox", "received", "journal")
    ]
    postgres.run(
        "; ".join(
            (
                *drops,
                f"DROP INDEX {schema}.received_at",
                f"ALTER TABLE {schema}.journal DROP COLUMN chain",
                f"DELETE FROM {schema}.meta WHERE name NOT IN ('application', 'schema')",  # noqa: S608 our own name
                f"UPDATE {schema}.alembic_version SET version_num = '0001'",  # noqa: S608
            )
        )
    )
    await store.open()
    loaded, divided = await store.load(), ("ven", "confirmed")
    rest = tuple(row for row in loaded.records if row.kind not in divided)
    assert (replace(loaded, records=rest), await values(store)) == (kept, [b"1"])
    confirmed, ven = (read_record(row) for row in loaded.records if row.kind in divided)
    assert (confirmed.confirmed[0].capability, ven.epoch) == (capability(), 5)
    await store.commit(said(b"2"))
    assert check(database_url).breaks == ()


async def test_a_server_that_only_reads_is_waited_for(store, postgres, cut):
    change = "BEGIN READ WRITE; ALTER ROLE postgres {} default_transaction_read_only{}; COMMIT"
    batch = said(b"1")
    postgres.run(change.format("SET", " = on"))
    try:
        cut()
        with pytest.raises(StoreUnavailableError, match="connect to the primary"):
            await committed(store, batch)
    finally:
        postgres.run(change.format("RESET", ""))
    cut()
    await committed(store, batch)
    assert await values(store) == [b"1"]


async def test_a_damaged_page_on_the_server_is_told_with_a_remedy(store, postgres, database_url):
    schema = database_url.rpartition("%3D")[2]
    refuse(postgres, schema, "XX001")
    with pytest.raises(StoreError, match="restore a backup") as caught:
        await store.commit(said(b"1"))
    assert not isinstance(caught.value, StoreUnavailableError)


async def test_a_value_that_the_server_changed_is_told_with_a_remedy(store, postgres, database_url):
    schema = database_url.rpartition("%3D")[2]
    await store.commit(said(b"payload"))
    for name in ("records", "journal"):
        postgres.run(f"UPDATE {schema}.{name} SET value = 'qayload'")  # noqa: S608 our own name
    with pytest.raises(StoreError, match="table records is damaged; restore a backup"):
        await store.load()
    with pytest.raises(StoreError, match="table journal is damaged"):
        await values(store)


async def test_commits_are_durable_even_where_the_server_is_set_to_be_fast(postgres, database_url):
    url = database_url + "%20-csynchronous_commit%3Doff"
    store = DatabaseStore(url)
    await store.open()
    shown = await store._run(
        lambda: store._work._connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    )
    await store._run(store._work._connection.rollback)
    await store.close()
    assert shown == "on"

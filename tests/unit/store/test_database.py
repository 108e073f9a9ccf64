import asyncio
import os
import sqlite3
import sys
import tempfile
from asyncio.subprocess import PIPE
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xmpp_cem.errors import StoreError, StoreUnavailableError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Outgoing, Received, Row
from xmpp_cem.store.copying import check
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.store.sqlite import IN_MEMORY

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)
NOBODY = 65534
WRITER = """
import asyncio, itertools, pathlib, sys
from datetime import UTC, datetime
from xmpp_cem.model.keeping import Batch, Journalled, Outgoing, Row
from xmpp_cem.store.database import DatabaseStore

async def write():
    place = sys.argv[1]
    store = DatabaseStore(place if "://" in place else pathlib.Path(place))
    await store.open()
    now = datetime(2025, 4, 10, 12, tzinfo=UTC)
    for n in itertools.count(1):
        value = b"%d" % n
        await store.commit(Batch(
            put=[Row("count", str(key), value) for key in range(20)],
            send=[Outgoing(str(n), "up", "transact", "vtn", "", value, now)],
            sent=[str(n - 3)],
            journal=[Journalled(now, "input", value)],
        ))
        print(n, flush=True)

asyncio.run(write())
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
async def store(path):
    opened = DatabaseStore(path)
    await opened.open()
    yield opened
    await opened.close()


async def told(store, statement):
    """Run a statement in the store's own connection."""

    def run():
        connection = store._work._connection
        with connection.begin():
            result = connection.exec_driver_sql(statement)
            return result.fetchall() if result.returns_rows else []

    return await store._run(run)


async def set_pragma(store, setting):
    await told(store, f"PRAGMA {setting}")


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.live)])
def place(request, path):
    return path if request.param == "file" else request.getfixturevalue("database_url")


async def open_soon(store):
    """Open as soon as a server has noticed that the writer is dead."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await store.open()
            except StoreError as error:
                if "in use by another process" not in str(error):
                    raise
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_process_killed_amid_commits_leaves_whole_batches(place):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(place), stdout=PIPE
    )
    told = [await child.stdout.readline() for _ in range(200)]
    child.kill()
    told += (await child.stdout.read()).splitlines()
    await child.wait()
    store = DatabaseStore(place)
    await open_soon(store)
    kept, journal = await store.load(), await store.journal(1_000_000)
    await store.close()
    last = len(journal)
    assert last - len(told) in {0, 1}
    assert {row.value for row in kept.records} == {b"%d" % last}
    assert [entry.id for entry in kept.outbox] == [str(n) for n in range(last - 2, last + 1)]
    assert [one.value for one in journal] == [b"%d" % n for n in range(1, last + 1)]
    assert check(place).breaks == ()


async def test_a_batch_is_written_in_full_or_not_at_all(store):
    await told(
        store,
        "CREATE TEMP TRIGGER refused BEFORE INSERT ON journal "
        "BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    )
    sent = Outgoing("m1", "up", "publish", "node", "item", b"", NOON)
    batch = Batch([Row("a", "k", b"1")], [], [sent], [], [], [Journalled(NOON, "x", b"")])
    with pytest.raises(StoreError, match="not this one"):
        await store.commit(batch)
    assert (await store.load(), await store.journal(9)) == (Kept(), ())


async def test_a_full_disk_is_told_with_a_remedy_and_changes_nothing(store):
    await store.commit(Batch(put=[Row("a", "k", b"1")]))
    await set_pragma(store, "max_page_count=20")
    with pytest.raises(StoreUnavailableError, match="full; free space"):
        await store.commit(Batch(put=[Row("a", "k", b"2"), Row("a", "j", bytes(100_000))]))
    assert (await store.load()).records == (Row("a", "k", b"1"),)
    await store.commit(Batch(put=[Row("a", "k", b"3")]))


async def test_a_file_that_became_read_only_is_told_with_a_remedy(store):
    await set_pragma(store, "query_only=ON")
    with pytest.raises(StoreError, match="readonly database; let this user write"):
        await store.commit(Batch(put=[Row("a", "k", b"1")]))


@pytest.fixture
def plain_user():
    """Root may write everything, so the test steps down if it has to."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.mark.usefixtures("plain_user")
async def test_a_read_only_file_is_refused_with_a_remedy():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        path.touch(0o400)
        with pytest.raises(StoreError, match=r"store\.sqlite: Permission denied; let this user"):
            await DatabaseStore(path).open()


@pytest.fixture
def sealed(plain_user):
    """A folder that its owner may not write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o500)
        yield Path(folder)
        Path(folder).chmod(0o700)


async def test_a_read_only_folder_is_refused_with_a_remedy(sealed):
    with pytest.raises(StoreError, match=r"Permission denied; let this user write the file"):
        await DatabaseStore(sealed / "store.sqlite").open()


async def test_a_missing_folder_is_refused_with_the_path(tmp_path):
    with pytest.raises(StoreError, match="missing/store: No such file"):
        await DatabaseStore(tmp_path / "missing" / "store").open()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(path):
    path.write_bytes(b"hello, " * 1000)
    with pytest.raises(StoreError, match="not a database; move the file away"):
        await DatabaseStore(path).open()
    assert path.read_bytes() == b"hello, " * 1000


async def test_a_damaged_database_is_told_with_a_remedy(path):
    store = DatabaseStore(path)
    await store.open()
    await store.commit(Batch(put=[Row("a", str(n), bytes(1000)) for n in range(100)]))
    await store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 12] + b"\xff" * (len(whole) - 4096 * 12))
    with pytest.raises(StoreError, match=r"store\.sqlite: .*damaged.*; restore a backup"):
        await store.open()


@pytest.mark.parametrize("value", [b"{" + b"payload" * 20 + b"}", b"{" + b"payload" * 2000 + b"}"])
async def test_a_flipped_bit_inside_a_value_is_told_with_a_remedy(path, value):
    store = DatabaseStore(path)
    await store.open()
    await store.commit(Batch(put=[Row("a", "k", value)], journal=[Journalled(NOON, "x", value)]))
    await store.close()
    path.write_bytes(path.read_bytes().replace(b"payload", b"qayload"))
    await store.open()
    with pytest.raises(StoreError, match="table records is damaged; restore a backup"):
        await store.load()
    with pytest.raises(StoreError, match="table journal is damaged"):
        await store.journal(1)
    await store.close()


async def test_a_damaged_answer_is_not_given(path):
    store = DatabaseStore(path)
    await store.open()
    await store.commit(Batch(received=[Received("a", "r", b"<payload/>", NOON)]))
    await store.close()
    path.write_bytes(path.read_bytes().replace(b"payload", b"qayload"))
    await store.open()
    with pytest.raises(StoreError, match="table received is damaged"):
        await store.reply_to("a", "r")
    await store.close()


async def test_a_file_in_use_is_refused_and_free_after_close(path, store):
    second = DatabaseStore(path)
    with pytest.raises(StoreError, match="in use by another process"):
        await second.open()
    await store.close()
    await second.open()
    await second.close()


async def test_another_name_of_a_file_in_use_is_refused_too(path, store):
    link = path.with_name("link")
    link.symlink_to(path)
    with pytest.raises(StoreError, match="in use by another process"):
        await DatabaseStore(link).open()


async def test_a_refused_store_opens_once_the_cause_is_gone(path):
    path.write_bytes(b"hello, " * 1000)
    store = DatabaseStore(path)
    with pytest.raises(StoreError):
        await store.open()
    path.unlink()
    await store.open()
    await store.close()


async def test_others_may_read_while_the_store_is_open(path, store):
    await store.commit(Batch(put=[Row("a", "k", b"1")]))
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT value FROM records").fetchall() == [(b"1",)]


async def test_the_file_is_durable_and_private(path, store):
    asked = ["journal_mode", "synchronous", "foreign_keys"]
    found = [(await told(store, f"PRAGMA {name}"))[0][0] for name in asked]
    assert found == ["wal", 2, 1]
    assert [one.stat().st_mode & 0o077 for one in path.parent.iterdir()] == [0] * 4


async def test_instants_are_stored_as_utc_text_with_microseconds(path, store):
    await store.commit(Batch(received=[Received("a", "r", b"", NOON)]))
    with closing(sqlite3.connect(path)) as reader:
        found = reader.execute("SELECT at FROM received").fetchone()[0]
    assert found == "2025-04-10T12:00:00.000000+00:00"


async def test_commits_at_the_same_time_all_take_effect_in_order(store):
    batches = [Batch(journal=[Journalled(NOON, "x", b"%d" % n)]) for n in range(50)]
    await asyncio.gather(*map(store.commit, batches))
    assert [one.value for one in await store.journal(99)] == [b"%d" % n for n in range(50)]


async def test_a_store_in_memory_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = DatabaseStore(IN_MEMORY)
    await store.open()
    await store.commit(Batch(put=[Row("a", "k", b"1")]))
    assert (await store.load()).records == (Row("a", "k", b"1"),)
    await store.close()
    assert list(tmp_path.iterdir()) == []

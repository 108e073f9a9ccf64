import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Outgoing, Received, Row
from xmpp_cem.store.copying import back_up, check, restore
from xmpp_cem.store.database import DatabaseStore

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)
SENT = [Outgoing(name, "up", "transact", "vtn", "", b"\0\1", NOON) for name in ("z", "a", "m")]
FULL = Batch(
    put=[Row("vtn", "", b"{}"), Row("part", "e/a", b"\xff\0"), Row("part", "e/b", b"")],
    send=SENT,
    received=[Received("a", "r", b"<yes/>", NOON)],
    journal=[Journalled(NOON + timedelta(seconds=n), "x", b"%d" % n) for n in range(2500)],
)


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.live)])
def place(request, tmp_path):
    if request.param == "file":
        (tmp_path / "a folder? 100%").mkdir()
        return tmp_path / "a folder? 100%" / "store.sqlite"
    return request.getfixturevalue("database_url")


@pytest.fixture
async def store(place):
    opened = DatabaseStore(place)
    await opened.open()
    await opened.commit(FULL)
    yield opened
    await opened.close()


async def everything(store):
    answer = await store.reply_to("a", "r")
    return await store.load(), await store.journal(10**6), answer


async def test_a_copy_made_beside_a_running_store_holds_everything(store, place, tmp_path):
    copy = tmp_path / "copy.sqlite"
    survey = back_up(place, copy)
    assert (survey.records, survey.outbox, survey.replies) == ({"part": 2, "vtn": 1}, 3, 1)
    assert (survey.inputs, survey.last) == (2500, "2025-04-10T12:41:39.000000+00:00")
    assert (survey.store, survey.revision, survey.faults) == (str(copy), "0004", ())
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["copy.sqlite"]
    assert copy.stat().st_mode & 0o077 == 0
    copied = DatabaseStore(copy)
    await copied.open()
    assert await everything(copied) == await everything(store)
    await copied.close()


@pytest.mark.slow
async def test_a_copy_shows_one_instant_while_commits_go_on(store, place, tmp_path):
    done = asyncio.Event()

    async def keep_committing():
        number = 0
        while not done.is_set():
            number += 1
            value = b"%d" % number
            rows = [Row("pair", side, value) for side in ("left", "right")]
            await store.commit(Batch(put=rows, journal=[Journalled(NOON, "y", value)]))
        return number

    writer = asyncio.create_task(keep_committing())
    for number in range(5):
        await asyncio.to_thread(back_up, place, tmp_path / f"{number}")
    done.set()
    assert await writer > 5
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}")) as copy:
            pairs = copy.execute("SELECT value FROM records WHERE kind = 'pair'").fetchall()
            newest = copy.execute("SELECT value FROM journal ORDER BY seq DESC").fetchone()
        assert len({value for (value,) in pairs} | {newest[0]}) == 1


async def test_a_store_is_checked_while_it_runs(store, place):
    assert check(place).faults == ()
    await store.commit(Batch(journal=[Journalled(NOON, "x", b"more")]))
    assert check(place).inputs == 2501


async def test_a_restored_store_goes_on_where_the_copy_was(store, place, tmp_path):
    back_up(place, tmp_path / "copy")
    before = await everything(store)
    await store.commit(Batch(put=[Row("vtn", "", b"later")], sent=["z", "a", "m"]))
    await store.close()
    with pytest.raises(StoreError, match="it is not empty: move it away"):
        restore(tmp_path / "copy", place)
    new = tmp_path / "new.sqlite"
    assert restore(tmp_path / "copy", new).inputs == 2500
    restored = DatabaseStore(new)
    await restored.open()
    assert await everything(restored) == before
    await restored.commit(Batch(send=[SENT[0]], journal=[Journalled(NOON, "x", b"next")]))
    assert [entry.id for entry in (await restored.load()).outbox] == ["z", "a", "m"]
    assert (await restored.journal(1))[0].value == b"next"
    await restored.close()


@pytest.mark.live
async def test_a_file_moves_into_a_database_and_goes_on(database_url, tmp_path):
    file = DatabaseStore(tmp_path / "store.sqlite")
    await file.open()
    await file.commit(FULL)
    before = await everything(file)
    await file.close()
    restore(tmp_path / "store.sqlite", database_url)
    moved = DatabaseStore(database_url)
    await moved.open()
    assert await everything(moved) == before
    await moved.commit(Batch(journal=[Journalled(NOON, "x", b"next")]))
    assert (await moved.journal(1))[0].value == b"next"
    await moved.close()


async def test_a_store_in_use_is_not_restored_into(store, place, tmp_path):
    back_up(place, tmp_path / "copy")
    with pytest.raises(StoreError, match="in use by another process"):
        restore(tmp_path / "copy", place)


@pytest.fixture
async def closed(tmp_path):
    path = tmp_path / "store.sqlite"
    opened = DatabaseStore(path)
    await opened.open()
    await opened.commit(FULL)
    await opened.commit(Batch(put=[Row("event", str(n), b"payload" * 99) for n in range(300)]))
    await opened.close()
    return path


def test_a_damaged_row_is_found_and_not_copied(closed, tmp_path):
    closed.write_bytes(closed.read_bytes().replace(b"payloadpayload", b"payloadpaxload", 1))
    (fault,) = check(closed).faults
    assert fault.startswith("table records: row event ")
    with pytest.raises(StoreError, match=r"store\.sqlite: a row of its table records is damaged"):
        back_up(closed, tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


@pytest.mark.slow
@pytest.mark.parametrize("page", [4, 12, 30, -1])
def test_a_broken_page_is_found_and_not_copied(closed, tmp_path, page):
    whole = bytearray(closed.read_bytes())
    start = len(whole) - 4096 if page < 0 else 4096 * page
    whole[start : start + 4096] = bytes(byte ^ 0x55 for byte in whole[start : start + 4096])
    closed.write_bytes(whole)
    assert is_refused_or_faulty(closed)
    with pytest.raises(StoreError, match=r"store\.sqlite: .*; restore a backup"):
        back_up(closed, tmp_path / "copy")


def is_refused_or_faulty(path):
    try:
        return bool(check(path).faults)
    except StoreError as error:
        return "restore a backup" in str(error)


def test_what_cannot_be_copied_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"nothing\.sqlite: there is no such file"):
        check(tmp_path / "nothing.sqlite")
    foreign = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE roster (jid TEXT)")
    with pytest.raises(StoreError, match="another program"):
        back_up(foreign, tmp_path / "copy")
    (tmp_path / "empty").touch()
    with pytest.raises(StoreError, match="it holds nothing"):
        check(tmp_path / "empty")


def test_a_copy_that_cannot_be_written_is_blamed_and_leaves_nothing(closed, tmp_path):
    with pytest.raises(StoreError, match=r"nowhere/copy\.part: No such file.*create its folder"):
        back_up(closed, tmp_path / "nowhere" / "copy")


def test_a_store_that_was_not_migrated_yet_is_not_copied(closed, tmp_path):
    with closing(sqlite3.connect(closed)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreError, match="schema 0001: start its agent once"):
        back_up(closed, tmp_path / "copy")

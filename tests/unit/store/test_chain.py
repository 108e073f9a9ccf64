"""The journal's chain shows what another hand did to it, and where."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from xmpp_cem.model.keeping import Batch, Journalled, Retention, Row
from xmpp_cem.store.chain import linked
from xmpp_cem.store.checksums import checksum
from xmpp_cem.store.copying import back_up, check, restore
from xmpp_cem.store.database import DatabaseStore

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)
ROWS = 8
PICKED = st.integers(1, ROWS)


def inputs(*numbers):
    return Batch(
        journal=[
            Journalled(NOON + timedelta(seconds=n), "TimerFired", b'{"name":"%d"}' % n)
            for n in numbers
        ]
    )


def time_of(number):
    return f"2025-04-10T12:00:{number:02d}.000000+00:00"


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.live)])
def place(request, tmp_path):
    if request.param == "file":
        return tmp_path / "store.sqlite"
    return request.getfixturevalue("database_url")


@pytest.fixture
async def store(place):
    """Eight inputs in three commits, the numbers 1 to 8."""
    opened = DatabaseStore(place)
    await opened.open()
    for numbers in ((1, 2, 3), (4,), (5, 6, 7, 8)):
        await opened.commit(inputs(*numbers))
    yield opened
    await opened.close()


@pytest.fixture
def tamper(place, store):
    """Do something to the tables while the agent has them."""
    engine = create_engine(place if isinstance(place, str) else f"sqlite:///{place}")

    def run(*statements):
        with engine.begin() as connection:
            for statement, *values in statements:
                connection.exec_driver_sql(statement, tuple(values))

    yield run
    engine.dispose()


def marked(statement, place):
    return statement.replace("?", "%s") if isinstance(place, str) else statement


async def test_a_journal_that_nobody_touched_is_chained_to_its_head(store, place):
    found = check(place)
    assert (found.faults, found.breaks) == ((), ())
    expected = ""
    for number in range(1, ROWS + 1):
        row = {"at": time_of(number), "kind": "TimerFired", "value": b'{"name":"%d"}' % number}
        expected = linked(expected, row)
    assert found.head == expected


async def test_a_new_store_has_no_head(tmp_path):
    store = DatabaseStore(tmp_path / "new.sqlite")
    await store.open()
    await store.commit(Batch(put=[Row("a", "k", b"1")]))
    assert (check(tmp_path / "new.sqlite").head, check(tmp_path / "new.sqlite").breaks) == ("", ())
    await store.close()


TAMPERED = {
    "a changed value with a right checksum": (
        [
            (
                "UPDATE journal SET value = ?, crc = ? WHERE seq = 4",
                b"{}",
                checksum((time_of(4), "TimerFired", b"{}")),
            )
        ],
        4,
    ),
    "a changed time with a right checksum": (
        [
            (
                "UPDATE journal SET at = ?, crc = ? WHERE seq = 5",
                time_of(4),
                checksum((time_of(4), "TimerFired", b'{"name":"5"}')),
            )
        ],
        5,
    ),
    "a row taken out of the middle": ([("DELETE FROM journal WHERE seq = 4",)], 5),
    "the oldest rows taken away": ([("DELETE FROM journal WHERE seq < 4",)], 4),
    "a row put in between": (
        [
            ("UPDATE journal SET seq = seq - 9 WHERE seq < 4",),
            ("INSERT INTO journal SELECT 0, at, kind, value, crc, chain FROM journal WHERE seq=5",),
        ],
        0,
    ),
    "rows that changed places": (
        [
            ("UPDATE journal SET seq = 0 WHERE seq = 2",),
            ("UPDATE journal SET seq = 2 WHERE seq = 7",),
            ("UPDATE journal SET seq = 7 WHERE seq = 0",),
        ],
        2,
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
async def test_tampering_beside_the_agent_names_the_first_bad_row(store, place, tamper, kind):
    statements, number = TAMPERED[kind]
    tamper(*((marked(text, place), *values) for text, *values in statements))
    found = check(place)
    assert found.faults == ()
    assert found.breaks[0].startswith(f"journal: row {number} of ")
    await store.commit(inputs(9))
    assert check(place).breaks == found.breaks


@pytest.mark.parametrize("kept", [5, 0])
async def test_newest_rows_that_were_taken_away_are_missed_also_when_others_follow(
    store, place, tamper, kept
):
    tamper((marked("DELETE FROM journal WHERE seq > ?", place), kept))
    (found,) = check(place).breaks
    last = f"row {kept} of {time_of(kept)}" if kept else "the beginning"
    assert found == f"journal: it ends with {last}, not where its store left it"
    await store.close()
    await store.open()
    await store.commit(inputs(9))
    (found,) = check(place).breaks
    assert f"of {time_of(9)} does not follow from {last}: " in found


@pytest.mark.parametrize("name", ["journal_head", "journal_cut"])
@pytest.mark.parametrize("change", ["UPDATE meta SET value = 'abc'", "DELETE FROM meta"])
async def test_what_the_store_noted_of_its_journal_is_not_changed_unseen(
    store, place, tamper, name, change
):
    tamper((f"{change} WHERE name = '{name}'",))
    assert check(place).breaks
    await store.close()
    await store.open()
    await store.commit(inputs(9))
    assert check(place).breaks


async def test_what_retention_cuts_is_no_tampering(store, place):
    head = check(place).head
    for kept in (5, 3, 0):
        await store.prune(NOON, Retention(journal_rows=kept))
        found = check(place)
        assert (found.inputs, found.breaks, found.head) == (kept, (), head)
    await store.commit(inputs(9, 10))
    await store.prune(NOON, Retention(journal_bytes=13))
    found = check(place)
    assert (found.inputs, found.breaks) == (1, ())
    assert found.head != head


async def test_a_cut_by_another_hand_differs_from_retention(store, place, tamper):
    await store.prune(NOON, Retention(journal_rows=6))
    assert check(place).breaks == ()
    tamper(("DELETE FROM journal WHERE seq = 3",))
    (found,) = check(place).breaks
    assert found.startswith(f"journal: row 4 of {time_of(4)} does not follow from the beginning: ")


async def test_the_chain_goes_on_after_a_restart(store, place):
    for number in (9, 10):
        await store.close()
        await store.open()
        await store.commit(inputs(number))
    found = check(place)
    assert (found.inputs, found.breaks) == (10, ())


async def test_a_commit_that_failed_is_no_part_of_the_chain(store, place, tamper):
    tamper(("ALTER TABLE records RENAME TO hidden",))
    with pytest.raises(Exception, match="records"):
        await store.commit(replace(inputs(9), put=[Row("a", "k", b"1")]))
    tamper(("ALTER TABLE hidden RENAME TO records",))
    await store.commit(inputs(10))
    found = check(place)
    assert (found.inputs, found.breaks) == (9, ())


async def test_a_copy_and_what_is_restored_from_it_have_the_same_chain(store, place, tmp_path):
    await store.prune(NOON, Retention(journal_rows=5))
    head = check(place).head
    assert back_up(place, tmp_path / "copy").head == head
    restore(tmp_path / "copy", tmp_path / "restored.sqlite")
    restored = DatabaseStore(tmp_path / "restored.sqlite")
    await restored.open()
    await restored.commit(inputs(9))
    await restored.close()
    found = check(tmp_path / "restored.sqlite", head)
    assert (found.inputs, found.breaks) == (6, ())


async def test_a_copy_does_not_hide_what_was_done_before(store, place, tamper, tmp_path):
    tamper(("DELETE FROM journal WHERE seq = 4",))
    (found,) = back_up(place, tmp_path / "copy").breaks
    assert found.startswith(f"journal: row 4 of {time_of(5)} ")
    assert len(check(tmp_path / "copy").breaks) == 1


async def test_a_head_noted_elsewhere_is_found_until_retention_has_cut_it(store, place):
    head = check(place).head
    await store.commit(inputs(9, 10))
    assert check(place, head).breaks == ()
    await store.prune(NOON, Retention(journal_rows=2))
    assert check(place, head).breaks == ()
    await store.prune(NOON, Retention(journal_rows=1))
    (found,) = check(place, head).breaks
    assert found.startswith(f"journal: {head} is no value of it: that row was cut by retention")


async def test_who_chains_a_changed_journal_anew_is_caught_by_a_noted_head_alone(
    store, place, tamper
):
    """Whoever can write the whole store can also reckon; what he cannot write is elsewhere."""
    head, previous, statements = check(place).head, "", []
    for number in range(1, ROWS + 1):
        row = {"at": time_of(number), "kind": "TimerFired", "value": b'{"name":"-"}'}
        previous, crc = linked(previous, row), checksum(row.values())
        change = marked("UPDATE journal SET value = ?, crc = ?, chain = ? WHERE seq = ?", place)
        statements.append((change, row["value"], crc, bytes.fromhex(previous), number))
    end = marked("UPDATE meta SET value = ? WHERE name = 'journal_head'", place)
    tamper(*statements, (end, previous))
    assert check(place).breaks == ()
    (found,) = check(place, head).breaks
    assert "is no value of it" in found


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    path = tmp_path_factory.mktemp("chain") / "store.sqlite"

    async def fill():
        store = DatabaseStore(path)
        await store.open()
        await store.commit(inputs(*range(1, ROWS + 1)))
        await store.close()

    asyncio.run(fill())
    return path


def tampered(untouched, change):
    """Return what a check finds in a copy to which something was done."""
    path = untouched.with_name("tampered.sqlite")
    shutil.copy(untouched, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        change(connection)
    return check(path).breaks


def resealed(connection, number, column, data):
    """Write a value as somebody does who knows of the checksums."""
    asked = "SELECT at, kind, value FROM journal WHERE seq = ?"
    names = ("at", "kind", "value")
    row = dict(zip(names, connection.execute(asked, (number,)).fetchone(), strict=True))
    row[column] = data
    change = f"UPDATE journal SET {column} = ?, crc = ? WHERE seq = ?"  # noqa: S608 our own names
    connection.execute(change, (data, checksum(row.values()), number))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(PICKED, st.sampled_from(["at", "kind", "value", "chain"]), st.integers(0), st.data())
def test_every_changed_byte_is_seen_in_its_row(untouched, number, column, at, data):
    def change(connection):
        asked = f"SELECT {column} FROM journal WHERE seq = ?"  # noqa: S608 our own names
        (old,) = connection.execute(asked, (number,)).fetchone()
        raw = bytearray(old.encode() if isinstance(old, str) else old)
        place = at % len(raw)
        most = 127 if isinstance(old, str) else 255  # what is text stays text
        raw[place] = data.draw(st.integers(0, most).filter(lambda byte: byte != raw[place]))
        new = raw.decode() if isinstance(old, str) else bytes(raw)
        if column == "chain":
            connection.execute("UPDATE journal SET chain = ? WHERE seq = ?", (new, number))
        else:
            resealed(connection, number, column, new)

    assert tampered(untouched, change)[0].startswith(f"journal: row {number} of ")


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.sets(PICKED, min_size=1))
def test_whatever_rows_are_taken_away_the_gap_is_seen(untouched, gone):
    def change(connection):
        connection.executemany("DELETE FROM journal WHERE seq = ?", [(n,) for n in gone])

    first = tampered(untouched, change)[0]
    following = [n for n in range(min(gone), ROWS + 1) if n not in gone]
    expected = f"row {following[0]} of " if following else "it ends with "
    assert first.startswith(f"journal: {expected}")


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(PICKED, PICKED, st.booleans())
def test_a_row_put_in_anywhere_is_seen(untouched, place, source, is_chained):
    """Also one that is a row of this journal, and one whose value somebody has reckoned."""

    def change(connection):
        asked = "SELECT at, kind, value, crc, chain FROM journal WHERE seq = ?"
        *row, chain = connection.execute(asked, (source,)).fetchone()
        if is_chained:
            before = connection.execute(asked, (place - 1,)).fetchone()
            named = dict(zip(("at", "kind", "value"), row, strict=False))
            chain = bytes.fromhex(linked(before[-1].hex() if before else "", named))
        connection.execute("UPDATE journal SET seq = -seq - 1 WHERE seq >= ?", (place,))
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", (place, *row, chain))
        connection.execute("UPDATE journal SET seq = -seq WHERE seq < 0")

    bad = place + 1 if is_chained or source == place else place
    assert tampered(untouched, change)[0].startswith(f"journal: row {bad} of ")


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(1, ROWS + 1)).filter(lambda order: order != sorted(order)))
def test_rows_in_any_other_order_are_seen(untouched, order):
    def change(connection):
        moves = [(-new, old) for new, old in enumerate(order, 1)]
        connection.executemany("UPDATE journal SET seq = ? WHERE seq = ?", moves)
        connection.execute("UPDATE journal SET seq = -seq")

    first = next(new for new, old in enumerate(order, 1) if new != old)
    assert tampered(untouched, change)[0].startswith(f"journal: row {first} of ")

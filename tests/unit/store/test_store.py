from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.errors import StoreError
from xmpp_cem.model.keeping import Batch, Journalled, Kept, Outgoing, Received, Retention, Row
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.store.sqlite import IN_MEMORY

NOON = datetime(2025, 4, 10, 12, 0, 0, 123456, tzinfo=UTC)
PUBLISH = Outgoing("m1", "up", "publish", "node", "item", b"<a/>", NOON)
RETRACT = replace(PUBLISH, id="m2", kind="retract", payload=b"")
TRANSACT = Outgoing("t1", "up", "transact", "vtn@a.example/x", "", b"<b/>", NOON)
ANSWER = Received("ven@a.example", "r1", b"<yes/>", NOON)


def keeping(**changes) -> Retention:
    return replace(Retention(replies_for=timedelta()), **changes)


def inputs(*numbers: int) -> list[Journalled]:
    return [Journalled(NOON + timedelta(seconds=n), "input", b"%d" % n) for n in numbers]


@pytest.fixture(params=["memory", "database", pytest.param("postgresql", marks=pytest.mark.live)])
async def store(request, tmp_path):
    match request.param:
        case "memory":
            opened = MemoryStore()
        case "database":
            opened = DatabaseStore(tmp_path / "store.sqlite")
        case _:
            opened = DatabaseStore(request.getfixturevalue("database_url"))
    await opened.open()
    yield opened
    await opened.close()


async def reopened(store):
    await store.close()
    await store.open()
    return await store.load()


async def waiting(store):
    return [entry.id for entry in (await store.load()).outbox]


async def test_a_new_store_is_empty(store):
    assert await store.load() == Kept()
    assert await store.journal(10) == ()
    assert await store.reply_to("ven@a.example", "r1") is None


async def test_everything_survives_close_and_open(store):
    row = Row("event", "e1", bytes(range(256)))
    await store.commit(Batch([row], [], [PUBLISH, TRANSACT], [], [ANSWER], inputs(1, 2)))
    assert await reopened(store) == Kept((row,), (PUBLISH, TRANSACT))
    assert await store.reply_to(ANSWER.sender, ANSWER.message_id) == ANSWER.reply
    assert await store.journal(10) == tuple(inputs(1, 2))


async def test_an_empty_batch_changes_nothing(store):
    await store.commit(Batch())
    assert await reopened(store) == Kept()


async def test_a_record_has_one_value_per_kind_and_key(store):
    rows = [Row("a", "k", b"1"), Row("b", "k", b"2"), Row("a", "j", b"3")]
    await store.commit(Batch(put=rows))
    await store.commit(Batch(put=[Row("a", "k", b"4"), Row("a", "k", b"5")]))
    assert (await store.load()).records == (rows[2], Row("a", "k", b"5"), rows[1])


async def test_a_dropped_record_is_gone_and_an_unknown_one_is_no_error(store):
    await store.commit(Batch(put=[Row("a", "k", b"1"), Row("b", "k", b"2")]))
    await store.commit(Batch(drop=[("a", "k"), ("a", "unknown")]))
    assert (await store.load()).records == (Row("b", "k", b"2"),)


async def test_a_record_that_one_batch_drops_and_puts_is_kept(store):
    await store.commit(Batch(put=[Row("a", "k", b"1")]))
    await store.commit(Batch(put=[Row("a", "k", b"2")], drop=[("a", "k")]))
    assert (await store.load()).records == (Row("a", "k", b"2"),)


async def test_an_entry_that_one_batch_has_sent_and_sends_again_waits(store):
    await store.commit(Batch(send=[PUBLISH]))
    await store.commit(Batch(send=[PUBLISH], sent=["m1"]))
    assert await waiting(store) == ["m1"]


async def test_the_outbox_keeps_the_order_over_batches(store):
    entries = [replace(TRANSACT, id=name) for name in ("z", "a", "m")]
    await store.commit(Batch(send=entries[:2]))
    await store.commit(Batch(send=entries[2:]))
    assert await waiting(store) == ["z", "a", "m"]


async def test_a_sent_entry_leaves_the_outbox_and_an_unknown_one_is_no_error(store):
    await store.commit(Batch(send=[PUBLISH, TRANSACT]))
    await store.commit(Batch(sent=["m1", "unknown"]))
    assert await waiting(store) == ["t1"]


async def test_a_retract_supersedes_the_unsent_publish_and_goes_to_the_end(store):
    await store.commit(Batch(send=[PUBLISH, TRANSACT]))
    await store.commit(Batch(send=[RETRACT]))
    assert await waiting(store) == ["t1", "m2"]


async def test_the_last_entry_of_an_item_in_one_batch_stays(store):
    await store.commit(Batch(send=[PUBLISH, TRANSACT, RETRACT, replace(PUBLISH, id="m3")]))
    assert await waiting(store) == ["t1", "m3"]


@pytest.mark.parametrize("other", [{"link": "low"}, {"destination": "n2"}, {"item_id": "i2"}])
async def test_entries_of_other_items_are_not_superseded(store, other):
    await store.commit(Batch(send=[PUBLISH]))
    await store.commit(Batch(send=[replace(PUBLISH, id="m2", **other)]))
    assert await waiting(store) == ["m1", "m2"]


async def test_requests_to_one_address_do_not_supersede_each_other(store):
    await store.commit(Batch(send=[TRANSACT]))
    await store.commit(Batch(send=[replace(TRANSACT, id="t2")]))
    assert await waiting(store) == ["t1", "t2"]


async def test_a_publish_does_not_supersede_a_request_to_the_same_name(store):
    await store.commit(Batch(send=[TRANSACT]))
    await store.commit(Batch(send=[replace(PUBLISH, destination=TRANSACT.destination, item_id="")]))
    assert await waiting(store) == ["t1", "m1"]


async def test_an_entry_with_a_waiting_id_replaces_it_in_place(store):
    later = replace(PUBLISH, payload=b"<later/>", expires=NOON + timedelta(hours=1))
    await store.commit(Batch(send=[PUBLISH, TRANSACT]))
    await store.commit(Batch(send=[later]))
    assert (await store.load()).outbox == (later, TRANSACT)


async def test_the_first_answer_stays(store):
    await store.commit(Batch(received=[ANSWER]))
    await store.commit(Batch(received=[replace(ANSWER, reply=b"<no/>")]))
    assert await store.reply_to(ANSWER.sender, ANSWER.message_id) == b"<yes/>"


async def test_an_answer_belongs_to_its_sender(store):
    await store.commit(Batch(received=[ANSWER]))
    assert await store.reply_to("mallory@a.example", ANSWER.message_id) is None


async def test_the_journal_returns_the_newest_inputs_oldest_first(store):
    await store.commit(Batch(journal=inputs(1, 2)))
    await store.commit(Batch(journal=inputs(3)))
    assert await store.journal(2) == tuple(inputs(2, 3))
    assert await store.journal(0) == ()


async def test_pruning_deletes_what_is_older_only(store):
    old = replace(ANSWER, message_id="old", at=NOON - timedelta(microseconds=1))
    await store.commit(Batch(received=[ANSWER, old], journal=inputs(1, 2, 3)))
    await store.prune(NOON, keeping(journal_rows=2))
    assert await store.reply_to(ANSWER.sender, "old") is None
    assert await store.reply_to(ANSWER.sender, ANSWER.message_id) == ANSWER.reply
    assert await store.journal(10) == tuple(inputs(2, 3))


async def test_pruning_keeps_the_newest_answers_however_many_there_are(store):
    old = replace(ANSWER, message_id="old", at=NOON - timedelta(seconds=1))
    await store.commit(Batch(received=[old, ANSWER]))
    await store.prune(NOON, Retention(replies=1))
    assert await store.reply_to(ANSWER.sender, "old") is None
    assert await store.reply_to(ANSWER.sender, ANSWER.message_id) == ANSWER.reply


@pytest.mark.parametrize(("most", "left"), [(5, 2), (4, 2), (3, 1), (1, 0), (99, 3)])
async def test_pruning_keeps_no_more_bytes_of_inputs_than_allowed(store, most, left):
    rows = [Journalled(NOON, "x", b"%02d" % number) for number in range(3)]
    await store.commit(Batch(journal=rows))
    await store.prune(NOON, Retention(journal_bytes=most))
    assert await store.journal(9) == tuple(rows[3 - left :])


async def test_pruning_can_empty_the_journal_and_inputs_still_follow(store):
    await store.commit(Batch(journal=inputs(1, 2)))
    await store.prune(NOON, keeping(journal_rows=0))
    await store.commit(Batch(journal=inputs(3)))
    await store.prune(NOON, keeping(journal_rows=5))
    assert await store.journal(10) == tuple(inputs(3))


async def test_instants_of_other_zones_are_compared_as_utc(store):
    east = NOON.astimezone(timezone(timedelta(hours=5)))
    await store.commit(Batch(received=[replace(ANSWER, at=east)]))
    await store.prune(NOON, keeping(journal_rows=0))
    assert await store.reply_to(ANSWER.sender, ANSWER.message_id) == ANSWER.reply


async def test_a_store_is_opened_once(store):
    with pytest.raises(StoreError, match="open already"):
        await store.open()


async def test_a_closed_store_refuses_and_closes_again(store):
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="not open"):
        await store.commit(Batch())


NAMES = st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6"])


def entry_of(name: str, kind: str) -> Outgoing:
    return replace(PUBLISH, id=name, kind=kind, item_id=f"item{int(name[1]) % 2}")


ENTRIES = st.builds(
    entry_of, NAMES, st.sampled_from(["publish", "status", "readings", "retract", "transact"])
)
BATCHES = st.builds(
    Batch,
    st.lists(st.builds(Row, NAMES, NAMES, st.binary(max_size=2)), max_size=3),
    st.lists(st.tuples(NAMES, NAMES), max_size=2),
    st.lists(ENTRIES, max_size=5, unique_by=lambda entry: entry.id),
    st.lists(NAMES, max_size=2),
)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(BATCHES, max_size=5))
async def test_both_stores_keep_the_same(batches):
    memory, database = MemoryStore(), DatabaseStore(IN_MEMORY)
    await memory.open()
    await database.open()
    for batch in batches:
        await memory.commit(batch)
        await database.commit(batch)
    kept = await database.load()
    await database.close()
    assert await memory.load() == kept

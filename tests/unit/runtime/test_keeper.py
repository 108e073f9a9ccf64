import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from xmpp_cem.errors import StoreError, StoreUnavailableError
from xmpp_cem.model.keeping import Batch, Journalled, Received, Retention, Row
from xmpp_cem.runtime.keeper import Keeper
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.builders import NOW


class Flaky(MemoryStore):
    """A store whose disk is full when told so."""

    def __init__(self):
        super().__init__()
        self.fault: StoreError | None = None
        self.tried = 0

    async def commit(self, batch):
        self.tried += 1
        if self.fault:
            raise self.fault
        await super().commit(batch)


@pytest.fixture
async def store():
    opened = Flaky()
    await opened.open()
    return opened


def keeper_of(store, clock, **retention):
    return Keeper(store, clock, Retention(**retention))


def rows(count, value=b"v"):
    return [Journalled(NOW, "x", value) for _ in range(count)]


async def test_a_full_disk_is_waited_for_and_what_was_decided_is_kept_once(store, clock):
    keeper = keeper_of(store, clock)
    store.fault = StoreUnavailableError("the disk is full")
    with capture_logs() as logs:
        task = asyncio.create_task(keeper.commit(Batch(put=[Row("a", "k", b"1")], journal=rows(1))))
        await clock.settle()
        since = keeper.unavailable_since
        assert since is not None
        await clock.advance(timedelta(hours=12))
        assert not task.done()
        assert keeper.unavailable_since == since
        store.fault = None
        await clock.advance(timedelta(seconds=31))
        await task
    assert keeper.unavailable_since is None
    assert (await store.load()).records == (Row("a", "k", b"1"),)
    assert len(await store.journal(9)) == 1
    assert store.tried > 12 * 120
    said = [entry for entry in logs if entry["log_level"] == "error"]
    assert 12 * 11 <= len(said) <= 12 * 12 + 1
    assert logs[-1]["event"] == "stored again"


async def test_what_somebody_must_mend_is_raised_at_once(store, clock):
    store.fault = StoreError("damaged; restore a backup")
    with pytest.raises(StoreError, match="restore a backup"):
        await keeper_of(store, clock).commit(Batch(put=[Row("a", "k", b"1")]))
    assert store.tried == 1


@pytest.mark.parametrize(("count", "size"), [(101, 1), (3, 10_000)])
async def test_much_is_pruned_without_waiting_for_the_time(store, clock, count, size):
    keeper = keeper_of(store, clock, journal_rows=100, journal_bytes=20_000)
    for _ in range(20):
        await keeper.commit(Batch(put=[Row("a", "k", b"1")], journal=rows(count, bytes(size))))
        journal = await store.journal(10**6)
        assert len(journal) <= 125 + count
        assert sum(len(row.value) for row in journal) <= 25_000 + count * size
    assert len(journal) > 0


async def test_old_answers_go_with_time(store, clock):
    keeper = keeper_of(store, clock)
    await store.commit(Batch(received=[Received("a", "r", b"", clock.now())]))
    task = asyncio.create_task(keeper.prune_regularly())
    await clock.advance(timedelta(hours=47, minutes=59))
    assert await keeper.reply_to("a", "r") is not None
    await clock.advance(timedelta(minutes=12))
    assert await keeper.reply_to("a", "r") is None
    task.cancel()


async def test_an_end_with_a_full_disk_is_orderly(store, clock):
    keeper = keeper_of(store, clock)
    await keeper.commit(Batch(journal=rows(3)))
    store.fault = StoreUnavailableError("the disk is full")
    with capture_logs() as logs:
        await keeper.flush()
    assert logs[0]["event"] == "the last inputs are not in the journal"

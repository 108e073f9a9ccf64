"""A disk of one megabyte that really fills up."""

import os
import subprocess
from datetime import UTC, datetime

import pytest

from xmpp_cem.errors import StoreUnavailableError
from xmpp_cem.model.keeping import Batch, Journalled, Row
from xmpp_cem.store.database import DatabaseStore

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path):
    """A small file system; skipped where nobody may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ("/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)),
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root and a machine that permits it")
    yield folder
    subprocess.run(("/usr/bin/umount", str(folder)), check=True)


def fill(folder):
    """Leave not one byte."""
    with (folder / "ballast").open("ab", buffering=0) as ballast:
        for size in (2**16, 2**12, 1):
            try:
                while ballast.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    assert os.statvfs(folder).f_bavail == 0


def said(number):
    value = b"%d" % number
    return Batch(put=[Row("a", "k", value)], journal=[Journalled(NOON, "x", value + bytes(5000))])


async def until_full(store):
    """Commit until the disk has no room; returns how many were acknowledged and what was not."""
    for number in range(1, 1000):
        try:
            await store.commit(said(number))
        except StoreUnavailableError:
            return number - 1, said(number)
    raise AssertionError("the disk is larger than a test may take")


async def test_what_was_acknowledged_survives_a_full_disk_and_the_rest_follows(disk):
    store = DatabaseStore(disk / "store.sqlite")
    await store.open()
    fill(disk)
    count, refused = await until_full(store)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError, match=r"store\.sqlite: .*free space on its disk"):
            await store.commit(refused)
    (disk / "ballast").unlink()
    await store.commit(refused)
    await store.commit(said(count + 2))
    await store.close()
    await store.open()
    journal = await store.journal(1000)
    assert [int(one.value.rstrip(b"\0")) for one in journal] == list(range(1, count + 3))
    await store.close()


@pytest.mark.parametrize("exists", [True, False])
async def test_a_store_that_meets_a_full_disk_opens_once_there_is_room(disk, exists):
    path = disk / "store.sqlite"
    store = DatabaseStore(path)
    if exists:
        await store.open()
        await store.commit(said(1))
        await store.close()
    fill(disk)
    with pytest.raises(StoreUnavailableError, match=r"store\.sqlite: .*free space on its disk"):
        await open_or_use(store)
    (disk / "ballast").unlink()
    await store.open()
    assert len((await store.load()).records) == int(exists)
    await store.commit(said(2))
    await store.close()


async def open_or_use(store):
    """Open and write: a log that finds room in the last block may only fail here."""
    await store.open()
    try:
        await store.commit(Batch(put=[Row("a", "k", bytes(100_000))]))
    finally:
        await store.close()

from datetime import timedelta

from xmpp_cem.core.effects import Remember
from xmpp_cem.core.inputs import Started
from xmpp_cem.model.keeping import Batch
from xmpp_cem.runtime import journal
from xmpp_cem.store.copying import back_up, restore
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.testing.builders import Domain, of_kind

DAY_S = timedelta(days=1).total_seconds()


async def start(path, seconds):
    """Start a VTN on a store, as a process does, and return its epoch."""
    store = DatabaseStore(path)
    await store.open()
    domain = Domain("a")
    for row in (await store.load()).records:
        domain.vtn.restore(journal.read_record(row))
    effects = domain.tell(Started(), seconds)
    records = [journal.write_record(effect.record) for effect in of_kind(effects, Remember)]
    await store.commit(Batch(put=records))
    await store.close()
    return domain.vtn._state.record.epoch


async def test_a_restored_backup_is_newer_than_everything_told_since(tmp_path):
    path, copy = tmp_path / "store.sqlite", tmp_path / "copy.sqlite"
    before = await start(path, 0)
    back_up(path, copy)
    since = [await start(path, number * DAY_S) for number in (1, 2, 3)]
    restore(copy, tmp_path / "again.sqlite")
    restored = await start(tmp_path / "again.sqlite", 3 * DAY_S + 1)
    assert before < since[0] < since[1] < since[2] < restored

"""Stores as parties leave them behind, written by the program's own store."""

import asyncio

import pytest

from xmpp_cem.chaos.stores import Shelf
from xmpp_cem.model.keeping import Batch
from xmpp_cem.runtime.journal import write, write_record
from xmpp_cem.store.database import DatabaseStore


@pytest.fixture
def shelf(tmp_path):
    """Return a function that writes records and inputs into a store and opens it from outside."""

    def written(*records, inputs=(), name="store", at=None):
        path = tmp_path / f"{name}.sqlite"

        async def fill():
            store = DatabaseStore(path)
            await store.open()
            put = [write_record(record) for record in records]
            await store.commit(Batch(put=put, journal=[write(one, at) for one in inputs]))
            await store.close()

        asyncio.run(fill())
        return Shelf(path)

    return written

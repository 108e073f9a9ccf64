"""The store of a site whose power is cut: a file, which holds what was written until then."""

from xmpp_cem.store.database import DatabaseStore


class Disk(DatabaseStore):
    """A party's file, written without a thread: the script's clock would not wait for one."""

    is_cut = False

    async def commit(self, batch):
        """Write, unless the power is gone."""
        if not self.is_cut:
            await super().commit(batch)

    async def _run(self, act):
        return self._explain(act)

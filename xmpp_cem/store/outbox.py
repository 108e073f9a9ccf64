"""The order of what waits to be sent, in memory."""

from xmpp_cem.model.keeping import Outgoing

_Item = tuple[str, str, str]


class Outbox:
    """Entries by id in the order of sending; at most one waits per item of a node.

    A publish or retract supersedes the older entry of its item, and goes to the end.
    An entry with an id that waits already replaces that one in place.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Outgoing] = {}
        self._waiting: dict[_Item, str] = {}

    @property
    def entries(self) -> tuple[Outgoing, ...]:
        """What waits, first to be sent first."""
        return tuple(self._entries.values())

    def add(self, entry: Outgoing) -> None:
        """Append the entry, or replace the one with its id."""
        if entry.id in self._entries:
            self._unlist(self._entries[entry.id])
        item = _item(entry)
        if item is not None:
            self.remove(self._waiting.get(item, ""))
            self._waiting[item] = entry.id
        self._entries[entry.id] = entry

    def remove(self, entry_id: str) -> None:
        """Forget the entry, if it waits."""
        entry = self._entries.pop(entry_id, None)
        if entry is not None:
            self._unlist(entry)

    def _unlist(self, entry: Outgoing) -> None:
        item = _item(entry)
        if item is not None:
            self._waiting.pop(item, None)


def _item(entry: Outgoing) -> _Item | None:
    if entry.kind == "transact":
        return None
    return entry.link, entry.destination, entry.item_id

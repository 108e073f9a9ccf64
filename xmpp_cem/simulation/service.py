"""A pubsub service that loses, in a crash, what it had acknowledged, as ejabberd on Mnesia does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import Access, Affiliation, NodeSpec, NodeState
from xmpp_cem.simulation.loop import VirtualClock
from xmpp_cem.testing.bus_service import Kind, Notices, Service

_YOUNG = timedelta(seconds=5)
"""What is older than this has reached the disk."""


class FickleService(Service):
    """Remembers how to undo its newest changes, and what was removed or replaced.

    Args:
        address: the service's own.
        kind: which server it belongs to.
        notices: what it asks of that server.
        clock: tells how old a change is.
    """

    def __init__(self, address: Jid, kind: Kind, notices: Notices, clock: VirtualClock) -> None:
        super().__init__(address, kind, notices)
        self._clock = clock
        self._undo: list[tuple[datetime, Callable[[], object]]] = []
        self._buried: list[tuple[str, str, Item]] = []

    def publish(self, who: Jid, name: str, item: Item, access: Access) -> None:
        """Take an item; the version that it replaces is remembered."""
        self._bury(name, item.item_id)
        older = self._held(name, item.item_id)
        super().publish(who, name, item, access)
        self._note(lambda: self._put_back(name, item.item_id, older, who.bare))

    def retract(self, who: Jid, name: str, item_id: str) -> None:
        """Remove an item, which is remembered."""
        self._bury(name, item_id)
        older = self._held(name, item_id)
        super().retract(who, name, item_id)
        self._note(lambda: self._put_back(name, item_id, older, who.bare))

    def subscribe(self, who: Jid, name: str) -> None:
        """Subscribe the bare address."""
        is_new = name in self._nodes and who.bare not in self._nodes[name].subscribers
        super().subscribe(who, name)
        if is_new:
            self._note(lambda: self._unsubscribe(name, who.bare))

    def ensure(self, who: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node."""
        state = super().ensure(who, spec, repair=repair)
        if state.was_created:
            self._note(lambda: self._nodes.pop(spec.name, None))
        return state

    def lose_newest(self, random: Random) -> int:
        """Undo some of the newest changes, the last first; returns how many."""
        young = [undo for at, undo in self._undo if self._clock.now() - at <= _YOUNG]
        count = random.randint(0, min(len(young), 6))
        for undo in reversed(young[len(young) - count :]):
            undo()
        self._undo.clear()
        return count

    def bring_back(self, random: Random) -> int:
        """Bring back some of what was removed or replaced; returns how many."""
        candidates = [entry for entry in self._buried if entry[0] in self._nodes]
        chosen = random.sample(candidates, random.randint(0, min(len(candidates), 4)))
        for name, item_id, item in chosen:
            self._put_back(name, item_id, item, next(iter(self._nodes[name].affiliations), ""))
        return len(chosen)

    def lose_subscription(self, random: Random) -> str | None:
        """Forget one subscription, but for an owner's; returns whose."""
        held = [
            (name, who)
            for name, node in self._nodes.items()
            for who in node.subscribers
            if node.affiliations.get(who) is not Affiliation.OWNER
        ]
        if not held:
            return None
        name, who = random.choice(held)
        self._unsubscribe(name, who)
        return who

    def unsubscribe_everywhere(self, account: str) -> None:
        """Forget all subscriptions of an account."""
        for name in self._nodes:
            self._unsubscribe(name, account)

    def lose_node(self, random: Random) -> bool:
        """Forget a whole node; returns whether there was one."""
        if not self._nodes:
            return False
        del self._nodes[random.choice(list(self._nodes))]
        return True

    def _held(self, name: str, item_id: str) -> Item | None:
        node = self._nodes.get(name)
        return node.items.get(item_id) if node else None

    def _bury(self, name: str, item_id: str) -> None:
        older = self._held(name, item_id)
        if older is not None:
            self._buried = [*self._buried[-19:], (name, item_id, older)]

    def _put_back(self, name: str, item_id: str, item: Item | None, author: str) -> None:
        node = self._nodes.get(name)
        if node is None:
            return
        if item is not None:
            node.items[item_id] = item
            node.authors[item_id] = author
        elif item_id in node.items:
            node.drop(item_id)

    def _unsubscribe(self, name: str, who: str) -> None:
        if name in self._nodes:
            self._nodes[name].subscribers.pop(who, None)

    def _note(self, undo: Callable[[], object]) -> None:
        self._undo = [*self._undo[-19:], (self._clock.now(), undo)]

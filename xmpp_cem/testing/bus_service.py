"""One simulated pubsub service, as Prosody 0.12 and ejabberd 23 behave (XEP-0060)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid, NodeName
from xmpp_cem.model.link import Delivery, Item, Retraction
from xmpp_cem.model.node import Access, Affiliation, Drift, NodeSpec, NodeState
from xmpp_cem.xmpp.nodes import affiliation_drift, config_drift, wanted_config


class Kind(StrEnum):
    """Which server is imitated where the two differ."""

    PROSODY = "prosody"
    EJABBERD = "ejabberd"


@dataclass(frozen=True)
class Notices:
    """What a service asks of its server.

    Args:
        may_create: whether a bare address may create nodes.
        notify: sends a headline to a bare address.
    """

    may_create: Callable[[str], bool]
    notify: Callable[[str, Delivery | Retraction], None]


@dataclass
class _Node:
    config: dict[str, str]
    affiliations: dict[str, Affiliation]
    subscribers: dict[str, None] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    authors: dict[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.config["pubsub#access_model"] == Access.OPEN

    @property
    def stores_items(self) -> bool:
        return self.config["pubsub#persist_items"] == "1"

    @property
    def names_publisher(self) -> bool:
        return self.config.get("pubsub#itemreply") == "publisher"

    def strangers(self) -> tuple[str, ...]:
        return tuple(account for account in self.subscribers if account not in self.affiliations)

    def affiliate(self, account: str, affiliation: Affiliation) -> None:
        if affiliation is Affiliation.NONE:
            self.subscribers.pop(account, None)
            self.affiliations.pop(account, None)
        else:
            self.affiliations[account] = affiliation

    def drop(self, item_id: str) -> None:
        del self.items[item_id]
        del self.authors[item_id]


class Service:
    """The nodes of one service; every method names the full address that asks.

    Args:
        address: the service's own.
        kind: which server it belongs to.
        notices: what it asks of that server.

    Every method raises RefusedError with the conditions that the imitated server uses.
    """

    def __init__(self, address: Jid, kind: Kind, notices: Notices) -> None:
        self._address = address
        self._is_ejabberd = kind is Kind.EJABBERD
        self._notices = notices
        self._nodes: dict[str, _Node] = {}

    @property
    def offers_write_only(self) -> bool:
        """Whether accounts can be allowed to publish without reading."""
        return self._is_ejabberd

    @property
    def node_names(self) -> tuple[str, ...]:
        """Names of all nodes; both servers show them to everybody."""
        return tuple(self._nodes)

    def ensure(self, who: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node, as `Nodes.ensure` does in several steps."""
        existing = self._nodes.get(spec.name)
        node = self._create(who, spec) if existing is None else existing
        self._check_owner(node, who)
        for account, affiliation in spec.affiliations.items():
            if account not in node.affiliations:
                self._affiliate(node, account, affiliation)
        drift = _compare(node, who, spec)
        was_repaired = False
        if drift and repair:
            self._mend(node, who, spec)
            was_repaired = not _compare(node, who, spec)
        return NodeState(spec.name, existing is None, drift, was_repaired)

    def affiliate(self, who: Jid, name: str, accounts: Mapping[str, Affiliation]) -> None:
        """Give accounts their affiliation; `none` also ends their subscriptions."""
        node = self._existing(name)
        self._check_owner(node, who)
        for account, affiliation in accounts.items():
            self._affiliate(node, account, affiliation)

    def publish(self, who: Jid, name: str, item: Item, access: Access) -> None:
        """Take an item, notify the subscribers, keep it where the node does."""
        node = self._nodes.get(name) or self._auto_create(who, name, access)
        role = self._role(node, who)
        if role not in {Affiliation.OWNER, Affiliation.PUBLISH_ONLY}:
            raise RefusedError("forbidden", "auth")
        if node.config["pubsub#access_model"] != access:
            raise RefusedError("conflict", "cancel", "access_model is another")
        author = node.authors.get(item.item_id, who.bare)
        if role is not Affiliation.OWNER and author != who.bare:
            raise RefusedError("forbidden", "auth")
        publisher = who if node.names_publisher else None
        self._notify(
            node, Delivery(self._address, name, item.item_id, item.payload, publisher=publisher)
        )
        if node.stores_items:
            self._keep(node, name, Item(item.item_id, item.payload, publisher), who)

    def retract(self, who: Jid, name: str, item_id: str) -> None:
        """Remove an item; only ejabberd tells subscribers of it without being asked to."""
        node = self._existing(name)
        may_write = self._role(node, who) is Affiliation.PUBLISH_ONLY
        if not (may_write and node.authors.get(item_id) == who.bare):
            self._check_owner(node, who)
        if item_id not in node.items:
            raise RefusedError("item-not-found", "cancel")
        node.drop(item_id)
        self._tell_of_removal(node, name, item_id)

    def fetch(self, who: Jid, name: str, item_ids: tuple[str, ...]) -> tuple[Item, ...]:
        """Return the named items that exist, or all."""
        node = self._existing(name)
        self._check_reader(node, who)
        if not node.stores_items and not self._is_ejabberd:
            raise RefusedError("feature-not-implemented", "cancel")
        wanted = dict.fromkeys(item_ids or node.items)
        return tuple(node.items[item_id] for item_id in wanted if item_id in node.items)

    def subscribe(self, who: Jid, name: str) -> None:
        """Subscribe the bare address."""
        node = self._existing(name)
        self._check_reader(node, who)
        node.subscribers[who.bare] = None

    def unsubscribe(self, who: Jid, name: str) -> None:
        """End the bare address's subscription, if there is one."""
        self._existing(name).subscribers.pop(who.bare, None)

    def _existing(self, name: str) -> _Node:
        if name not in self._nodes:
            raise RefusedError("item-not-found", "cancel")
        return self._nodes[name]

    def _create(self, who: Jid, spec: NodeSpec) -> _Node:
        if not self._notices.may_create(who.bare):
            raise RefusedError("forbidden", "auth")
        node = _Node(self._config(spec), {who.bare: Affiliation.OWNER})
        self._nodes[spec.name] = node
        return node

    def _auto_create(self, who: Jid, name: str, access: Access) -> _Node:
        may_create = self._notices.may_create(who.bare)
        if self._is_ejabberd and may_create:
            return self._create(who, NodeSpec(NodeName(name), "", "", access))
        if self._is_ejabberd or may_create:
            raise RefusedError("item-not-found", "cancel")
        raise RefusedError("forbidden", "auth")

    def _config(self, spec: NodeSpec) -> dict[str, str]:
        if self._is_ejabberd and spec.max_items > 1000:  # noqa: PLR2004 stock max_items_node
            raise RefusedError("resource-constraint", "wait")
        if not self._is_ejabberd and spec.max_items > 256:  # noqa: PLR2004 pubsub_max_items
            raise RefusedError("bad-request", "modify")
        config = wanted_config(spec)
        if not self._is_ejabberd:
            config.pop("pubsub#itemreply", None)
        return config

    def _mend(self, node: _Node, who: Jid, spec: NodeSpec) -> None:
        node.config = self._config(spec)
        for account in (*node.affiliations, *spec.affiliations):
            if account != who.bare:
                wanted = spec.affiliations.get(account, Affiliation.NONE)
                self._affiliate(node, account, wanted)
        if not node.is_open:
            for account in node.strangers():
                del node.subscribers[account]

    def _affiliate(self, node: _Node, account: str, affiliation: Affiliation) -> None:
        if affiliation is Affiliation.PUBLISH_ONLY and not self._is_ejabberd:
            raise RefusedError("bad-request", "modify")
        node.affiliate(account, affiliation)

    def _role(self, node: _Node, who: Jid) -> Affiliation:
        # Prosody's component admins own every node of the component.
        if not self._is_ejabberd and self._notices.may_create(who.bare):
            return Affiliation.OWNER
        return node.affiliations.get(who.bare, Affiliation.NONE)

    def _check_owner(self, node: _Node, who: Jid) -> None:
        if self._role(node, who) is not Affiliation.OWNER:
            raise RefusedError("forbidden", "auth")

    def _check_reader(self, node: _Node, who: Jid) -> None:
        role = self._role(node, who)
        if role is Affiliation.PUBLISH_ONLY:
            raise RefusedError("forbidden", "auth")
        if role is Affiliation.NONE and not node.is_open:
            raise (
                RefusedError("not-allowed", "cancel", "closed node")
                if self._is_ejabberd
                else RefusedError("forbidden", "auth")
            )

    def _keep(self, node: _Node, name: str, item: Item, who: Jid) -> None:
        if not self._is_ejabberd and item.item_id in node.items:
            node.drop(item.item_id)  # Prosody moves a repeated item to the end, ejabberd does not
        node.items[item.item_id] = item
        node.authors[item.item_id] = who.bare
        while len(node.items) > int(node.config["pubsub#max_items"]):
            oldest = next(iter(node.items))
            node.drop(oldest)
            self._tell_of_removal(node, name, oldest)

    def _tell_of_removal(self, node: _Node, name: str, item_id: str) -> None:
        if self._is_ejabberd:
            self._notify(node, Retraction(self._address, name, item_id))

    def _notify(self, node: _Node, value: Delivery | Retraction) -> None:
        for account in node.subscribers:
            self._notices.notify(account, value)


def _compare(node: _Node, who: Jid, spec: NodeSpec) -> tuple[Drift, ...]:
    held = {account: str(a) for account, a in node.affiliations.items() if account != who.bare}
    drift = config_drift(spec, node.config) + affiliation_drift(spec, held)
    if spec.access is Access.WHITELIST:
        drift += tuple(
            Drift(f"subscription of {account}", "none", "subscribed without affiliation")
            for account in node.strangers()
            if account != who.bare
        )
    return drift

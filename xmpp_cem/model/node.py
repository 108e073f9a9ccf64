"""The pubsub nodes of one communication domain (figures 9 and 19)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from xmpp_cem.model.ids import DomainId, NodeName


class Affiliation(StrEnum):
    """What an account may do at a node (XEP-0060, 4.1)."""

    OWNER = "owner"
    MEMBER = "member"
    PUBLISH_ONLY = "publish-only"
    NONE = "none"


class Access(StrEnum):
    """Who may subscribe to a node (XEP-0060, 4.5)."""

    OPEN = "open"
    WHITELIST = "whitelist"


class Uplink(StrEnum):
    """How a VEN's reports reach its VTN: published into a write-only node, or as transactions."""

    PUBLISH = "publish"
    TRANSACTION = "transaction"


@dataclass(frozen=True)
class NodeSpec:
    """How a node must be configured.

    Args:
        name: the node.
        title, description: what a person's client shows.
        access: who may read.
        stores_items: whether items persist; live nodes do not.
        max_items: kept items, 1 to 256 (Prosody's limit).
        names_publisher: ask the service to stamp the publisher on items.
        affiliations: bare address to affiliation, the owner left out.
    """

    name: NodeName
    title: str
    description: str
    access: Access = Access.WHITELIST
    stores_items: bool = True
    max_items: int = 128
    names_publisher: bool = False
    affiliations: Mapping[str, Affiliation] = field(default_factory=dict)


@dataclass(frozen=True)
class Drift:
    """A field of a node that is not as it must be; `wanted` and `found` are for people."""

    field: str
    wanted: str
    found: str


@dataclass(frozen=True)
class NodeState:
    """What creating or verifying a node showed."""

    name: NodeName
    was_created: bool
    drift: tuple[Drift, ...] = ()
    was_repaired: bool = False


def card_node(domain: DomainId) -> NodeName:
    """Return the node that anyone may read: one item, `card`."""
    return NodeName(f"cem/{domain}")


def events_node(domain: DomainId) -> NodeName:
    """Return the node of live events for every VEN of the domain."""
    return NodeName(f"cem/{domain}/events")


def reports_node(domain: DomainId) -> NodeName:
    """Return the node of what VENs start: readings, status events, alarms (figure 18)."""
    return NodeName(f"cem/{domain}/reports")


def operations_node(domain: DomainId) -> NodeName:
    """Return the node of figure 5's operations."""
    return NodeName(f"cem/{domain}/operations")


def domain_nodes(domain: DomainId) -> tuple[NodeName, ...]:
    """Return all nodes of a domain."""
    return (
        card_node(domain),
        events_node(domain),
        reports_node(domain),
        operations_node(domain),
    )

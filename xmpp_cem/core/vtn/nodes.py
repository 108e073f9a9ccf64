"""How the nodes of a domain must be configured, and how they were found."""

from collections.abc import Iterable

from xmpp_cem.core.effects import Note
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.messages.operations import NodeEntry
from xmpp_cem.model.node import (
    Access,
    Affiliation,
    NodeSpec,
    NodeState,
    Uplink,
    card_node,
    events_node,
    operations_node,
    reports_node,
)


def node_specs(
    settings: VtnSettings, uplink: Uplink, accounts: Iterable[str]
) -> tuple[NodeSpec, ...]:
    """Return the nodes of figure 19 as this domain needs them, open to its members' accounts."""
    domain, accounts = settings.domain, sorted(accounts)
    operators = dict.fromkeys(sorted(settings.operators), Affiliation.MEMBER)
    members = dict.fromkeys(accounts, Affiliation.MEMBER)
    writers = dict.fromkeys(accounts, Affiliation.PUBLISH_ONLY)
    is_box = uplink is Uplink.PUBLISH
    return (
        NodeSpec(
            name=card_node(domain),
            title=f"Card of {domain}",
            description="Who leads this communication domain and how to reach it",
            access=Access.OPEN,
            max_items=1,
        ),
        NodeSpec(
            name=events_node(domain),
            title=f"Events of {domain}",
            description="Live demand-response events for every VEN, and their index",
            affiliations=members | operators,
        ),
        NodeSpec(
            name=reports_node(domain),
            title=f"Reports of {domain}",
            description="Readings and status of VENs, live",
            stores_items=False,
            names_publisher=is_box,
            affiliations=(writers if is_box else {}) | operators,
        ),
        NodeSpec(
            name=operations_node(domain),
            title=f"Operations of {domain}",
            description="Dispatch records, live",
            stores_items=False,
            affiliations=operators,
        ),
    )


def entries(states: Iterable[NodeState]) -> tuple[NodeEntry, ...]:
    """Return the nodes as operators see them."""
    return tuple(
        NodeEntry(
            name=state.name,
            was_created=state.was_created,
            was_repaired=state.was_repaired,
            drift=tuple(f"{d.field} is {d.found}, must be {d.wanted}"[:512] for d in state.drift),
        )
        for state in states
    )


def drifts(states: Iterable[NodeState]) -> list[Note]:
    """Tell people in what nodes differ from what they must be."""
    return [
        Note(
            "warning",
            "node is not as it must be",
            (("node", state.name), ("field", drift.field), ("is", drift.found)),
        )
        for state in states
        for drift in state.drift
    ]

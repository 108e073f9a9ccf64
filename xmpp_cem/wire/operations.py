"""Figure 5's operations: dispatch records, members and nodes."""

from xmpp_cem.messages.operations import (
    DispatchRecord,
    DomainMembers,
    DomainNodes,
    MemberEntry,
    MemberShare,
    NodeEntry,
)
from xmpp_cem.wire.fields import (
    INTERVAL,
    ORDER,
    Fields,
    append_leaves,
    attributes,
    build,
    leaves,
    set_attributes,
    text_of,
)
from xmpp_cem.wire.namespaces import OPERATIONS
from xmpp_cem.wire.scalars import BOOLEAN, INSTANT, INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Element, append, child, children

DOMAIN: Fields = {"domain": ("domain", TOKEN)}
RECORD: Fields = {
    "domain": ("domain", TOKEN),
    "event": ("event", TOKEN),
    "upper": ("upper", TOKEN),
    "status": ("status", TOKEN),
    "target_w": ("targetW", INTEGER),
    "promised_w": ("promisedW", INTEGER),
    "delivered_w": ("deliveredW", INTEGER),
    "delivered_wh": ("deliveredWh", INTEGER),
    "redivisions": ("redivisions", INTEGER),
    "members": ("members", INTEGER),
}
WHY: Fields = {"why": ("why", TEXT)}
PART: Fields = {
    "party": ("party", TOKEN),
    "availability": ("availability", TOKEN),
    "asked_w": ("askedW", INTEGER),
    "opt": ("opt", TOKEN),
    "promised_w": ("promisedW", INTEGER),
    "delivered_w": ("deliveredW", INTEGER),
}
REASON: Fields = {"reason": ("reason", TEXT)}
MEMBER: Fields = {
    "party": ("party", TOKEN),
    "account": ("account", TEXT),
    "availability": ("availability", TOKEN),
    "power_w": ("powerW", INTEGER),
    "increase_w": ("increaseW", INTEGER),
    "decrease_w": ("decreaseW", INTEGER),
    "revision": ("revision", INTEGER),
    "last_heard": ("lastHeard", INSTANT),
}
NODE: Fields = {
    "name": ("name", TEXT),
    "was_created": ("created", BOOLEAN),
    "was_repaired": ("repaired", BOOLEAN),
}


def append_dispatch(payload: Element, body: DispatchRecord) -> None:
    """Write a dispatch record and its members' parts."""
    element = append(payload, OPERATIONS, "dispatch")
    set_attributes(element, body, RECORD)
    set_attributes(element, body.order, ORDER)
    set_attributes(element, body.active, INTERVAL)
    append_leaves(element, OPERATIONS, body, WHY)
    for share in body.shares:
        part = append(element, OPERATIONS, "share")
        set_attributes(part, share, PART)
        append_leaves(part, OPERATIONS, share, REASON)


def read_dispatch(payload: Element) -> DispatchRecord | None:
    """Return the dispatch record, or None without it."""
    element = child(payload, OPERATIONS, "dispatch")
    if element is None:
        return None
    values = {
        **attributes(element, RECORD),
        **leaves(element, OPERATIONS, WHY),
        "order": attributes(element, ORDER),
        "active": attributes(element, INTERVAL),
        "shares": tuple(_read_share(part) for part in children(element, OPERATIONS, "share")),
    }
    return build(DispatchRecord, "dispatch", values, RECORD)


def append_members(payload: Element, body: DomainMembers) -> None:
    """Write a domain's members."""
    element = append(payload, OPERATIONS, "members")
    set_attributes(element, body, DOMAIN)
    for member in body.members:
        set_attributes(append(element, OPERATIONS, "member"), member, MEMBER)


def read_members(payload: Element) -> DomainMembers | None:
    """Return a domain's members, or None without them."""
    element = child(payload, OPERATIONS, "members")
    if element is None:
        return None
    members = tuple(
        build(MemberEntry, "member", attributes(part, MEMBER), MEMBER)
        for part in children(element, OPERATIONS, "member")
    )
    return build(DomainMembers, "members", {**attributes(element, DOMAIN), "members": members})


def append_nodes(payload: Element, body: DomainNodes) -> None:
    """Write a domain's nodes."""
    element = append(payload, OPERATIONS, "nodes")
    set_attributes(element, body, DOMAIN)
    for node in body.nodes:
        part = append(element, OPERATIONS, "node")
        set_attributes(part, node, NODE)
        for drift in node.drift:
            append(part, OPERATIONS, "drift", drift)


def read_nodes(payload: Element) -> DomainNodes | None:
    """Return a domain's nodes, or None without them."""
    element = child(payload, OPERATIONS, "nodes")
    if element is None:
        return None
    nodes = tuple(_read_node(part) for part in children(element, OPERATIONS, "node"))
    return build(DomainNodes, "nodes", {**attributes(element, DOMAIN), "nodes": nodes})


def _read_share(part: Element) -> MemberShare:
    values = {**attributes(part, PART), **leaves(part, OPERATIONS, REASON)}
    return build(MemberShare, "share", values, PART)


def _read_node(part: Element) -> NodeEntry:
    drift = tuple(text_of(one) for one in children(part, OPERATIONS, "drift"))
    return build(NodeEntry, "node", {**attributes(part, NODE), "drift": drift}, NODE)

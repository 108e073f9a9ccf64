"""Figure 5's operations: dispatch records, members and nodes."""

from xmpp_cem.messages.operations import (
    DispatchRecord,
    DomainMembers,
    DomainNodes,
    MemberEntry,
    MemberShare,
    NodeEntry,
    RefusalEntry,
    SettlementEvidence,
    WaitingEntry,
)
from xmpp_cem.model.signal import Signal
from xmpp_cem.model.stated import Stated
from xmpp_cem.wire.capability import append_resource, read_resources
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
from xmpp_cem.wire.signals import append_signal, read_signal
from xmpp_cem.wire.xml import Draft, Element, append, child, children

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
    "excess_w": ("excessW", INTEGER),
}
WHY: Fields = {"why": ("why", TEXT)}
PART: Fields = {
    "party": ("party", TOKEN),
    "availability": ("availability", TOKEN),
    "asked_w": ("askedW", INTEGER),
    "opt": ("opt", TOKEN),
    "promised_w": ("promisedW", INTEGER),
    "baseline_w": ("baselineW", INTEGER),
    "delivered_w": ("deliveredW", INTEGER),
    "counted_w": ("countedW", INTEGER),
    "stage": ("stage", TOKEN),
    "stage_at": ("stageAt", INSTANT),
    "until": ("until", INSTANT),
    "silent_since": ("silentSince", INSTANT),
}
STATED: Fields = {
    "power_w": ("powerW", INTEGER),
    "expected": ("expected", INTEGER),
    "reporting": ("reporting", INTEGER),
    "oldest": ("oldest", INSTANT),
    "estimated_share_permille": ("estimatedShare", INTEGER),
    "quality": ("quality", TOKEN),
    "made": ("made", INSTANT),
}
REASON: Fields = {"reason": ("reason", TEXT)}
TOLD: Fields = {**REASON, "alarm": ("alarm", TEXT)}
MEMBER: Fields = {
    "party": ("party", TOKEN),
    "account": ("account", TEXT),
    "availability": ("availability", TOKEN),
    "power_w": ("powerW", INTEGER),
    "increase_w": ("increaseW", INTEGER),
    "decrease_w": ("decreaseW", INTEGER),
    "committed_w": ("committedW", INTEGER),
    "revision": ("revision", INTEGER),
    "last_heard": ("lastHeard", INSTANT),
    "standing": ("standing", TOKEN),
    "since": ("since", INSTANT),
    "expected": ("expected", INTEGER),
    "reporting": ("reporting", INTEGER),
    "oldest": ("oldest", INSTANT),
    "estimated_share_permille": ("estimatedShare", INTEGER),
}
REFUSAL: Fields = {"at": ("at", INSTANT), "code": ("code", TOKEN)}
WAITING: Fields = {
    "account": ("account", TEXT),
    "first": ("first", INSTANT),
    "last": ("last", INSTANT),
    "times": ("times", INTEGER),
}
NOTE: Fields = {"note": ("note", TEXT)}
NODE: Fields = {
    "name": ("name", TEXT),
    "was_created": ("created", BOOLEAN),
    "was_repaired": ("repaired", BOOLEAN),
}

PIECE: Fields = {
    "event": ("event", TOKEN),
    "party": ("party", TOKEN),
    "resource": ("resource", TOKEN),
    "digest": ("digest", TOKEN),
    "length": ("length", INTEGER),
    "offset": ("offset", INTEGER),
}
PIECE_TEXT: Fields = {"text": ("text", TEXT)}


def append_dispatch(payload: Draft, body: DispatchRecord) -> None:
    """Write a dispatch record and its members' parts."""
    element = append(payload, OPERATIONS, "dispatch")
    set_attributes(element, body, RECORD)
    set_attributes(element, body.order, ORDER)
    set_attributes(element, body.active, INTERVAL)
    append_leaves(element, OPERATIONS, body, WHY)
    _append_asked(element, body.asked)
    _append_stated(element, body.baseline)
    for share in body.shares:
        part = append(element, OPERATIONS, "share")
        set_attributes(part, share, PART)
        append_leaves(part, OPERATIONS, share, TOLD)
        _append_asked(part, share.asked)
        _append_stated(part, share.stated)


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
        "asked": _read_asked(element),
        "baseline": _read_stated(element),
        "shares": tuple(_read_share(part) for part in children(element, OPERATIONS, "share")),
    }
    return build(DispatchRecord, "dispatch", values, RECORD)


def append_members(payload: Draft, body: DomainMembers) -> None:
    """Write a domain's members."""
    element = append(payload, OPERATIONS, "members")
    set_attributes(element, body, DOMAIN)
    for member in body.members:
        part = append(element, OPERATIONS, "member")
        set_attributes(part, member, MEMBER)
        if not member.committed_w:
            del part.attributes[MEMBER["committed_w"][0]]
        for resource in member.resources:
            append_resource(part, OPERATIONS, resource)
        for finding in member.findings:
            append(part, OPERATIONS, "finding", finding)
        for refusal in member.refusals:
            refused = append(part, OPERATIONS, "refusal")
            set_attributes(refused, refusal, REFUSAL)
            append_leaves(refused, OPERATIONS, refusal, REASON)
    for each in body.waiting:
        part = append(element, OPERATIONS, "waiting")
        set_attributes(part, each, WAITING)
        append_leaves(part, OPERATIONS, each, NOTE)


def read_members(payload: Element) -> DomainMembers | None:
    """Return a domain's members, or None without them."""
    element = child(payload, OPERATIONS, "members")
    if element is None:
        return None
    values = {
        **attributes(element, DOMAIN),
        "members": tuple(_read_member(p) for p in children(element, OPERATIONS, "member")),
        "waiting": tuple(_read_waiting(p) for p in children(element, OPERATIONS, "waiting")),
    }
    return build(DomainMembers, "members", values)


def append_nodes(payload: Draft, body: DomainNodes) -> None:
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


def append_evidence(payload: Draft, body: SettlementEvidence) -> None:
    """Write a piece of evidence."""
    element = append(payload, OPERATIONS, "evidence")
    set_attributes(element, body, PIECE)
    append_leaves(element, OPERATIONS, body, PIECE_TEXT)


def read_evidence(payload: Element) -> SettlementEvidence | None:
    """Return a piece of evidence, or None without it."""
    element = child(payload, OPERATIONS, "evidence")
    if element is None:
        return None
    values = {**attributes(element, PIECE), **leaves(element, OPERATIONS, PIECE_TEXT)}
    return build(SettlementEvidence, "evidence", values, PIECE)


def _read_share(part: Element) -> MemberShare:
    values = {
        **attributes(part, PART),
        **leaves(part, OPERATIONS, TOLD),
        "asked": _read_asked(part),
        "stated": _read_stated(part),
    }
    return build(MemberShare, "share", values, PART)


def _read_member(part: Element) -> MemberEntry:
    values = {
        **attributes(part, MEMBER),
        "resources": read_resources(part, OPERATIONS),
        "findings": tuple(text_of(one) for one in children(part, OPERATIONS, "finding")),
        "refusals": tuple(_read_refusal(one) for one in children(part, OPERATIONS, "refusal")),
    }
    return build(MemberEntry, "member", values, MEMBER)


def _read_refusal(part: Element) -> RefusalEntry:
    values = {**attributes(part, REFUSAL), **leaves(part, OPERATIONS, REASON)}
    return build(RefusalEntry, "refusal", values, REFUSAL)


def _read_waiting(part: Element) -> WaitingEntry:
    values = {**attributes(part, WAITING), **leaves(part, OPERATIONS, NOTE)}
    return build(WaitingEntry, "waiting", values, WAITING)


def _append_asked(element: Draft, signal: Signal | None) -> None:
    if signal is not None:
        append_signal(append(element, OPERATIONS, "asked"), signal)


def _read_asked(element: Element) -> Signal | None:
    asked = child(element, OPERATIONS, "asked")
    return None if asked is None else read_signal(asked, "asked")


def _append_stated(element: Draft, stated: Stated | None) -> None:
    if stated is not None:
        set_attributes(append(element, OPERATIONS, "baseline"), stated, STATED)


def _read_stated(element: Element) -> Stated | None:
    stated = child(element, OPERATIONS, "baseline")
    return None if stated is None else build(Stated, "baseline", attributes(stated, STATED), STATED)


def _read_node(part: Element) -> NodeEntry:
    drift = tuple(text_of(one) for one in children(part, OPERATIONS, "drift"))
    return build(NodeEntry, "node", {**attributes(part, NODE), "drift": drift}, NODE)

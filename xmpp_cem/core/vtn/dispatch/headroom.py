"""How far members may change power inside the limits that their domain has given them."""

from collections.abc import Iterable, Mapping

from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Direction, Limit

Parts = Mapping[EventId, Mapping[PartyId, Part]]


def headroom(
    dispatch: Dispatch,
    live: Iterable[Dispatch],
    parts: Parts,
    capabilities: Mapping[PartyId, Capability],
) -> dict[PartyId, int]:
    """Return by how much members can change in a dispatch's direction at most, W, not signed.

    Args:
        dispatch: a change of power.
        live: the domain's events; limits among them that act at the same time count.
        parts: of all events.
        capabilities: of the members.

    Returns:
        Only members that a limit bounds in this direction. A limit of one phase does not: how a
        member spreads its power over phases, it knows alone.
    """
    direction = Direction.EXPORT if dispatch.target_w < 0 else Direction.IMPORT
    own = parts.get(dispatch.event.id, {})
    rooms: dict[PartyId, int] = {}
    for other in live:
        if not isinstance(other.signal, Limit) or not _meet(dispatch, other):
            continue
        for party, part in parts.get(other.event.id, {}).items():
            limits = _limits_w(part, direction)
            if not limits or party not in capabilities:
                continue
            powers = _free_w(own.get(party), capabilities[party])
            flow_w = max(powers) if direction is Direction.IMPORT else -min(powers)
            room_w = max(0, min(limits) - flow_w)
            rooms[party] = min(room_w, rooms.get(party, room_w))
    return rooms


def _meet(one: Dispatch, other: Dispatch) -> bool:
    return one.active.start < other.active.end and other.active.start < one.active.end


def _limits_w(part: Part, direction: Direction) -> list[int]:
    if part.answer is not None and part.answer.opt is Opt.OUT:
        return []
    limits = (signal for signal in part.told if isinstance(signal, Limit))
    return [x.limit_w for x in limits if x.direction is direction and x.phase is None]


def _free_w(part: Part | None, capability: Capability) -> tuple[int, ...]:
    """Return the powers without the event, W: as measured before it, else as last told.

    What other events have changed of it may or may not last as long as this one does.
    """
    if part is not None and part.baseline_w is not None:
        return (part.baseline_w,)
    return capability.power_w, capability.power_w - capability.committed_w

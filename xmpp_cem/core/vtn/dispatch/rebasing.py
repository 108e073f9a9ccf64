"""Gives an event a later basis where a member's share is of a capability that we did not know."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.commitments import only
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Share


def rebased(
    state: VtnState, dispatch: Dispatch, parts: Mapping[PartyId, Part], now: datetime
) -> tuple[Dispatch, dict[PartyId, Part]]:
    """Let everybody take a share of what is confirmed now, where we and a member mean another one.

    A member says of which revision its promise is (decision 36). Where that is another than we
    have counted on, as after an older store was put back, no multiplier hits the target.

    Returns:
        The dispatch, with another basis where it needs one, and the parts that are of another
        capability with it.
    """
    signal = dispatch.event.signal
    if not isinstance(signal, Share) or not any(_is_of_another(state, p) for p in parts.values()):
        return dispatch, {}
    is_fall = signal.direction == "decrease"
    changed = {
        party: _reckoned(part, able, dispatch, is_fall=is_fall)
        for party, part in parts.items()
        if (able := _newest(state, part)) and able.revision != part.revision
    }
    event = dispatch.event.model_copy(update={"signal": signal.model_copy(update={"basis": now})})
    return dispatch.model_copy(update={"event": event}), changed


def _newest(state: VtnState, part: Part) -> Capability | None:
    """Return what a member that may be called has registered last."""
    member = state.members.get(part.party)
    return None if part.barred or member is None else member.capability


def _is_of_another(state: VtnState, part: Part) -> bool:
    """Whether a promise is of another revision than we counted on, and we know a later one.

    One of an older revision is usual: what we counted on had not come back to the member yet, or
    was reckoned anew for other times. Only a member that counts anew means something else by it.
    """
    answer, counted, able = part.answer, part.revision, _newest(state, part)
    if answer is None or counted is None or able is None or not answer.power_w:
        return False
    is_anew = answer.revision != counted and able.revision < counted
    return is_anew or (answer.revision > counted and able.revision != counted)


def _reckoned(part: Part, able: Capability, dispatch: Dispatch, *, is_fall: bool) -> Part:
    """Return a part by a capability; what a promise said of another is no bound any more."""
    able_w = only(able, part.resources or None).able_w(dispatch.active, is_fall=is_fall)
    limit_w = min(part.limit_w, able_w) if part.conduct.strikes else able_w
    update = {"capability_w": able_w, "limit_w": limit_w, "revision": able.revision}
    return part.model_copy(update=update)

"""eiTarget: whom, or which resources of a party, something is meant for."""

from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import text_of
from xmpp_cem.wire.openadr.names import EI
from xmpp_cem.wire.xml import Element, children, local_name

WIDE_TARGETS = frozenset({"groupID", "groupName", "venID", "partyID"})
"""What of eiTarget names parties; everything else narrows it down to a part of a party."""

RESOURCE = "resourceID"


def read_resources(target: Element) -> tuple[str, ...]:
    """Return the resources that are named, all of them meant when none is.

    Raises:
        RemoteProtocolError: 2.13 for a part of a party that is no resource.
    """
    for part in target:
        if local_name(part) not in WIDE_TARGETS | {RESOURCE}:
            raise refusal(Code.TARGET, f"eiTarget: {quoted(local_name(part))} is not read here")
    return tuple(text_of(one).strip() for one in children(target, EI, RESOURCE))

"""venID and vtnID, which repeat the header's Source."""

from xmpp_cem.messages.envelope import Header
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import text_of
from xmpp_cem.wire.openadr.names import EI
from xmpp_cem.wire.xml import Element, child


def sender(element: Element, name: str) -> str | None:
    """Return the venID or vtnID that an element holds, None without one or with an empty one."""
    found = child(element, EI, name)
    return (text_of(found).strip() or None) if found is not None else None


def same_sender(element: Element, name: str, header: Header) -> None:
    """Check that an element speaks for the message's Source.

    Raises:
        RemoteProtocolError: 1.8 when it names another party.
    """
    stated = sender(element, name)
    if stated not in {None, header.source}:
        raise refusal(Code.INVALID, f"{name} {quoted(str(stated))} and Source differ")

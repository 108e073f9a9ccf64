"""Reads XMPP addresses with the library's normalisation (RFC 7622)."""

from slixmpp import JID, InvalidJID

from xmpp_cem.model.ids import Jid


def read_address(text: str) -> Jid:
    """Return the normalised address.

    Raises:
        ValueError: the text is no XMPP address.
    """
    try:
        parsed = JID(text)
    except InvalidJID as error:
        raise ValueError(f"{text!r} is not an XMPP address") from error
    return Jid(str(parsed.bare), str(parsed.resource))

"""Content digests of events, as the index of a domain lists them."""

import hashlib
from collections.abc import Callable
from functools import lru_cache, partial

from xmpp_cem.errors import LocalProtocolError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import derived_id
from xmpp_cem.wire.codec import decode, encode
from xmpp_cem.wire.controls import event_element
from xmpp_cem.wire.profile import Profile
from xmpp_cem.wire.rules import Flow
from xmpp_cem.wire.xml import canonical


def digest(event: Event) -> str:
    """Return SHA-256, in hexadecimal, of the canonical `event` element."""
    return hashlib.sha256(canonical(event_element(event))).hexdigest()


def digest_in(profile: Profile) -> Callable[[Event], str]:
    """Return what takes the digest of an event as those read it that are told in a profile.

    An index must list what its readers can know: a profile that cannot say all of an event would
    let every reader find that the index differs, and never leave its failsafe.
    """
    # An index lists all live events again with every change.
    return lru_cache(maxsize=1024)(partial(_digest_as_read, profile)) if profile.losses else digest


def _digest_as_read(profile: Profile, event: Event) -> str:
    header = Header(
        verb=Verb.CREATED,
        noun=Noun.CONTROLS,
        message_id=derived_id("digest"),
        timestamp=event.created,
        source="vtn",
    )
    message = EventMessage(header=header, body=EndDeviceControls(events=(event,)))
    try:
        data = encode(message, profile)
    except LocalProtocolError:  # it is not sent either
        return digest(event)
    read = decode(data, Flow.EVENT, profile)
    if isinstance(read, EventMessage) and isinstance(read.body, EndDeviceControls):
        return digest(*read.body.events)
    raise AssertionError(f"{profile.name} reads no event where one was written")

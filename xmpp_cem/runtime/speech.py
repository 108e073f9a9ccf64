"""Which payload profile is spoken with whom (annex B)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from xmpp_cem.core.inputs import Link
from xmpp_cem.messages.envelope import FaultMessage, Message
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.wire.codec import Flow, decode, decode_presence, encode, encode_presence
from xmpp_cem.wire.payloads import IEC61968_9
from xmpp_cem.wire.profile import Profile

log = structlog.get_logger()


@dataclass(frozen=True)
class Speech:
    """The profile of each domain; operators speak the default one everywhere.

    Args:
        profiles: by connection; the default where there is none.
        plain: bare addresses that speak the default in any case.
    """

    profiles: Mapping[Link, Profile] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()

    def of(self, link: Link, account: str = "") -> Profile:
        """Return the profile that is spoken with an account, or on the nodes without one."""
        if account in self.plain:
            return IEC61968_9
        return self.profiles.get(link, IEC61968_9)

    def write(self, link: Link, account: str, message: Message) -> bytes:
        """Return a message's bytes; what its receiver will not learn is logged.

        Raises:
            LocalProtocolError: the profile cannot say it, or `encode` cannot write it.
        """
        profile = self.of(link, account)
        data = encode(message, profile)
        if not isinstance(message, FaultMessage):
            for note in profile.notes(message):
                log.info("not said", why=note, message=message.header.message_id)
        return data

    def read(self, link: Link, account: str, data: bytes, flow: Flow) -> Message:
        """Return the message in bytes; raises RemoteProtocolError as `decode`."""
        return decode(data, flow, self.of(link, account))

    def write_presence(self, value: Offer | Leadership) -> bytes:
        """Return a presence's extension, which no profile changes; raises as `encode_presence`."""
        return encode_presence(value)

    def read_presence(self, extension: bytes) -> Offer | Leadership | None:
        """Return what an extension says; raises RemoteProtocolError as `decode_presence`."""
        return decode_presence(extension)

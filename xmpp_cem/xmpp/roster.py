"""Knows whose presence we are subscribed to (RFC 6121, 2)."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.faults import CLIENT

ROSTER = "jabber:iq:roster"
ASK_AGAIN_SECONDS = 300.0


def is_push(stanza: Element) -> bool:
    """Whether a stanza claims to be a roster push."""
    return (
        stanza.tag == f"{{{CLIENT}}}iq"
        and stanza.get("type") == "set"
        and stanza.find(f"{{{ROSTER}}}query") is not None
    )


class Roster:
    """The accounts whose presence reaches us in this session, and `watchers`, who see ours.

    Args:
        own: our bound address; a push from anyone else is a forgery (RFC 6121, 2.1.6).
        clock: monotonic seconds.
    """

    def __init__(self, own: Jid, clock: Callable[[], float]) -> None:
        self._own = own
        self._clock = clock
        self._watched: set[str] = set()
        self.watchers: set[str] = set()
        self._asked: dict[str, float] = {}

    def read(self, stanza: Element) -> None:
        """Take over the items of a roster result or of an authentic push."""
        for item in stanza.iterfind(f"{{{ROSTER}}}query/{{{ROSTER}}}item"):
            account = item.get("jid", "")
            if item.get("subscription") in {"to", "both"}:
                self._watched.add(account)
            else:
                self._watched.discard(account)
            if item.get("subscription") in {"from", "both"}:
                self.watchers.add(account)
            else:
                self.watchers.discard(account)

    def is_authentic(self, push: Element) -> bool:
        """Whether our own server sent the push."""
        sender = push.get("from", "")
        try:
            return not sender or read_address(sender) in {self._own, Jid(self._own.bare)}
        except ValueError:
            return False

    def must_ask(self, account: Jid) -> bool:
        """Whether to send a request now: not subscribed, and not asked in this session lately.

        The server's note of an earlier request does not count, for servers lose requests.
        """
        asked = self._asked.get(account.bare)
        is_recent = asked is not None and self._clock() - asked < ASK_AGAIN_SECONDS
        return account.bare not in self._watched and not is_recent

    def asked(self, account: Jid) -> None:
        """Note that the request is sent."""
        self._asked[account.bare] = self._clock()

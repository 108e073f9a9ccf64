"""Decides whose presence reaches whom on the simulated server (RFC 6121, 3 and 4)."""

from collections.abc import Callable, Iterator

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import PresenceAsked, PresenceSeen
from xmpp_cem.testing.bus_service import Kind
from xmpp_cem.testing.bus_session import Session


class Presences:
    """Roster subscriptions, which outlive sessions, and the presence of those.

    Args:
        kind: which server is imitated.
        sessions: every bound session by bare address and connection; looked at each time.
        post: puts a step at the end of the server's queue.
    """

    def __init__(
        self,
        kind: Kind,
        sessions: dict[str, dict[str, Session]],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._kind = kind
        self._sessions = sessions
        self._post = post
        self._watchers: dict[str, dict[str, None]] = {}
        self._asking: dict[str, dict[str, None]] = {}

    def show(self, session: Session, presence: PresenceSeen) -> None:
        """Broadcast a presence; the first of a session also brings it what it missed."""
        is_first = session.presence is None
        session.presence = presence
        self._broadcast(session, presence)
        if is_first:
            self._probe(session)
            for watcher in self._asking.get(session.address.bare, {}):
                self._let_decide(session, watcher, is_new=True)

    def leave(self, session: Session) -> None:
        """Tell the watchers that a session is gone."""
        if session.presence is not None:
            self._broadcast(session, PresenceSeen(session.address, is_available=False))

    def ask(self, watcher: Session, account: str) -> None:
        """Ask an account for its presence, now or when it next logs in."""
        bare = watcher.address.bare
        if bare in self._watchers.get(account, {}) or account in watcher.watched:
            return
        watcher.watched.add(account)
        self._asking.setdefault(account, {})[bare] = None
        for session in self._present(account):
            self._let_decide(session, bare, is_new=True)

    def review(self, session: Session) -> None:
        """Let an account decide again on who waits, and put out whom it no longer admits."""
        own = session.address.bare
        for watcher in self._asking.get(own, {}):
            self._let_decide(session, watcher)
        for watcher in [w for w in self._watchers.get(own, {}) if not session.admits(w)]:
            del self._watchers[own][watcher]
            for seeing in self._present(watcher):
                self._send(seeing, PresenceSeen(session.address, is_available=False))

    def _let_decide(self, session: Session, watcher: str, *, is_new: bool = False) -> None:
        self._post(lambda: self._decide(session, watcher, is_new=is_new))

    def _decide(self, session: Session, watcher: str, *, is_new: bool) -> None:
        account = session.address.bare
        if not session.is_alive or watcher not in self._asking.get(account, {}):
            return
        is_admitted = session.admits(watcher)
        if is_new and not is_admitted:
            session.receive(PresenceAsked(Jid(watcher)))
        self._post(lambda: self._answer(account, watcher, is_admitted=is_admitted))

    def _answer(self, account: str, watcher: str, *, is_admitted: bool) -> None:
        if not is_admitted or watcher not in self._asking.get(account, {}):
            return  # it waits, or another connection of the account has answered
        del self._asking[account][watcher]
        self._watchers.setdefault(account, {})[watcher] = None
        for session in self._present(watcher):
            for shown in self._present(account):
                self._send(session, shown.presence)

    def _probe(self, session: Session) -> None:
        own = session.address.bare
        for other in self._present(own):
            if other is not session:
                self._send(session, other.presence)
        for account, watchers in self._watchers.items():
            if own not in watchers:
                continue
            present = list(self._present(account))
            for shown in present:
                self._send(session, shown.presence)
            if not present and self._kind is Kind.PROSODY:
                self._send(session, PresenceSeen(Jid(account), is_available=False))

    def _broadcast(self, session: Session, presence: PresenceSeen) -> None:
        own = session.address.bare
        for account in (own, *self._watchers.get(own, {})):
            for watcher in self._present(account):
                if watcher is not session:
                    self._send(watcher, presence)

    def _present(self, account: str) -> Iterator[Session]:
        sessions = self._sessions.get(account, {}).values()
        return (session for session in sessions if session.presence is not None)

    def _send(self, session: Session, presence: PresenceSeen | None) -> None:
        if presence is not None:
            self._post(lambda: session.receive(presence))

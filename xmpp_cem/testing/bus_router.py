"""Carries everything through one simulated XMPP server, a step at a time in order of sending."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from xmpp_cem.errors import LocalProtocolError, RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, PresenceSeen, Retraction
from xmpp_cem.runtime.ports import Alarm
from xmpp_cem.testing.bus_presence import Presences
from xmpp_cem.testing.bus_service import Kind, Notices, Service
from xmpp_cem.testing.bus_session import Client, Question, Session
from xmpp_cem.xmpp.canonical import local_name, to_element

Step = Callable[[], None]


class Router:
    """The server's inside: sessions, services and the queue of what is under way.

    One step is taken per turn of the event loop, so equal histories have equal outcomes.

    Args:
        kind: which server is imitated.
        admins: service to the bare addresses that may create nodes there; looked at each time.
        sleep: waits for seconds of the clock that timeouts are measured by.
    """

    def __init__(
        self,
        kind: Kind,
        admins: dict[str, set[str]],
        sleep: Callable[[float], Coroutine[Any, Any, None]],
    ) -> None:
        self.kind = kind
        self.sleep = sleep
        self._admins = admins
        self._services: dict[str, Service] = {}
        self._sessions: dict[str, dict[str, Session]] = {}
        self._hosts: set[str] = set()
        self._numbers = itertools.count(1)
        self._steps: deque[Step] = deque()
        self._is_scheduled = False
        self._is_down = False
        self._cut: set[str] = set()
        self._changed = asyncio.Event()
        self._presences = Presences(kind, self._sessions, self.post)

    def name_of(self, payload: bytes) -> str:
        """Return the name of a payload's root element; raises LocalProtocolError for no XML."""
        try:
            return local_name(to_element(payload))
        except ValueError as error:
            raise LocalProtocolError(str(error)) from error

    def alarm(self, seconds: float, ring: Step) -> Alarm:
        """Ring in so many seconds, unless that is cancelled before."""
        task = asyncio.create_task(self.sleep(seconds), name="alarm")
        task.add_done_callback(lambda done: None if done.cancelled() else ring())
        return task

    def post(self, step: Step) -> None:
        """Take a step after all those that are under way."""
        self._steps.append(step)
        self._schedule()

    async def admission(self, bare: str) -> None:
        """Return when the account can log in."""
        while self._is_down or bare in self._cut:
            await self._changed.wait()

    def bind(self, address: Jid, priority: int, client: Client) -> Session:
        """Log in; an older session of the same full address is thrown out (RFC 6120, 7.7.2.2)."""
        older = self._sessions.get(address.bare, {}).get(address.connection)
        if older is not None:
            text = "another connection took our address"
            self.unbind(older, RefusedError("conflict", "cancel", text))
        session = Session(next(self._numbers), address, priority, client)
        self._sessions.setdefault(address.bare, {})[address.connection] = session
        self._hosts.add(address.host)
        return session

    def unbind(self, session: Session, reason: RefusedError | str) -> None:
        """End a session, which its watchers see; fine when it has ended."""
        if session.is_alive:
            del self._sessions[session.address.bare][session.address.connection]
            session.end(reason)
            self._presences.leave(session)

    def cut(self, bare: str) -> None:
        """End an account's sessions and let it log in no more."""
        self._cut.add(bare)
        for session in list(self._sessions.get(bare, {}).values()):
            self.unbind(session, "the connection was cut")

    def mend(self, bare: str) -> None:
        """Let the account log in again."""
        self._cut.discard(bare)
        self._announce()

    def stop(self) -> None:
        """End everything at once: what is under way is lost, what is stored stays."""
        self._is_down = True
        self._steps.clear()
        for connections in self._sessions.values():
            for session in connections.values():
                session.end("the server is down")
            connections.clear()

    def start(self) -> None:
        """Let everybody log in again."""
        self._is_down = False
        self._announce()

    def show(self, session: Session, presence: PresenceSeen) -> None:
        """Broadcast a session's presence."""
        self.send(session, lambda: self._presences.show(session, presence))

    def review(self, session: Session) -> None:
        """Let an account look again at who may see its presence."""
        self.send(session, lambda: self._presences.review(session))

    def watch(self, session: Session, account: str) -> None:
        """Ask an account for its presence."""
        self.send(session, lambda: self._presences.ask(session, account))

    def send(self, session: Session, step: Step) -> None:
        """Take a step that a client asks for, unless its connection is lost before."""
        self.post(lambda: step() if session.is_alive else None)

    def back(self, session: Session, step: Step) -> None:  # noqa: ARG002 for slower servers
        """Take a step that brings an answer of the server to a client."""
        self.post(step)

    def route(self, question: Question, to: Jid, payload: bytes, *, is_query: bool) -> None:
        """Bring a request to a full address."""
        target = self._sessions.get(to.bare, {}).get(to.connection)
        if target is None:
            self.post(lambda: question.settle(RefusedError("service-unavailable")))
        else:
            target.ask(question, payload, is_query=is_query)

    def service(self, address: Jid) -> Service:
        """Return a pubsub service.

        Raises:
            RefusedError: there is none of that address.
        """
        name = str(address)
        if name not in self._admins:
            raise RefusedError("remote-server-not-found")
        if name not in self._services:
            notices = Notices(lambda bare: bare in self._admins[name], self._notify)
            self._services[name] = self.new_service(address, notices)
        return self._services[name]

    def new_service(self, address: Jid, notices: Notices) -> Service:
        """Return an empty service of this server."""
        return Service(address, self.kind, notices)

    def services_of(self, host: str) -> tuple[Jid, ...]:
        """Return the services whose names lie below the host's."""
        return tuple(Jid(name) for name in self._admins if name.endswith(f".{host}"))

    def answers(self, to: Jid) -> bool:
        """Whether an entity is there: a connection, an account's server or a service."""
        if to.connection:
            return to.connection in self._sessions.get(to.bare, {})
        return to.bare in self._admins or to.host in self._hosts

    def _notify(self, account: str, value: Delivery | Retraction) -> None:
        for session in self._sessions.get(account, {}).values():
            if session.presence is not None and session.priority >= 0:
                self.deliver(session, value)

    def deliver(self, session: Session, value: Delivery | Retraction) -> None:
        """Bring a notification to a session."""
        self.post(lambda: session.receive(value))

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _schedule(self) -> None:
        if self._steps and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._take_one)

    def _take_one(self) -> None:
        self._is_scheduled = False
        if self._steps:
            step = self._steps.popleft()
            self._schedule()
            step()

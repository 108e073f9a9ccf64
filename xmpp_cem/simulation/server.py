"""The simulated server in bad weather: stanzas take time, get lost, and the server itself dies."""

from collections.abc import Callable
from datetime import datetime, timedelta

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, Retraction
from xmpp_cem.simulation.loop import Alarm, VirtualClock, VirtualLoop
from xmpp_cem.simulation.service import FickleService
from xmpp_cem.simulation.weather import Fault, Weather
from xmpp_cem.testing.bus_router import Router, Step
from xmpp_cem.testing.bus_service import Kind, Notices, Service
from xmpp_cem.testing.bus_session import Question, Session

SERVER = "the server"


class StormRouter(Router):
    """A server whose stanzas keep their order only per sender and receiver, as measured.

    Args:
        kind: which server is imitated.
        admins: service to the bare addresses that may create nodes there.
        loop: carries what is on its way.
        weather: decides what happens to it.
    """

    def __init__(
        self, kind: Kind, admins: dict[str, set[str]], loop: VirtualLoop, weather: Weather
    ) -> None:
        self._clock = VirtualClock(loop)
        super().__init__(kind, admins, self._clock.sleep)
        self._loop = loop
        self._weather = weather
        self._lanes: dict[object, datetime] = {}
        self._generation = 0

    def name_of(self, payload: bytes) -> str:
        """Return the name of a payload's root element; canonical bytes begin with it."""
        return payload[1:40].partition(b" ")[0].decode()

    def alarm(self, seconds: float, ring: Step) -> Alarm:
        """Ring in so many seconds; no task sleeps for it."""
        return self._clock.call_at(self._clock.now() + timedelta(seconds=seconds), ring)

    def send(self, session: Session, step: Step) -> None:
        """Bring a step of a client to the server, in the order of its stream."""
        account = session.address.bare
        self._travel(session, lambda: step() if session.is_alive else None, account)

    def back(self, session: Session, step: Step) -> None:
        """Bring an answer of the server to a client, or lose it."""
        if not self._weather.meets(Fault.SERVICE_SILENT, SERVER):
            self._travel(None, step, session.address.bare)

    def route(self, question: Question, to: Jid, payload: bytes, *, is_query: bool) -> None:
        """Bring a request to a full address: late, twice, refused or not at all."""
        weather, scopes = self._weather, (question.sender.address.bare, to.bare)
        if weather.meets(Fault.REQUEST_LOST, *scopes):
            return
        if weather.meets(Fault.REQUEST_REFUSED, *scopes):
            self._travel(None, lambda: question.settle(RefusedError("resource-constraint", "wait")))
            return

        def arrive(asked: Question) -> None:
            super(StormRouter, self).route(asked, to, payload, is_query=is_query)

        unheard = Question(question.sender)
        asked = unheard if weather.meets(Fault.REPLY_LOST, *scopes) else question
        lane = (question.sender, str(to))
        self._travel(lane, lambda: arrive(asked), to.bare)
        if weather.meets(Fault.REQUEST_TWICE, *scopes):
            self._travel(lane, lambda: arrive(unheard))

    def deliver(self, session: Session, value: Delivery | Retraction) -> None:
        """Bring a notification: publishers overtake each other, and some of it comes twice."""
        account = session.address.bare
        if not session.is_alive:
            self._weather.note(Fault.HIBERNATED, account)
            return
        publisher = value.publisher if isinstance(value, Delivery) else None
        is_late = self._weather.meets(Fault.ITEM_LATE, account)
        lane = (session, value.node, publisher)
        self._travel(lane, lambda: session.receive(value), account, is_late=is_late)
        if self._weather.meets(Fault.ITEM_TWICE, account):
            self._travel(None, lambda: session.receive(value), is_late=True)

    def service(self, address: Jid) -> Service:
        """Return a pubsub service, unless it refuses just now."""
        if self._weather.meets(Fault.SERVICE_REFUSED, SERVER):
            raise RefusedError("internal-server-error", "wait")
        return super().service(address)

    def new_service(self, address: Jid, notices: Notices) -> Service:
        """Return an empty service of this server."""
        return FickleService(address, self.kind, notices, self._clock)

    def hibernate(self, bare: str, seconds: float) -> None:
        """Lose an account's connections in silence: for a while the server believes in them."""
        for session in list(self._sessions.get(bare, {}).values()):
            if session.is_alive:
                session.end("the connection was lost")
                self._clock.after(seconds, self._expiry(session))

    def forbid(self, bare: str) -> None:
        """Let an account log in no more until `mend`."""
        self._cut.add(bare)

    def kill(self) -> None:
        """End the server at once; what it had just acknowledged may be gone when it is back."""
        self._weather.note(Fault.SERVER_KILLED, SERVER)
        self.stop()
        self._generation += 1
        self._lanes.clear()
        for service in self.services:
            self._decay(service)

    @property
    def services(self) -> list[FickleService]:
        """Every service, in the order of first use."""
        return [s for s in self._services.values() if isinstance(s, FickleService)]

    def _decay(self, service: FickleService) -> None:
        random, weather = self._weather.random, self._weather
        if random.random() < 0.6:  # noqa: PLR2004 most crashes
            weather.counts[Fault.ITEMS_LOST] += service.lose_newest(random)
        if random.random() < 0.4:  # noqa: PLR2004 many crashes
            weather.counts[Fault.ITEMS_BACK] += service.bring_back(random)
        if random.random() < 0.4 and service.lose_subscription(random):  # noqa: PLR2004 the same
            weather.counts[Fault.SUBSCRIPTION_LOST] += 1
        if random.random() < 0.1 and service.lose_node(random):  # noqa: PLR2004 few crashes
            weather.counts[Fault.NODE_LOST] += 1

    def _expiry(self, session: Session) -> Callable[[], None]:
        def expire() -> None:
            held = self._sessions.get(session.address.bare, {})
            if held.get(session.address.connection) is session:
                del held[session.address.connection]
                self._presences.leave(session)

        return expire

    def _travel(
        self, lane: object, step: Step, account: str = "", *, is_late: bool = False
    ) -> None:
        at = self._weather.arrival(account, is_late=is_late)
        if lane is not None:
            at = self._lanes[lane] = max(at, self._lanes.get(lane, at))
        generation = self._generation
        self._loop.at(at, lambda: step() if generation == self._generation else None)

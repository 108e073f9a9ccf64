"""A party's connection that ends with its life, at any call."""

from collections.abc import Callable

from xmpp_cem.model.link import LinkDown, LinkEvent, LinkUp, RequestReceived
from xmpp_cem.simulation.evidence import Answered, Linked, Said
from xmpp_cem.simulation.life import Life
from xmpp_cem.testing.boundaries import SteppedTransport
from xmpp_cem.testing.bus_stream import BusStream


class Incoming:
    """What a connection brings, as long as the party lives; what was asked waits in `asked`."""

    def __init__(self, life: Life, account: str, deliver: Callable[[LinkEvent], None]) -> None:
        self._life = life
        self._account = account
        self._deliver = deliver
        self.asked: dict[str, RequestReceived] = {}

    def receive(self, event: LinkEvent) -> None:
        """Take what the connection tells."""
        if self._life.is_dead:
            return
        evidence = self._life.evidence
        if isinstance(event, RequestReceived):
            self.asked[event.token] = event
        elif isinstance(event, LinkUp | LinkDown):
            is_up = isinstance(event, LinkUp)
            seen = Linked(evidence.next(), evidence.now(), self._account, is_up)
            evidence.links.append(seen)
            evidence.tell(self._life.party, "link", f"{self._account} {'up' if is_up else 'down'}")
        self._deliver(event)


class LivingTransport(SteppedTransport):
    """A connection of the party, whose words are evidence."""

    def __init__(self, life: Life, stream: BusStream, asked: dict[str, RequestReceived]) -> None:
        super().__init__(stream, lambda where, _: life.step(where))
        self._life = life
        self._asked = asked

    def _say(self, what: str, about: object, detail: object, payload: bytes = b"") -> None:
        super()._say(what, about, detail)
        evidence, party = self._life.evidence, self._life.party
        if payload:
            evidence.said.append(Said(evidence.next(), party, payload))
        evidence.tell(party, what, detail)

    def _answering(self, token: str, payload: bytes | None) -> None:
        asked = self._asked.pop(token, None)
        if asked is None or asked.is_query or payload is None:
            return
        evidence, party = self._life.evidence, self._life.party
        said = Answered(evidence.next(), party, asked.sender.bare, asked.payload, payload)
        evidence.answered.append(said)

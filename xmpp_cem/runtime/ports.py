"""What the engine needs from outside; adapters fit by shape, without importing this."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from xmpp_cem.core.concerns import Concern
from xmpp_cem.core.effects import Effect
from xmpp_cem.core.inputs import Input
from xmpp_cem.core.records import Record
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Kept, Retention
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import Access, Affiliation, NodeSpec, NodeState


class Role(Protocol):
    """A state machine of the core."""

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart."""
        ...

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to."""
        ...

    def concerns(self, now: datetime) -> tuple[Concern, ...]:
        """Return what is not as it should be."""
        ...


class Alarm(Protocol):
    """What rings at an instant, once."""

    def cancel(self) -> object:
        """Let it not ring; harmless when it has."""
        ...


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        ...

    async def sleep_until(self, at: datetime) -> None:
        """Return at an instant."""
        ...

    def call_at(self, at: datetime, ring: Callable[[], None]) -> Alarm:
        """Call `ring` at an instant, soon when that is past; never before this returns."""
        ...


class Store(Protocol):
    """Keeps what must survive; one commit is everything or nothing."""

    async def open(self) -> None:
        """Make ready; raises StoreError."""
        ...

    async def load(self) -> Kept:
        """Return what is kept."""
        ...

    async def commit(self, batch: Batch) -> None:
        """Change what is kept; raises StoreError.

        After a StoreUnavailableError the same batch may be committed again and takes effect once.
        """
        ...

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer once given to a request."""
        ...

    async def prune(self, now: datetime, retention: Retention) -> None:
        """Drop old answers and journal rows."""
        ...

    async def close(self) -> None:
        """Give the store up."""
        ...


class Transport(Protocol):
    """One account's connection to its XMPP server; errors are TransportErrors."""

    @property
    def is_up(self) -> bool:
        """Whether a session is bound."""
        ...

    async def run(self) -> None:
        """Stay connected until cancelled."""
        ...

    async def request(self, to: Jid, payload: bytes, *, is_query: bool, timeout: float) -> bytes:
        """Send an iq and return the result's payload; `timeout` in seconds."""
        ...

    def respond(self, token: str, payload: bytes) -> None:
        """Answer a request with an iq result."""
        ...

    def refuse(
        self, token: str, condition: str, error_type: str, text: str = "", payload: bytes = b""
    ) -> None:
        """Answer a request with an iq error."""
        ...

    def show_presence(self, show: str, status: str, extensions: tuple[bytes, ...] = ()) -> None:
        """Show this presence now and after each reconnection."""
        ...

    def review_watchers(self) -> None:
        """Look again at who may see our presence."""
        ...

    async def watch_presence(self, account: Jid) -> None:
        """Ask to see an account's presence."""
        ...

    async def publish(
        self,
        service: Jid,
        node: str,
        item_id: str,
        payload: bytes,
        *,
        access: Access = Access.WHITELIST,
        timeout: float = 20,
    ) -> None:
        """Publish an item."""
        ...

    async def retract(self, service: Jid, node: str, item_id: str) -> None:
        """Remove an item."""
        ...

    async def fetch(
        self, service: Jid, node: str, item_ids: tuple[str, ...] = ()
    ) -> tuple[Item, ...]:
        """Return items."""
        ...

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe; again is harmless."""
        ...

    async def ensure_node(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node."""
        ...

    async def affiliate(self, service: Jid, node: str, accounts: Mapping[str, Affiliation]) -> None:
        """Admit or remove single accounts at a node that we own; returns once that is so."""
        ...

    async def offers_write_only(self, service: Jid) -> bool:
        """Whether the service has nodes that members write and do not read."""
        ...

    async def ping(self, to: Jid, timeout: float) -> bool:
        """Whether an entity answers within so many seconds (XEP-0199)."""
        ...


class Decision(Protocol):
    """What an application answers to an event."""

    @property
    def opt(self) -> Opt:
        """Yes or no."""
        ...

    @property
    def power_w(self) -> int:
        """The change of power promised, W, signed."""
        ...

    @property
    def until(self) -> datetime | None:
        """When the promise ends, before the event does."""
        ...

    @property
    def reason(self) -> str:
        """For people."""
        ...


class Application(Protocol):
    """The site's own program: decides, acts, reads."""

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        ...

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Bring the devices to these set points; called again and again."""
        ...

    async def read(self) -> tuple[Sample, ...]:
        """Read the devices."""
        ...

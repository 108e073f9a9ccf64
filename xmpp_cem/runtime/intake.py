"""What a connection tells becomes an input of the core, or is refused and logged."""

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from xmpp_cem.core.inputs import (
    Input,
    ItemReceived,
    Knocked,
    Link,
    LinkChanged,
    PresenceChanged,
    RequestArrived,
)
from xmpp_cem.errors import LocalProtocolError, RemoteProtocolError
from xmpp_cem.messages.controls import EventIndex
from xmpp_cem.messages.envelope import (
    EventMessage,
    FaultMessage,
    ReplyError,
    RequestMessage,
    ResponseMessage,
)
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import (
    Delivery,
    Item,
    LinkDown,
    LinkEvent,
    LinkUp,
    PresenceAsked,
    PresenceSeen,
    RequestReceived,
    Retraction,
)
from xmpp_cem.runtime.doorbell import Doorbell
from xmpp_cem.runtime.ports import Transport
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.runtime.waiting import WaitingRequests
from xmpp_cem.wire.codec import Flow, encode

_MOST_HELD = 20
"""So many indexes of a node wait while it is fetched; of more the newest, which count."""

log = structlog.get_logger()


class Intake:
    """One connection's way in: bytes to message to input."""

    def __init__(
        self,
        link: Link,
        put: Callable[[Input], None],
        is_admitted: Callable[[Jid], bool],
        now: Callable[[], datetime],
        speech: Speech | None = None,
    ) -> None:
        self._link = link
        self.speech = speech or Speech()
        self._put = put
        self._now = now
        self._waiting = WaitingRequests()
        self._doorbell = Doorbell()
        self._overloads = Doorbell()
        self.refused = 0
        self._held: dict[str, deque[ItemReceived]] = {}
        self.is_admitted = is_admitted
        self.transport: Transport | None = None

    def answer(self, token: str, message: ResponseMessage) -> None:
        """Answer a request; one that is too large must not leave the other side waiting."""
        try:
            payload = self.speech.write(self._link, self._waiting.account_of(token), message)
        except LocalProtocolError as error:
            log.error("an answer cannot be sent", why=str(error))  # noqa: TRY400 a known reason
            too_large = ReplyError(code="3.1", reason=str(error)[:1024])
            self.fail(token, too_large, is_temporary=False)
            return
        self.respond(token, payload)

    def respond(self, token: str, payload: bytes) -> None:
        """Answer a request with what was written before."""
        self._waiting.settle(token)
        if self.transport is not None:
            self.transport.respond(token, payload)

    def ignore(self, token: str) -> None:
        """Answer as if nobody were here."""
        self._waiting.settle(token)
        if self.transport is not None:
            self.transport.refuse(token, "service-unavailable", "cancel")

    def fail(self, token: str, error: ReplyError, *, is_temporary: bool) -> None:
        """Answer that it could not be done; when temporary, the same request may come again."""
        self._waiting.settle(token)
        if is_temporary:
            self._refuse(token, "resource-constraint", "wait", error)
        else:
            self._refuse(token, "not-acceptable", "cancel", error)

    def overload(self, token: str, sender: Jid, error: ReplyError) -> None:
        """Answer that there is too much for now; counted, and said of an account once a minute."""
        self.refused += 1
        if self._overloads.rings(sender.bare, self._now()):
            log.warning(
                "overloaded",
                sender=str(sender),
                code=error.code,
                why=error.reason,
                refused=self.refused,
            )
        self.fail(token, error, is_temporary=True)

    def fail_overdue(self) -> None:
        """Answer what has waited too long."""
        for token in self._waiting.overdue(self._now()):
            log.warning("a request was not answered in time", token=token)
            late = ReplyError(code="4.1", reason="not answered in time")
            self.fail(token, late, is_temporary=True)

    def deliver(  # noqa: C901 one case per event
        self, event: LinkEvent
    ) -> None:
        """Take what the connection tells; never raises for a peer's fault."""
        match event:
            case LinkUp():
                self._put(LinkChanged(self._link, is_up=True))
            case LinkDown(reason=reason):
                self._waiting.clear()
                log.warning("connection lost", link=self._link.value, why=reason)
                self._put(LinkChanged(self._link, is_up=False))
            case PresenceSeen():
                self._presence(event)
            case PresenceAsked(sender=sender):
                self._knock(sender)
            case RequestReceived():
                self._request(event)
            case Delivery():
                item = Item(event.item_id, event.payload, event.publisher)
                received = self.item(event.sender, event.node, item)
                if received:
                    self._arrived(received)
            case Retraction():
                log.debug("item retracted", node=event.node, item=event.item_id)

    async def first(self, node: str, catching_up: Awaitable[None]) -> None:
        """Wait for a node's catching up; an index that comes meanwhile is told after it.

        What an index omits ends without a word, and the node's items may say why. Events are told
        at once: their order does not hang on their arrival, and a control must not wait.
        """
        held = self._held.setdefault(node, deque(maxlen=_MOST_HELD))
        try:
            await catching_up
        finally:
            self._held.pop(node, None)
            for received in held:
                self._put(received)

    def _arrived(self, received: ItemReceived) -> None:
        held = self._held.get(received.node)
        if held is not None and isinstance(received.message.body, EventIndex):
            held.append(received)
        else:
            self._put(received)

    def item(self, sender: Jid, node: str, item: Item) -> ItemReceived | None:
        """Decode an item; None when it is refused."""
        try:
            message = self.speech.read(self._link, "", item.payload, Flow.EVENT)
        except RemoteProtocolError as error:
            log.warning(
                "item refused", node=node, item=item.item_id, code=error.code, why=error.reason
            )
            return None
        if not isinstance(message, EventMessage):
            return None
        return ItemReceived(self._link, sender, node, item.item_id, message, item.publisher)

    def _presence(self, event: PresenceSeen) -> None:
        offer: Offer | None = None
        leadership: Leadership | None = None
        for extension in event.extensions:
            try:
                value = self.speech.read_presence(extension)
            except RemoteProtocolError as error:
                log.warning("presence refused", sender=str(event.sender), why=error.reason)
                continue
            if isinstance(value, Offer):
                offer = value
            elif isinstance(value, Leadership):
                leadership = value
        self._put(PresenceChanged(self._link, event.sender, event.is_available, offer, leadership))

    def _knock(self, sender: Jid) -> None:
        """Tell of an account that is not admitted; its words are not even read."""
        if self._doorbell.rings(sender.bare, self._now()):
            log.warning("an unknown account", sender=str(sender))
            self._put(Knocked(self._link, sender.bare))

    def _request(self, event: RequestReceived) -> None:
        if self.transport is None:
            return
        if not self.is_admitted(event.sender):
            self._knock(event.sender)
            self.transport.refuse(event.token, "service-unavailable", "cancel")
            return
        flow = Flow.QUERY if event.is_query else Flow.TRANSACTION
        try:
            message = self.speech.read(self._link, event.sender.bare, event.payload, flow)
        except RemoteProtocolError as error:
            log.warning(
                "request refused", sender=str(event.sender), code=error.code, why=error.reason
            )
            fault = ReplyError(code=error.code, reason=error.reason[:1024])
            self._refuse(event.token, "bad-request", "modify", fault)
            return
        if not isinstance(message, RequestMessage):
            unasked = ReplyError(code="2.15", reason="nothing here waits for this answer")
            self._refuse(event.token, "item-not-found", "cancel", unasked)
            return
        overload = self._waiting.take(event.token, event.sender.bare, self._now())
        if overload is None:
            self._put(RequestArrived(self._link, event.sender, event.token, message))
            return
        self.overload(event.token, event.sender, overload)

    def _refuse(self, token: str, condition: str, error_type: str, error: ReplyError) -> None:
        if self.transport is not None:
            fault = encode(FaultMessage(errors=(error,)))
            self.transport.refuse(token, condition, error_type, error.reason[:512], fault)

"""One bound connection to the simulated server, as both ends know it."""

import asyncio
import itertools
import logging
from typing import Protocol

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkEvent, PresenceSeen, RequestReceived

_log = logging.getLogger("xmpp_cem.testing")


class Client(Protocol):
    """The end that belongs to the account."""

    def receive(self, value: LinkEvent) -> None:
        """Take what the server sends."""
        ...

    def admits(self, account: Jid) -> bool:
        """Whether an account may subscribe to our presence."""
        ...


class Question:
    """A request on its way; answered at most once, and only while its sender is connected.

    Args:
        sender: the session that asks.
    """

    def __init__(self, sender: "Session") -> None:
        self.sender = sender
        self.answer: asyncio.Future[bytes | RefusedError] = (
            asyncio.get_running_loop().create_future()
        )

    def settle(self, answer: bytes | RefusedError) -> None:
        """Hand the answer to whoever still waits for it."""
        if self.sender.is_alive and not self.answer.done():
            self.answer.set_result(answer)


class Session:
    """Lives from login to loss; `ended` is done with the reason.

    Args:
        number: differs from every earlier session's.
        address: the full address it is bound to.
        priority: negative receives no pubsub notifications (RFC 6121, 8.5.2).
        client: the account's end.
    """

    def __init__(self, number: int, address: Jid, priority: int, client: Client) -> None:
        self.address = address
        self.priority = priority
        self.presence: PresenceSeen | None = None
        self.watched: set[str] = set()
        self.ended: asyncio.Future[RefusedError | str] = asyncio.get_running_loop().create_future()
        self._number = number
        self._client = client
        self._tokens = itertools.count(1)
        self._open: dict[str, Question] = {}

    @property
    def is_alive(self) -> bool:
        """Whether stanzas still pass."""
        return not self.ended.done()

    def end(self, reason: RefusedError | str) -> None:
        """Lose the connection; whatever is on its way is lost with it."""
        if self.is_alive:
            self.ended.set_result(reason)

    def receive(self, value: LinkEvent) -> None:
        """Hand a value to the client, unless it is gone."""
        if self.is_alive:
            self._client.receive(value)

    def admits(self, account: str) -> bool:
        """Whether the client lets an account see its presence."""
        return self._client.admits(Jid(account))

    def ask(self, question: Question, payload: bytes, *, is_query: bool) -> None:
        """Hand a request to the client; an answer may follow."""
        token = f"{self._number}-{next(self._tokens)}"
        self._open[token] = question
        self.receive(RequestReceived(question.sender.address, token, is_query, payload))

    def take(self, token: str) -> Question | None:
        """Return the open request of that token, once."""
        question = self._open.pop(token, None)
        if question is None:
            _log.info("answer to %s dropped: its session is gone or it was answered", token)
        return question

"""Answers that come later than the 0.3 with which a request was acknowledged."""

import asyncio
from dataclasses import dataclass

from xmpp_cem.errors import RemoteProtocolError, RequestTimeoutError
from xmpp_cem.messages.envelope import ResponseMessage
from xmpp_cem.model.ids import Jid, MessageId
from xmpp_cem.model.link import RequestReceived
from xmpp_cem.wire.codec import Flow, decode

LATER = "0.3"
"""Code of IEC 61968-9: acknowledged, the answer follows."""


@dataclass(frozen=True)
class Waiting:
    """Whose answer is waited for."""

    sender: Jid
    answer: asyncio.Future[ResponseMessage]


class LateAnswers:
    """The requests whose answer may come later, by their MessageID."""

    def __init__(self) -> None:
        self._waiting: dict[MessageId, Waiting] = {}

    def expect(self, sender: Jid, message_id: MessageId) -> Waiting:
        """Wait from now on: the answer may overtake the acknowledgement."""
        future: asyncio.Future[ResponseMessage] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = Waiting(sender, future)
        return self._waiting[message_id]

    def forget(self, message_id: MessageId) -> None:
        """Wait no more."""
        self._waiting.pop(message_id, None)

    def takes(self, seen: RequestReceived) -> bool:
        """Whether this is an answer that we wait for, from the one whom we asked."""
        try:
            message = decode(seen.payload, Flow.TRANSACTION)
        except RemoteProtocolError:
            return False
        if not isinstance(message, ResponseMessage) or message.header.correlation_id is None:
            return False
        waiting = self._waiting.get(message.header.correlation_id)
        if waiting is None or waiting.sender != seen.sender:
            return False
        if not waiting.answer.done():
            waiting.answer.set_result(message)
        return True

    async def within(self, waiting: Waiting, seconds: float) -> ResponseMessage:
        """Return the answer.

        Raises:
            RequestTimeoutError: it did not come in time.
        """
        try:
            async with asyncio.timeout(seconds):
                return await waiting.answer
        except TimeoutError as error:
            text = f"{waiting.sender} has acknowledged, and not answered within {seconds:g} s"
            raise RequestTimeoutError(text) from error

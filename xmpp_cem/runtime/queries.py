"""Asks another party and makes an input of whatever comes of it."""

from xmpp_cem.core.effects import Query
from xmpp_cem.core.inputs import Link, QueryAnswered, QueryFailed
from xmpp_cem.errors import (
    LocalProtocolError,
    RefusedError,
    RemoteProtocolError,
    RequestTimeoutError,
    TransportError,
)
from xmpp_cem.messages.envelope import FaultMessage, ResponseMessage
from xmpp_cem.runtime.ports import Transport
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.wire.codec import Flow


def read_reply(
    speech: Speech, link: Link, account: str, payload: bytes
) -> ResponseMessage | FaultMessage:
    """Return the message that answers a request; raises RemoteProtocolError when it is none."""
    reply = speech.read(link, account, payload, Flow.REPLY)
    if not isinstance(reply, ResponseMessage | FaultMessage):
        raise RemoteProtocolError("2.9", "not a reply")
    return reply


async def ask(transport: Transport, effect: Query, speech: Speech) -> QueryAnswered | QueryFailed:
    """Ask once, and return the answer or why there is none."""
    seconds = effect.timeout.total_seconds()
    try:
        payload = await transport.request(
            effect.to,
            speech.write(effect.link, effect.to.bare, effect.message),
            is_query=True,
            timeout=seconds,
        )
        reply = read_reply(speech, effect.link, effect.to.bare, payload)
        return QueryAnswered(effect.link, effect.message, reply)
    except RefusedError as refused:
        condition, reason = refused.condition, str(refused)
    except RequestTimeoutError as late:
        condition, reason = "remote-server-timeout", str(late)
    except (TransportError, LocalProtocolError, RemoteProtocolError) as other:
        condition, reason = "undefined-condition", str(other)
    return QueryFailed(effect.link, effect.message, condition, reason)

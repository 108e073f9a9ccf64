"""The end of a sending becomes an input."""

import structlog

from xmpp_cem.core.inputs import Input, Link, ReplyArrived, TransactionFailed
from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import RequestMessage
from xmpp_cem.runtime.outbox import Outcome
from xmpp_cem.runtime.queries import read_reply
from xmpp_cem.runtime.shedding import SHED
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.wire.codec import Flow

log = structlog.get_logger()


def settled(outcome: Outcome, speech: Speech) -> Input | None:
    """Return what the core is told of the end of a sending; None where it need not know."""
    entry = outcome.entry
    if entry.kind != "transact":
        if outcome.condition and outcome.condition != SHED:  # which is told of many at once
            what = {"node": entry.destination, "item": entry.item_id}
            log.error("not published", **what, condition=outcome.condition, why=outcome.reason)
        return None
    link, account = Link(entry.link), entry.destination.partition("/")[0]
    try:
        request = speech.read(link, account, entry.payload, Flow.TRANSACTION)
    except RemoteProtocolError as error:  # of another version of us: it must not come again
        log.error("a message of ours cannot be read", id=entry.id, why=str(error))  # noqa: TRY400
        return None
    if isinstance(request, RequestMessage):
        return _ended(link, account, request, outcome, speech)
    if outcome.condition:
        log.warning("a late answer was not taken", to=entry.destination, why=outcome.reason)
    return None


def _ended(
    link: Link, account: str, request: RequestMessage, outcome: Outcome, speech: Speech
) -> Input:
    if outcome.condition:
        return TransactionFailed(link, request, outcome.condition, outcome.reason)
    try:
        reply = read_reply(speech, link, account, outcome.reply)
    except RemoteProtocolError as error:
        return TransactionFailed(link, request, "undefined-condition", str(error))
    return ReplyArrived(link, request, reply)

"""What of a step's effects must be kept before anything leaves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import structlog

from xmpp_cem.core.effects import Effect, Forget, Publish, Remember, Respond, Retract, Transact
from xmpp_cem.core.inputs import RequestArrived
from xmpp_cem.core.records import Record
from xmpp_cem.errors import LocalProtocolError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.keeping import Batch, Outgoing, Received, Row
from xmpp_cem.runtime import journal
from xmpp_cem.runtime.speech import Speech

_RETRACT_FOR = timedelta(hours=1)

_LONGEST_VALID = timedelta(days=31)
"""Whoever repeats a request for longer than that is answered as if it were new."""

_KINDS: dict[Noun, Literal["status", "readings"]] = {
    Noun.READINGS: "readings",
    Noun.EVENTS: "status",
    Noun.DISPATCH: "status",
}
"""What is published and may yield; an index or card replaces the one that waits."""

log = structlog.get_logger()


def keep(
    effects: list[Effect],
    asked: dict[str, RequestArrived],
    now: datetime,
    batch: Batch,
    speech: Speech,
    write_record: Callable[[Record], Row] = journal.write_record,
) -> None:
    """Put records, outbox entries and given answers into one commit.

    Args:
        effects: of one step.
        asked: the requests of this step by their token.
        now: when.
        batch: what is added to.
        speech: how messages are written.
        write_record: how records are.
    """
    rows: dict[tuple[str, str], Record | None] = {}
    for effect in effects:
        match effect:
            case Remember(record=record):
                rows[record.kind, record.place] = record
            case Forget(record=record):
                rows[record.kind, record.place] = None
            case Publish() | Retract() | Transact():
                batch.send += _entries(effect, now, speech)
            case Respond(token=token) if is_kept(asked.get(token)):
                batch.received += _received(asked[token], effect, now, speech)
            case _:
                pass
    batch.put += [write_record(record) for record in rows.values() if record]
    batch.drop += [key for key, record in rows.items() if record is None]


def is_kept(request: RequestArrived | None) -> bool:
    """Whether the answer is kept; queries change nothing, readings count once by their window."""
    if request is None:
        return False
    header = request.message.header
    return header.verb is not Verb.GET and header.noun is not Noun.READINGS


def _entries(effect: Publish | Retract | Transact, now: datetime, speech: Speech) -> list[Outgoing]:
    """Return the outbox entry, or none for a message that must not be sent: our own fault."""
    if isinstance(effect, Retract):
        name = f"retract {effect.node} {effect.item_id}"
        item, until = effect.item_id, now + _RETRACT_FOR
        return [Outgoing(name, effect.link.value, "retract", effect.node, item, b"", until)]
    message_id = effect.message.header.message_id
    try:
        account = effect.to.bare if isinstance(effect, Transact) else ""
        payload = speech.write(effect.link, account, effect.message)
    except LocalProtocolError as error:
        log.error("message not sent", message=message_id, why=str(error))  # noqa: TRY400 no trace
        return []
    link, until = effect.link.value, effect.expires
    if isinstance(effect, Publish):
        node, item = effect.node, effect.item_id
        kind = _KINDS.get(effect.message.header.noun)
        return [Outgoing(message_id, link, kind or "publish", node, item, payload, until)]
    to, noun = str(effect.to), effect.message.header.noun.value
    return [Outgoing(message_id, link, "transact", to, noun, payload, until)]


def _received(
    request: RequestArrived, effect: Respond, now: datetime, speech: Speech
) -> list[Received]:
    """Return the given answer, or none for one that cannot be sent: the request may come again."""
    try:
        payload = speech.write(effect.link, request.sender.bare, effect.message)
    except LocalProtocolError:
        return []
    header = request.message.header
    until = min(max(now, header.expires or now), now + _LONGEST_VALID)
    return [Received(request.sender.bare, header.message_id, payload, until)]

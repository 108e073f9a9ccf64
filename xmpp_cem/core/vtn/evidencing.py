"""Tells operators the evidence of an event: a file for each resource, in pieces that fit."""

import hashlib
from datetime import datetime
from itertools import islice

from xmpp_cem.core.effects import Effect, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.core.settlement.evidence import Facts, document, signed
from xmpp_cem.core.vtn.settling.settling import Settling
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.envelope import Level, ReplyError, Result
from xmpp_cem.messages.operations import MOST_TEXT, SettlementEvidence
from xmpp_cem.model.position import Position


def evidence(
    state: VtnState, settling: Settling, what: RequestArrived, now: datetime
) -> list[Effect]:
    """Answer with one piece of the files of an event.

    Option `after` of the request is `file.characters`: how many files, and how many characters of
    the next one, the operator has. The code is 0.1 as long as there is more.
    """
    event = what.message.names[0] if what.message.names else ""
    try:
        had = Position.parse(dict(what.message.options).get(AFTER, "0.0"))
    except ValueError as error:
        return state.refuse(what, now, "1.8", f"Option {AFTER}: {error}")
    if state.settings.sign is None:
        return state.refuse(what, now, "5.7", "this VTN has no key to sign evidence with")
    rest = list(islice(settling.facts(event), had.epoch, had.epoch + 2))
    if not rest:
        return state.refuse(what, now, "2.15", _why_none(event, had))
    text = signed(document(rest[0]), state.settings.sign).decode("ascii")
    if had.sequence >= len(text):
        return state.refuse(what, now, "1.8", f"Option {AFTER}: the file has {len(text)}")
    piece = _piece(rest[0], text, had.sequence)
    is_last = had.sequence + len(piece.text) == len(text)
    if is_last and len(rest) == 1:
        return [state.ok(what, now, piece)]
    return [_more(state, what, piece, now)]


def _why_none(event: str, had: Position) -> str:
    if had.epoch:
        return f"there are not so many files of {event}"
    return f"there is no event {event} whose baselines are stated".replace("  ", " ")


def _piece(facts: Facts, text: str, offset: int) -> SettlementEvidence:
    return SettlementEvidence(
        event=facts.case.event,
        party=facts.party,
        resource=facts.resource,
        digest=hashlib.sha256(text.encode("ascii")).hexdigest(),
        length=len(text),
        offset=offset,
        text=text[offset : offset + MOST_TEXT],
    )


def _more(
    state: VtnState, what: RequestArrived, piece: SettlementEvidence, now: datetime
) -> Respond:
    more = ReplyError(code=MORE, reason="there is more of it", level=Level.INFORM)
    reply = state.letters.reply(what.message, now, piece, result=Result.PARTIAL, errors=(more,))
    return Respond(Link.LOWER, what.token, reply)

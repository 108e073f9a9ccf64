"""Tries the way from a box to its VTN: name, TCP, TLS, login, admission and clock."""

import secrets
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from xmpp_cem.agents.connecting import Outcome, running
from xmpp_cem.agents.lasting import ADMISSION, CLOCK, Lasts
from xmpp_cem.agents.locating import card_of
from xmpp_cem.agents.settings import credentials_of, speech_of
from xmpp_cem.agents.trial import Check, Verdict
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.core.inputs import Link
from xmpp_cem.errors import RemoteProtocolError, TransportError, XmppCemError
from xmpp_cem.messages.envelope import (
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.naming import NamedId
from xmpp_cem.model.link import LinkEvent, Stage
from xmpp_cem.runtime.ports import Clock, Transport
from xmpp_cem.wire.codec import Flow
from xmpp_cem.xmpp.stream import Stream

ANSWER_S = 10.0
_SKEW_S = 60.0
_OF = "box"


async def reach(
    config: VenConfig, clock: Clock, lasts: Lasts, say: Callable[[Check], None]
) -> None:
    """Connect once beside the agent's own address and ask the VTN for our registration.

    Args:
        config: of the VEN.
        clock: what time it is.
        lasts: learns how it went.
        say: is told how each stage ended; what lies behind a failure is left out.
    """
    outcome = Outcome()

    def deliver(seen: LinkEvent) -> None:
        lasts.take(seen)
        outcome.take(seen)

    began = clock.now()
    stream = Stream(
        credentials_of(config.upper.account, f"commission-{secrets.token_hex(4)}", priority=-1),
        deliver,
        admits=lambda _: False,
        services=(),
    )
    try:
        async with running(stream, outcome, config.upper.account):
            _tell_stages(lasts, began, say)
            await _ask(stream, config, clock, lasts, say)
    except TransportError as error:
        if not _tell_stages(lasts, began, say):
            say(Check("login", _OF, Verdict.FAILED, str(error)[:200]))


def _tell_stages(lasts: Lasts, began: datetime, say: Callable[[Check], None]) -> bool:
    """Tell the stages that were tried since an instant; returns whether one has failed."""
    for stage in Stage:
        last = lasts.known.get(stage.value)
        if last is None or not last.is_good:
            is_new = last is not None and last.failure is not None and last.failure >= began
            if is_new and last is not None:
                say(Check(stage.value, _OF, Verdict.FAILED, last.reason[:200]))
            return is_new
        if last.success is not None and last.success >= began:
            say(Check(stage.value, _OF, Verdict.PASSED, "done"))
    return False


async def _ask(
    stream: Transport, config: VenConfig, clock: Clock, lasts: Lasts, say: Callable[[Check], None]
) -> None:
    """Ask our VTN who we are: it answers members alone, and its answer tells the time."""
    try:
        config = await with_vtn(config)
        reply = await about_registration(stream, config, Verb.GET, clock.now())
    except XmppCemError as error:
        told = f"{error}; ask the operator for: members why {config.upper.account.jid}"
        lasts.badly(ADMISSION, str(error))
        return say(Check("admission", _OF, Verdict.FAILED, told[:200]))
    off_s = (clock.now() - reply.header.timestamp).total_seconds()
    if abs(off_s) <= _SKEW_S:
        lasts.well(CLOCK)
        say(Check("clock", _OF, Verdict.PASSED, f"{off_s:+.1f} s from the VTN's"))
    else:
        told = f"{off_s:+.0f} s from the VTN's; set the box's clock"
        lasts.badly(CLOCK, told)
        say(Check("clock", _OF, Verdict.FAILED, told))
    if reply.result is Result.FAILED:
        told = "; ".join(f"{error.reason} (code {error.code})" for error in reply.errors)
        lasts.badly(ADMISSION, told)
        return say(Check("admission", _OF, Verdict.FAILED, told[:200]))
    lasts.well(ADMISSION)
    return say(Check("admission", _OF, Verdict.PASSED, f"{config.upper.vtn_address} answers"))


async def with_vtn(config: VenConfig) -> VenConfig:
    """Return a VEN's configuration with the VTN's address, looked up where the file has none.

    Raises:
        TransportError: there is no card, or no connection.
    """
    if config.upper.vtn is not None:
        return config
    card = await card_of(config.upper)
    if card is None:
        raise TransportError(f"no service has the card of {config.upper.domain}")
    update = {"vtn": card.vtn, "profile": card.profile}
    return config.model_copy(update={"upper": config.upper.model_copy(update=update)})


async def about_registration(
    stream: Transport, config: VenConfig, verb: Verb, now: datetime
) -> ResponseMessage:
    """Ask our VTN for our registration, or to end it, and return what it answers.

    Args:
        stream: connected with the VEN's account.
        config: with the VTN's address.
        verb: get or delete.
        now: the present.

    Raises:
        TransportError: no answer, or we are not admitted.
        RemoteProtocolError: an answer that cannot be read.
    """
    header = Header(
        verb=verb,
        noun=Noun.CONFIG,
        message_id=str(UUID(bytes=secrets.token_bytes(16), version=4)),
        timestamp=now,
        source=config.party,
    )
    ids = (NamedId(text=config.party),) if verb is Verb.DELETE else ()
    speech, vtn = speech_of(config), config.upper.vtn_address
    payload = speech.write(Link.UPPER, vtn.bare, RequestMessage(header=header, ids=ids))
    answer = await stream.request(vtn, payload, is_query=verb is Verb.GET, timeout=ANSWER_S)
    reply = speech.read(Link.UPPER, vtn.bare, answer, Flow.REPLY)
    if not isinstance(reply, ResponseMessage):
        raise RemoteProtocolError("1.8", "the VTN's answer is no ResponseMessage")
    return reply

"""All pages of a query for readings, as an operator gets them from a VTN."""

from dataclasses import dataclass

from xmpp_cem.agents.operator import Operator
from xmpp_cem.core.readings.pages import AFTER, LOST, MORE
from xmpp_cem.errors import RefusedError, RemoteProtocolError
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Result, Verb
from xmpp_cem.messages.readings import GetMeterReadings, MeterReadings
from xmpp_cem.model.ids import DomainId
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Reading


@dataclass(frozen=True)
class Recalled:
    """Readings in the order in which they came to the VTN; `lost` says what it no longer has."""

    readings: tuple[Reading, ...]
    lost: str = ""


async def recall(operator: Operator, domain: DomainId | None, query: GetMeterReadings) -> Recalled:
    """Ask for one page after the other.

    Raises:
        ConfigError: the domain is not configured.
        TransportError: no answer, or a refusal.
        RemoteProtocolError: an answer that is no page, or one that does not go on.
    """
    found: list[Reading] = []
    lost, after = "", None
    while True:
        options = () if after is None else ((AFTER, str(after)),)
        reply = await operator.request(
            domain, Verb.GET, Noun.READINGS, options=options, query=query
        )
        body, until = _page(reply)
        found += body.readings
        errors = {error.code: error.reason for error in reply.errors}
        lost = lost or errors.get(LOST, "")
        if MORE not in errors:
            return Recalled(tuple(found), lost)
        if after is not None and until <= after:
            raise RemoteProtocolError("1.8", "the VTN tells the same page again")
        after = until


def _page(reply: ResponseMessage) -> tuple[MeterReadings, Position]:
    header, body = reply.header, reply.body
    if reply.result is Result.FAILED:
        reasons = "; ".join(f"{error.code} {error.reason}" for error in reply.errors)
        raise RefusedError("not-acceptable", "modify", f"the VTN refuses: {reasons}")
    if not isinstance(body, MeterReadings) or header.epoch is None or header.sequence is None:
        raise RemoteProtocolError("1.7", "the VTN's answer is no page of MeterReadings")
    return body, Position(header.epoch, header.sequence)

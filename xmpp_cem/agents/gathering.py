"""The evidence of an event, as an operator gets it from a VTN piece by piece."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.errors import RefusedError, RemoteProtocolError
from xmpp_cem.messages.envelope import ResponseMessage
from xmpp_cem.messages.operations import SettlementEvidence
from xmpp_cem.model.ids import EventId, PartyId, ResourceId
from xmpp_cem.model.position import Position

_MOST_TRIES = 5


@dataclass(frozen=True)
class EvidenceFile:
    """One file, as it was signed."""

    party: PartyId
    resource: ResourceId
    data: bytes


class Ask(Protocol):
    """Asks a VTN for SettlementEvidence."""

    async def __call__(
        self, ids: tuple[str, ...], options: tuple[tuple[str, str], ...]
    ) -> ResponseMessage:
        """Return the answer."""
        ...


async def gather(ask: Ask, event: EventId) -> list[EvidenceFile]:
    """Return all files of an event.

    Raises:
        RefusedError: the VTN does not tell.
        RemoteProtocolError: pieces that do not fit together, or change all the time.
    """
    files: list[EvidenceFile] = []
    tries = 0
    while True:
        found = await _file(ask, event, len(files))
        if found is None:
            tries += 1
            if tries == _MOST_TRIES:
                raise RemoteProtocolError("1.8", "the evidence changes while it is read")
            continue
        file, is_last = found
        files.append(file)
        if is_last:
            return files


async def _file(ask: Ask, event: EventId, number: int) -> tuple[EvidenceFile, bool] | None:
    """Return a file, and whether it is the last; None when it changed in between."""
    text, digest = "", ""
    while True:
        after = ((AFTER, str(Position(number, len(text)))),)
        piece, has_more = _piece(await ask((event,), after))
        if piece.offset != len(text) or (digest and digest != piece.digest):
            return None
        text, digest = text + piece.text, piece.digest
        if len(text) >= piece.length or not has_more:
            break
    data = text.encode("ascii")
    if hashlib.sha256(data).hexdigest() != digest:
        raise RemoteProtocolError("1.8", "the pieces do not make the file that was announced")
    return EvidenceFile(piece.party, piece.resource, data), not has_more


def _piece(reply: ResponseMessage) -> tuple[SettlementEvidence, bool]:
    if not isinstance(reply.body, SettlementEvidence):
        reasons = "; ".join(f"{error.reason} (code {error.code})" for error in reply.errors)
        raise RefusedError("not-acceptable", "modify", f"the VTN refuses: {reasons}")
    return reply.body, MORE in {error.code for error in reply.errors}

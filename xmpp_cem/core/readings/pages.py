"""Answers queries for readings, in pages that fit into a message (design: flows)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from xmpp_cem.core.kept import Dropped
from xmpp_cem.core.letters import Letters
from xmpp_cem.messages.envelope import Level, ReplyError, RequestMessage, ResponseMessage, Result
from xmpp_cem.messages.readings import GetMeterReadings, MeterReadings
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import READINGS, Reading

AFTER = "after"
"""Option of a query: the position after which it asks, `epoch.sequence`."""

MORE, LAST, LOST = "0.1", "0.0", "5.7"
"""Codes of IEC 61968-9: there is more to come, that was all, data is not available."""

LARGEST_PAGE = 150
"""The most that a page may hold, as `size_of` counts: 380 bytes each in the worst case."""


@dataclass(frozen=True)
class Holdings:
    """What there is to answer from.

    Args:
        reports: readings by position, in its order.
        end: up to where `reports` is all that there was.
        dropped: what is missing at their beginning.
    """

    reports: Mapping[Position, tuple[Reading, ...]]
    end: Position
    dropped: Dropped | None = None


def size_of(readings: Iterable[Reading]) -> int:
    """Return what readings take on the wire: one for each, and one for each of its values."""
    return sum(
        1 + sum(1 for field in READINGS if getattr(reading, field) is not None)
        for reading in readings
    )


def split(readings: Iterable[Reading]) -> list[tuple[Reading, ...]]:
    """Return readings in parts that fit into a message each; a window stays whole."""
    parts: list[tuple[Reading, ...]] = []
    for _, group in groupby(readings, key=lambda reading: reading.window):
        of_window = tuple(group)
        if parts and size_of(parts[-1] + of_window) <= LARGEST_PAGE:
            parts[-1] += of_window
        else:
            parts.append(of_window)
    return parts


def asked_after(request: RequestMessage) -> Position | None:
    """Return the position after which a query asks, None for all; raises ValueError for none."""
    text = dict(request.options).get(AFTER)
    return None if text is None else Position.parse(text)


def page(
    letters: Letters, request: RequestMessage, holdings: Holdings, now: datetime
) -> ResponseMessage:
    """Return the next page of what a query for readings asks for.

    The reply's epoch and sequence are the end of what it covers, after which to ask again while
    its code is 0.1. Code 5.7 says that something of what was asked for is no longer held.

    Args:
        letters: who answers.
        request: with Option `after`, GetMeterReadings, both or neither.
        holdings: what to answer from.
        now: the present.
    """
    try:
        after = asked_after(request)
    except ValueError as error:
        return letters.refusal(request, now, "1.8", f"Option {AFTER}: {error}")
    found, until = _fitting(holdings, after, request.query)
    is_last = until == holdings.end
    errors = [_code(LAST, f"all up to {until}") if is_last else _code(MORE, f"more after {until}")]
    if _is_lost(holdings.dropped, after, request.query):
        errors.insert(0, _code(LOST, f"not all of it up to {_lost(holdings)} is kept", lost=True))
    result = Result.OK if is_last and len(errors) == 1 else Result.PARTIAL
    body = MeterReadings(readings=found)
    reply = letters.reply(request, now, body, result=result, errors=tuple(errors))
    header = reply.header.model_copy(update=until._asdict())
    return reply.model_copy(update={"header": header})


def _fitting(
    holdings: Holdings, after: Position | None, query: GetMeterReadings | None
) -> tuple[tuple[Reading, ...], Position]:
    """Return what fits, and up to where it is complete."""
    found: list[Reading] = []
    until, size = after or Position(0, 0), 0
    for position, readings in holdings.reports.items():
        if after is not None and position <= after:
            continue
        chosen = tuple(_chosen(readings, query))
        size += size_of(chosen)
        if found and size > LARGEST_PAGE:
            return tuple(found), until
        found += chosen
        until = position
    return tuple(found), holdings.end


def _chosen(readings: tuple[Reading, ...], query: GetMeterReadings | None) -> Iterator[Reading]:
    """Yield what a query selects, each with its power, without which there is no reading."""
    if query is None:
        yield from readings
        return
    fields = [field for field, kind in READINGS.items() if kind in query.types]
    rest = {field: None for field in READINGS if field not in {"power_w", *fields}}
    for reading in readings:
        if query.devices and reading.resource not in query.devices:
            continue
        if query.interval and not query.interval.overlap(reading.window):
            continue
        if not query.types:
            yield reading
        elif any(getattr(reading, field) is not None for field in fields):
            yield reading.model_copy(update=rest)


def _is_lost(
    dropped: Dropped | None, after: Position | None, query: GetMeterReadings | None
) -> bool:
    """Whether something of what is asked for may have been dropped; without a range, nothing."""
    if dropped is None:
        return False
    if after is not None:
        return after < dropped.position
    return bool(query and query.interval and query.interval.start < dropped.until)


def _lost(holdings: Holdings) -> Position | None:
    return holdings.dropped.position if holdings.dropped else None


def _code(code: str, reason: str, *, lost: bool = False) -> ReplyError:
    return ReplyError(code=code, reason=reason, level=Level.WARNING if lost else Level.INFORM)

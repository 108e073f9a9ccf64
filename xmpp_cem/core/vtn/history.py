"""The readings that a VTN keeps of its members' resources, within bounds, over restarts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from xmpp_cem.core.effects import Effect, Forget, Remember
from xmpp_cem.core.settlement.cases import Block
from xmpp_cem.core.settlement.entries import (
    Entry,
    chosen,
    entry_of,
    folded,
    key_of,
    last_end,
    line_of,
    read_lines,
    reading_of,
)
from xmpp_cem.core.settlement.periods import QUARTER
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval, Times, window

MOST_RESOURCES = 1000
"""Of so many resources a member's readings are kept."""

_A_DAY = timedelta(days=1)
_LONGEST_WINDOW = _A_DAY
_DAY_S, _QUARTER_S = int(_A_DAY.total_seconds()), int(QUARTER.total_seconds())
_MOST_TEXT = 2**18
_MOST_FOLDED = 500
_AHEAD = timedelta(hours=1)


@dataclass(frozen=True)
class HistorySettings:
    """How much is kept.

    Args:
        readings_for: how long readings are kept as they came, but those of kept events.
        readings_bytes: of these together, at most; the oldest are folded sooner.
        history_for: how long readings are kept at all, one for each quarter-hour without a gap.
    """

    readings_for: timedelta = timedelta(hours=24)
    readings_bytes: int = 128 * 2**20
    history_for: timedelta = timedelta(days=31)


Held = Mapping[PartyId, Sequence[Interval]]
"""Of which member and which times readings stay as they came."""


@dataclass(slots=True)
class _Row:
    """A block, and when the last of its windows ends, once somebody has looked for it."""

    block: Block
    until: datetime | None = None

    def touches(self, times: Times) -> bool:
        """Whether one of its windows may touch these times; windows can be long."""
        if times.touch(self.block.start, self.block.end):
            return True
        if self.until is None:
            self.until = last_end(self.block.text, self.block.start)
        return times.touch(self.block.start, self.until)


class History:
    """Blocks of readings: quarter-hours as they came, days of what is folded.

    The same window counts once in each revision. A block is one row, which is written again with
    each reading, so that a history of 10 s windows costs a row for each and not more space than
    its text.
    """

    def __init__(self, settings: HistorySettings) -> None:
        self._settings = settings
        self._rows: dict[tuple[PartyId, ResourceId], dict[tuple[int, datetime], _Row]] = {}
        self._resources: dict[PartyId, set[ResourceId]] = {}
        self._bytes = 0

    def restore(self, block: Block) -> None:
        """Take back a block from before a restart."""
        self._put(block)

    def take(self, party: PartyId, readings: tuple[Reading, ...], now: datetime) -> list[Effect]:
        """Keep what is new of a member's readings, but of windows too long ago or not yet come."""
        changed: dict[str, Block] = {}
        for reading in readings:
            if not self._is_kept(party, reading, now):
                continue
            block = self._added(party, reading, now)
            if block is not None:
                changed[block.key] = block
        return [Remember(block) for block in changed.values()]

    def entries(self, party: PartyId, resource: ResourceId, *times: Interval) -> Iterator[Entry]:
        """Yield what is kept of a resource that touches one of these times, in no order."""
        wanted = Times(times)
        for row in self._rows.get((party, resource), {}).values():
            if row.touches(wanted):
                yield from read_lines(row.block.text, row.block.start, wanted)

    def windows(self, party: PartyId, interval: Interval) -> dict[Interval, list[Reading]]:
        """Return what a member told of windows in an interval, of each resource what counts."""
        found: dict[Interval, list[Reading]] = {}
        for resource in self.resources(party):
            for entry in chosen(self.entries(party, resource, interval)):
                found.setdefault(entry.interval, []).append(reading_of(entry, resource))
        return found

    def resources(self, party: PartyId) -> list[ResourceId]:
        """Return the resources of a member of which there are readings."""
        return sorted(self._resources.get(party, ()))

    def sweep(self, held: Held, now: datetime) -> list[Effect]:
        """Fold what is older than wanted, and forget what is too old even for that.

        At most some hundred blocks at once: what is left comes with the next heartbeat.
        """
        oldest = now - self._settings.history_for
        over = [block for block in self._all() if block.end < oldest]
        effects: list[Effect] = [self._drop(block) for block in over]
        for block in self._due(held, now)[:_MOST_FOLDED]:
            effects += self._fold(block)
        return effects

    def _is_kept(self, party: PartyId, reading: Reading, now: datetime) -> bool:
        window = reading.window
        is_strange = reading.resource not in self._resources.get(party, ())
        return (
            window.end > now - self._settings.history_for
            and window.start <= now + _AHEAD
            and window.duration <= _LONGEST_WINDOW
            and not (is_strange and len(self._resources.get(party, ())) >= MOST_RESOURCES)
        )

    def _added(self, party: PartyId, reading: Reading, now: datetime) -> Block | None:
        """Return the block with a line more, None when it has this one or has no room."""
        entry = entry_of(reading, now)
        start = window(entry.start, QUARTER).start
        known = self._rows.get((party, reading.resource), {}).get((_QUARTER_S, start))
        text, until = (known.block.text, known.until) if known else ("", entry.end)
        if f"\n{key_of(entry, start)}" in f"\n{text}" or len(text) > _MOST_TEXT:
            return None
        text = f"{text}\n{line_of(entry, start)}" if text else line_of(entry, start)
        block = Block(
            party=party, resource=reading.resource, start=start, length_s=_QUARTER_S, text=text
        )
        self._put(block, max(until, entry.end) if until else None)
        return block

    def _due(self, held: Held, now: datetime) -> list[Block]:
        """Return the blocks to fold, oldest first; under pressure of space held ones too."""
        surplus = self._bytes - self._settings.readings_bytes
        before = now - (QUARTER if surplus > 0 else self._settings.readings_for)
        raw = [b for b in self._all() if b.length_s < _DAY_S and b.end <= before]
        old = now - self._settings.readings_for
        due: list[Block] = []
        for block in sorted(raw, key=lambda b: (_is_held(b, held), b.start)):
            is_old = block.end <= old and not _is_held(block, held)
            if is_old or surplus > 0:
                surplus -= len(block.text)
                due.append(block)
        return due

    def _fold(self, block: Block) -> list[Effect]:
        start = block.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        known = self._rows[block.party, block.resource].get((_DAY_S, start))
        lines = [line_of(entry, start) for entry in folded(read_lines(block.text, block.start))]
        text = "\n".join([*([known.block.text] if known else []), *lines])
        day = block.model_copy(update={"start": start, "length_s": _DAY_S, "text": text})
        forget = self._drop(block)
        self._put(day)
        return [forget, Remember(day)]

    def _all(self) -> Iterator[Block]:
        for rows in self._rows.values():
            for row in rows.values():
                yield row.block

    def _put(self, block: Block, until: datetime | None = None) -> None:
        rows = self._rows.setdefault((block.party, block.resource), {})
        known = rows.get((block.length_s, block.start))
        self._bytes += len(block.text) - (len(known.block.text) if known else 0)
        rows[block.length_s, block.start] = _Row(block, until)
        self._resources.setdefault(block.party, set()).add(block.resource)

    def _drop(self, block: Block) -> Forget:
        rows = self._rows[block.party, block.resource]
        del rows[block.length_s, block.start]
        self._bytes -= len(block.text)
        if not rows:
            del self._rows[block.party, block.resource]
            self._resources[block.party].discard(block.resource)
        return Forget(block)


def _is_held(block: Block, held: Held) -> bool:
    times = held.get(block.party, ())
    return any(block.start < time.end and block.end > time.start for time in times)

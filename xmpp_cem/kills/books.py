"""What the stores of a hierarchy hold, read from outside."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from xmpp_cem.core.records import Dispatch, Member, Part, Record
from xmpp_cem.kills.names import SITES, Names
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import lower_event_id
from xmpp_cem.model.keeping import Row
from xmpp_cem.runtime.journal import read_record
from xmpp_cem.testing.endings import held
from xmpp_cem.testing.world import World

_ENDED = {EventStatus.COMPLETED, EventStatus.CANCELLED}
_EVENTS = frozenset({"commitment", "dispatch", "part"})
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BUSY_S = 5.0


class Books:
    """The stores of one hierarchy.

    Args:
        names: who is who.
        world: keeps the stores of all but the gateway.
        gateway: the file of the gateway's store.
    """

    def __init__(self, names: Names, world: World, gateway: Path) -> None:
        self._names = names
        self._world = world
        self._gateway = gateway

    async def are_ready(self) -> bool:
        """Whether all are known with all that they can do, and nothing waits to be sent."""
        if any((await self._waiting()).values()):
            return False
        below = {f"{name}-{self._names.number}": can for name, (_, can) in SITES.items()}
        if _able(await self._kept(self._names.top)) != {self._names.gateway: sum(below.values())}:
            return False
        return _able(await self._below(" WHERE kind = 'member'")) == below

    async def keys(self) -> frozenset[str]:
        """Return what is kept, without what is said of it."""
        rows = await self._rows()
        return frozenset(f"{p} {row.kind} {row.key}" for p, kept in rows.items() for row in kept)

    async def is_promised(self, event: str, power_w: int) -> bool:
        """Whether the gateway has promised the VTN a change of power, W."""
        parts = (record for record in await self._above(event) if isinstance(record, Part))
        answers = (part.answer for part in parts if part.answer)
        return any((each.opt, each.power_w) == (Opt.IN, power_w) for each in answers)

    async def is_over(self, event: str) -> bool:
        """Whether an event has ended for the VTN."""
        records = await self._above(event)
        return any(r.event.status in _ENDED for r in records if isinstance(r, Dispatch))

    async def going_on(self) -> list[str]:
        """Return the VTN's events that have not ended."""
        records = map(read_record, await self._kept(self._names.top))
        dispatches = (record for record in records if isinstance(record, Dispatch))
        return [each.event.id for each in dispatches if each.event.status not in _ENDED]

    async def since(self, event: str, before: frozenset[str]) -> dict[str, Any]:
        """Return what is kept of an event, of all others since, and of the members.

        The words are the same for each hierarchy and event; an id that should not be is a `?`.
        """
        new = {
            party: [row for row in rows if _is_new(party, row, before)]
            for party, rows in (await self._rows()).items()
        }
        kept = {party: held(rows) for party, rows in new.items()}
        renamed: dict[str, Any] = _mapped({"kept": kept}, lambda text: self._plain(text, event))
        return renamed

    def _plain(self, text: str, event: str) -> str:
        below = lower_event_id(event, self._names.lower)
        text = text.replace(event, "above").replace(below, "below")
        return re.sub(rf"(?<=[a-z])-{self._names.number}\b", "", _UUID.sub("?", text))

    async def _above(self, event: str) -> list[Record]:
        rows = (await self._world.parties[self._names.top].engine.store.load()).records
        return [read_record(row) for row in rows if row.kind in _EVENTS and event in row.key]

    async def _rows(self) -> dict[str, list[Row]]:
        rows = {name: await self._kept(name) for name in (self._names.top, *self._names.sites)}
        return rows | {self._names.gateway: await self._below()}

    async def _below(self, which: str = "") -> list[Row]:
        query = "SELECT kind, key, value FROM records"
        found = await asyncio.to_thread(_ask, self._gateway, query + which)
        return [Row(*each) for each in found]

    async def _kept(self, party: str) -> list[Row]:
        return list((await self._world.parties[party].engine.store.load()).records)

    async def _waiting(self) -> dict[str, int]:
        """Return how much each party has still to send."""
        names = (self._names.top, *self._names.sites)
        loaded = {name: await self._world.parties[name].engine.store.load() for name in names}
        counts = {name: len(kept.outbox) for name, kept in loaded.items()}
        (row,) = await asyncio.to_thread(_ask, self._gateway, "SELECT count(*) FROM outbox")
        return counts | {self._names.gateway: row[0]}


def _is_new(party: str, row: Row, before: frozenset[str]) -> bool:
    if row.kind in _EVENTS:
        return f"{party} {row.kind} {row.key}" not in before
    return row.kind == "member"


def _able(rows: list[Row]) -> dict[str, int]:
    """Return by how much each member that is there can fall, W."""
    records = (read_record(row) for row in rows if row.kind == "member")
    return {
        record.party: record.capability.decrease_w
        for record in records
        if isinstance(record, Member) and record.capability
        if record.availability is Availability.AVAILABLE
    }


def _mapped(value: Any, change: Any) -> Any:
    """Return a value with other words; an answer's reason tells of the moment when it was said."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key != "reason"}
        return {change(key): _mapped(each, change) for key, each in kept.items()}
    if isinstance(value, list | tuple):
        return [_mapped(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def _ask(path: Path, query: str) -> list[Any]:
    """Ask a store that is in use; nothing of one that is just being made."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_BUSY_S)) as file:
            return file.execute(query).fetchall()
    except sqlite3.OperationalError:
        return [(0,)] if "count" in query else []

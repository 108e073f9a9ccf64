"""Reads a party's store from outside, by SQL alone, while the party writes to it."""

import json
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from xmpp_cem.core.kept import Report
from xmpp_cem.core.records import Commitment, Dispatch, Member, Part, VenRecord, VtnRecord
from xmpp_cem.model.keeping import Journalled

_BUSY_S = 5.0
_ENDED = ("completed", "cancelled", "refused", "expired")
_TABLES = "SELECT 1 FROM sqlite_master WHERE name = 'journal'"
_FILES = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Found:
    """What a store says of some events; parts by event and party."""

    commitments: dict[str, Commitment] = field(default_factory=dict)
    dispatches: dict[str, Dispatch] = field(default_factory=dict)
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """A window of a member's readings as it arrived at its VTN: when it began, W in all."""

    party: str
    start: datetime
    power_w: int


@dataclass(frozen=True)
class Window:
    """A party's readings of one window: W in all, and how many parts should and did report.

    `corrected` is what it told instead later, the last correction last.
    """

    power_w: int
    expected: int = 1
    reporting: int = 1
    revision: int = 0
    corrected: tuple["Window", ...] = ()

    @property
    def last(self) -> "Window":
        """What it told last."""
        return self.corrected[-1] if self.corrected else self

    def plus(self, other: "Window") -> "Window":
        """Return both together."""
        return Window(
            self.power_w + other.power_w,
            self.expected + other.expected,
            self.reporting + other.reporting,
            self.revision,
        )

    def then(self, later: "Window") -> "Window":
        """Return this with what a later report says of it, which counts if it is a correction."""
        known = (self, *self.corrected)
        fresh = (one for one in (later, *later.corrected) if one.revision > known[-1].revision)
        corrected = tuple(replace(one, corrected=()) for one in fresh)
        return replace(self, corrected=(*self.corrected, *corrected))


class Shelf:
    """One party's file; every call opens it anew, so that it may be replaced in between."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def exists(self) -> bool:
        """Whether there is a file with something in it."""
        return self._path.exists() and self._path.stat().st_size > 0

    def events(self, events: Collection[str]) -> Found:
        """Return what is kept of these events, and of events that were made below for them."""
        wanted = set(events)
        rows = self._ask(
            "SELECT key FROM records WHERE kind = 'dispatch' "
            "AND json_extract(CAST(value AS TEXT), '$.upper') IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(wanted)),
        )
        wanted |= {key for (key,) in rows}
        found = Found()
        for kind, _, value in self._records(wanted):
            if kind == "commitment":
                commitment = Commitment.model_validate_json(value)
                found.commitments[commitment.event.id] = commitment
            elif kind == "dispatch":
                dispatch = Dispatch.model_validate_json(value)
                found.dispatches[dispatch.event.id] = dispatch
            elif kind == "part":
                part = Part.model_validate_json(value)
                found.parts[part.event, part.party] = part
        return found

    def commitments(self, since: datetime) -> dict[str, Commitment]:
        """Return a VEN's events that ended at an instant or later."""
        rows = self._ask(
            "SELECT value FROM records WHERE kind = 'commitment' "
            "AND json_extract(CAST(value AS TEXT), '$.event.active.end') >= ?",
            since.isoformat().replace("+00:00", ""),
        )
        found = (Commitment.model_validate_json(value) for (value,) in rows)
        return {commitment.event.id: commitment for commitment in found}

    def unended(self) -> dict[str, datetime]:
        """Return the events that may still act, each with its end."""
        query = (
            "SELECT COALESCE(json_extract(v, '$.event.id'), key), "
            "json_extract(v, '$.event.active.end') FROM "
            "(SELECT kind, key, CAST(value AS TEXT) AS v FROM records "
            " WHERE kind IN ('commitment', 'dispatch')) "
            "WHERE COALESCE(CASE kind WHEN 'commitment' THEN json_extract(v, '$.status') END, "
            "json_extract(v, '$.event.status')) NOT IN (?, ?, ?, ?)"
        )
        return {key: datetime.fromisoformat(end) for key, end in self._ask(query, *_ENDED)}

    def reports(self, after: str = "") -> list[Report]:
        """Return what a VEN has reported and still keeps, from a key on, in its order."""
        rows = self._ask(
            "SELECT value FROM records WHERE kind = 'report' AND key > ? ORDER BY key", after
        )
        return [Report.model_validate_json(value) for (value,) in rows]

    def members(self) -> dict[str, Member]:
        """Return the members that a VTN has written down."""
        rows = self._ask("SELECT value FROM records WHERE kind = 'member'")
        members = (Member.model_validate_json(value) for (value,) in rows)
        return {member.party: member for member in members}

    def ven(self) -> VenRecord:
        """Return what a VEN knows of itself."""
        rows = self._ask("SELECT value FROM records WHERE kind = 'ven'")
        return VenRecord.model_validate_json(rows[0][0]) if rows else VenRecord()

    def heard(self, after: int) -> tuple[list[Heard], int]:
        """Return the readings that came in since a place of the journal, and the new place."""
        kinds = "('RequestArrived', 'ItemReceived', 'CaughtUp', 'QueryAnswered')"
        query = f"SELECT seq, value FROM journal WHERE seq > ? AND kind IN {kinds} ORDER BY seq"  # noqa: S608 constants
        rows = self._ask(query, after)
        found = [one for _, value in rows for one in _windows(json.loads(value))]
        return found, rows[-1][0] if rows else after

    def requests(self, last: int) -> list[Journalled]:
        """Return the newest requests in the journal, oldest of them first."""
        rows = self._ask(
            "SELECT at, kind, value FROM journal WHERE kind = 'RequestArrived' "
            "ORDER BY seq DESC LIMIT ?",
            last,
        )
        return [
            Journalled(datetime.fromisoformat(at), kind, value)
            for at, kind, value in reversed(rows)
        ]

    def kinds(self) -> list[str]:
        """Return the kinds of inputs in the journal."""
        return [kind for (kind,) in self._ask("SELECT DISTINCT kind FROM journal ORDER BY kind")]

    def index_position(self) -> tuple[int, int]:
        """Return epoch and version of a VTN's last index."""
        vtn = self._ask("SELECT value FROM records WHERE kind = 'vtn'")
        if not vtn:
            return -1, -1
        record = VtnRecord.model_validate_json(vtn[0][0])
        return record.epoch, record.index_version

    def waiting(self) -> list[tuple[str, datetime]]:
        """Return the outbox: ids with their expiry."""
        rows = self._ask("SELECT id, expires FROM outbox")
        return [(key, datetime.fromisoformat(expires)) for key, expires in rows]

    def copy_to(self, target: Path) -> None:
        """Copy the store as it is now, also while it is in use."""
        with closing(self._connect()) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)

    def replace_by(self, copy: Path) -> None:
        """Put an older copy in the place of the store of a party that does not run."""
        for suffix in _FILES:
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        shutil.copy(copy, self._path)

    @property
    def size(self) -> int:
        """Bytes on the disk, the log included."""
        files = (Path(f"{self._path}{suffix}") for suffix in _FILES)
        return sum(file.stat().st_size for file in files if file.exists())

    def _records(self, events: Collection[str]) -> list[tuple[str, str, bytes]]:
        return self._ask(
            "SELECT kind, key, value FROM records WHERE kind IN ('commitment', 'dispatch', 'part') "
            "AND substr(key, 1, 36) IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(events)),
        )

    def _ask(self, query: str, *values: object) -> list[Any]:
        if not self.exists:
            return []
        with closing(self._connect()) as connection:
            if not connection.execute(_TABLES).fetchone():
                return []  # its party is just making it
            return connection.execute(query, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=_BUSY_S)


def windows_of(reports: Collection[Report]) -> dict[datetime, Window]:
    """Return each window's readings, summed over resources; corrections stand beside them."""
    windows: dict[datetime, Window] = {}
    for report in reports:
        totals: dict[tuple[datetime, int], Window] = {}
        for reading in report.readings:
            one = Window(reading.power_w, reading.expected, reading.reporting, reading.revision)
            key = reading.window.start, reading.revision
            totals[key] = totals[key].plus(one) if key in totals else one
        for (start, _), window in totals.items():
            windows[start] = windows[start].then(window) if start in windows else window
    return windows


def _windows(value: dict[str, Any]) -> Iterator[Heard]:
    """Yield the windows of an input, whichever kind it is."""
    for item in value.get("items", [value]):
        message = item.get("reply") or item.get("message") or {}
        body = message.get("body") or {}
        totals: dict[tuple[datetime, int], int] = {}
        for reading in body.get("readings", ()):
            key = datetime.fromisoformat(reading["window"]["start"]), reading["revision"]
            totals[key] = totals.get(key, 0) + int(reading["power_w"])
        source = message.get("header", {}).get("source", "")
        yield from (Heard(source, start, power_w) for (start, _), power_w in totals.items())

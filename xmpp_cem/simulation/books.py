"""What the parties' stores held, at the end and over time, read from what was committed."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from xmpp_cem.core.kept import Report
from xmpp_cem.core.records import Commitment, Dispatch, Part, Record
from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.journal import read_record
from xmpp_cem.simulation.evidence import Committed, Evidence, PutBack
from xmpp_cem.simulation.speech import LateRow

_R = TypeVar("_R", Commitment, Dispatch, Part, Report)

_KINDS = {Commitment: "commitment", Dispatch: "dispatch", Part: "part", Report: "report"}


@dataclass(frozen=True)
class Written:
    """A version of a record, and the number and time of the commit that brought it."""

    number: int
    at: datetime
    record: Record


@dataclass
class Book:
    """One party's store: every version of every record, oldest first."""

    versions: dict[tuple[str, str], list[Written]] = field(default_factory=dict)
    outbox: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    waiting: dict[tuple[str, str], str] = field(default_factory=dict)
    payloads: set[bytes] = field(default_factory=set)
    replies: set[bytes] = field(default_factory=set)

    def send(self, entry: Outgoing, at: datetime) -> None:
        """Take an entry into the outbox; a newer version of an item replaces the older one."""
        if entry.kind != "transact":
            item = entry.destination, entry.item_id
            self.outbox.pop(self.waiting.get(item, ""), None)
            self.waiting[item] = entry.id
        self.outbox[entry.id] = at, entry.expires
        self.payloads.add(entry.payload)

    def put_back(self, made: PutBack, commits: Iterable[Committed]) -> None:
        """Become what the party's commits until its copy had made; what came later never was."""
        for key, versions in list(self.versions.items()):
            kept = [version for version in versions if version.number <= made.copied]
            if not kept:
                del self.versions[key]
            elif len(kept) < len(versions):
                versions.append(Written(made.number, made.at, kept[-1].record))
        self.outbox.clear()
        self.waiting.clear()
        for commit in commits:
            if commit.party == made.party and commit.number <= made.copied:
                self.take_outbox(commit)

    def take_outbox(self, commit: Committed) -> None:
        """Take what a commit puts into the outbox and what it takes out of it."""
        for entry_id in commit.batch.sent:
            self.outbox.pop(entry_id, None)
        for entry in commit.batch.send:
            self.send(entry, commit.at)

    def last(self, kind: type[_R]) -> dict[str, _R]:
        """Return the newest version of each record of a kind, by key."""
        return {key: versions[-1] for key, versions in self.all(kind).items()}

    def all(self, kind: type[_R]) -> dict[str, list[_R]]:
        """Return every version of each record of a kind, by key."""
        return {
            key: [w.record for w in written if isinstance(w.record, kind)]
            for (name, key), written in self.versions.items()
            if name == _KINDS[kind]
        }

    def all_written(self, kind: type[_R]) -> list[list[Written]]:
        """Return every version of each record of a kind, with its commit."""
        return [w for (name, _), w in self.versions.items() if name == _KINDS[kind]]

    def as_of(self, kind: type[_R], number: int) -> Iterator[_R]:
        """Yield the version of each record of a kind that was the newest before a number."""
        for (name, _), written in self.versions.items():
            if name != _KINDS[kind]:
                continue
            place = bisect_left(written, number, key=lambda version: version.number)
            if place:
                record = written[place - 1].record
                if isinstance(record, kind):
                    yield record

    def began(self, kind: type[_R], key: str) -> datetime:
        """Return when a record was first committed."""
        return self.versions[_KINDS[kind], key][0].at


def read_books(evidence: Evidence) -> Mapping[str, Book]:
    """Return every party's book; records of other kinds than the audit needs are left out."""
    books: dict[str, Book] = {}
    wanted, restored = frozenset(_KINDS.values()), deque(evidence.put_back)
    for made in evidence.commits:
        while restored and restored[0].number < made.number:
            back = restored.popleft()
            books.setdefault(back.party, Book()).put_back(back, evidence.commits)
        book, batch = books.setdefault(made.party, Book()), made.batch
        for row in batch.put:
            if row.kind not in wanted:
                continue
            record = row.record if isinstance(row, LateRow) else read_record(row)
            written = Written(made.number, made.at, record)
            book.versions.setdefault((row.kind, row.key), []).append(written)
        book.take_outbox(made)
        book.replies |= {one.reply for one in batch.received}
    return books

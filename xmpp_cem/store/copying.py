"""Copies a store while its agent runs, checks one, and puts a copy back."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import DatabaseError

from xmpp_cem.errors import StoreError
from xmpp_cem.store import chain, schema
from xmpp_cem.store.backends import fitting
from xmpp_cem.store.checksums import is_whole
from xmpp_cem.store.faults import explained
from xmpp_cem.store.migrating import is_newest, migrate, revision_of
from xmpp_cem.store.sqlite import fresh
from xmpp_cem.store.work import Work

_TABLES = (schema.records, schema.outbox, schema.received, schema.journal)
_AT_ONCE = 1000
_MOST_FAULTS = 10


@dataclass(frozen=True)
class Survey:
    """What a store holds, and whether it is whole.

    Args:
        store: its path or URL.
        revision: of its schema.
        records: how many of each kind.
        outbox: entries that wait to be sent.
        replies: given answers.
        inputs: rows of the journal.
        last: instant of the newest input, ISO 8601, or nothing.
        faults: what is damaged, a sentence each; none in a store that is whole.
        head: the newest value of the journal's chain; to be noted elsewhere.
        breaks: where the journal was tampered with, a sentence each, the oldest first.
    """

    store: str
    revision: str
    records: dict[str, int] = field(default_factory=dict)
    outbox: int = 0
    replies: int = 0
    inputs: int = 0
    last: str = ""
    faults: tuple[str, ...] = ()
    head: str = ""
    breaks: tuple[str, ...] = ()


def check(place: Path | str, head: str = "") -> Survey:
    """Read a whole store beside its agent; damage and tampering are told in the survey.

    Args:
        place: a file's path or a database's URL.
        head: an earlier head of the journal, as it was noted elsewhere.

    Raises:
        StoreError: it is not there, another program's, or of another schema.
    """
    with _reading(place) as (connection, name):
        return _survey(connection, name, head)


def back_up(place: Path | str, copy: Path) -> Survey:
    """Copy a store as it is at one instant into a new SQLite file, and check the copy.

    The agent goes on meanwhile. The copy appears under its name only when it is complete. Where
    somebody has tampered with the journal the copy shows the same.

    Raises:
        StoreError: the store or the copy cannot be used, or a row is damaged.
    """
    part = copy.with_name(f"{copy.name}.part")
    with ExitStack() as undone, explained(str(part)):
        with _reading(place) as (source, name), explained(str(part)), ExitStack() as opened:
            target = fresh(part, opened)
            undone.callback(part.unlink, missing_ok=True)
            with target.begin():
                target.exec_driver_sql("BEGIN IMMEDIATE")
                migrate(target, None)
                _copy(source, name, target)
        survey = check(part)
        if survey.faults:
            raise StoreError(f"the copy is damaged: {survey.faults[0]}; check its disk")
        part.rename(copy)
        _sync(copy.parent)
    return Survey(**vars(survey) | {"store": str(copy)})


def restore(copy: Path, place: Path | str) -> Survey:
    """Put a copy into a store that is empty or not there yet; its agent must not run.

    Raises:
        StoreError: the store is in use or holds something, or the copy is damaged.
    """
    backend = fitting(place)
    work = Work(backend)
    with explained(backend.name):
        work.open()
        try:
            with _reading(copy) as (source, name), explained(backend.name):
                _fill(work, source, name)
        finally:
            work.close()
    return check(place)


@contextmanager
def _reading(place: Path | str) -> Iterator[tuple[Connection, str]]:
    backend = fitting(place)
    with explained(backend.name), ExitStack() as opened:
        connection = backend.read(opened)
        revision = revision_of(connection)
        if revision is None:
            raise StoreError("it holds nothing: start its agent once, or correct the path")
        if not is_newest(revision):
            raise StoreError(f"it has schema {revision}: start its agent once, which migrates it")
        yield connection, backend.name


def _fill(work: Work, source: Connection, name: str) -> None:
    with work.writing() as target:
        if any(target.execute(select(table).limit(1)).first() for table in _TABLES):
            raise StoreError("it is not empty: move it away, then restore")
        _copy(source, name, target)


def _copy(source: Connection, name: str, target: Connection) -> None:
    """Copy all rows in their order; whoever takes the copy over numbers them anew."""
    with explained(name):  # a damaged index would hide rows
        broken = _broken_pages(source)
        if broken:
            raise StoreError(f"its file is damaged: {broken[0]}; restore a backup")
    for table in _TABLES:
        for rows in _rows(source, name, table):
            target.execute(table.insert(), rows)
    chain.note(target, chain.noted(source))


def _rows(source: Connection, name: str, table: Table) -> Iterator[list[dict[str, object]]]:
    columns = [column for column in table.columns if column.name != "seq"]
    read = select(*columns).order_by(*table.primary_key.columns)
    with explained(name):
        found = source.execution_options(yield_per=_AT_ONCE).execute(read).mappings()
        for several in found.partitions(_AT_ONCE):
            if not all(is_whole(table.name, row) for row in several):
                raise StoreError(f"a row of its table {table.name} is damaged; restore a backup")
            yield [{str(key): value for key, value in row.items()} for row in several]


def _survey(connection: Connection, name: str, head: str) -> Survey:
    faults: list[str] = []
    try:
        faults += _broken_pages(connection)
        faults += [fault for table in _TABLES for fault in _broken_rows(connection, table)]
        kind = schema.records.c["kind"]
        kinds = connection.execute(select(kind, func.count()).group_by(kind).order_by(kind)).all()
        counts = {table.name: _count(connection, table) for table in _TABLES}
        at = schema.journal.c["at"]
        last = connection.execute(select(at).order_by(schema.journal.c["seq"].desc())).first()
        chained = chain.examine(connection, head)
    except DatabaseError as error:
        return Survey(name, "", faults=(*faults, str(error.orig)))
    return Survey(
        name,
        str(revision_of(connection)),
        {str(name): count for name, count in kinds},
        counts["outbox"],
        counts["received"],
        counts["journal"],
        last[0] if last else "",
        tuple(faults[:_MOST_FAULTS]),
        chained.head,
        chained.breaks[:_MOST_FAULTS],
    )


def _broken_pages(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    found = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_FAULTS})").scalars().all()
    return [str(line).replace("\n", " ") for line in found if line != "ok"]


def _broken_rows(connection: Connection, table: Table) -> Iterator[str]:
    keys = [column.name for column in table.primary_key.columns]
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(select(table)).mappings()
    for row in rows:
        if not is_whole(table.name, row):
            yield f"table {table.name}: row {' '.join(str(row[key]) for key in keys)} is damaged"


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _sync(folder: Path) -> None:
    """Put a new name on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

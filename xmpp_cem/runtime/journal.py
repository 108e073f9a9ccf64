"""Inputs as journal rows: equal histories give equal effects."""

from datetime import datetime
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from xmpp_cem.core.inputs import Input
from xmpp_cem.core.records import Record
from xmpp_cem.model.keeping import Journalled, Row

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Input)}


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[kind])


@cache
def _records() -> TypeAdapter[Any]:
    return TypeAdapter(Record)


def write(what: Input, now: datetime) -> Journalled:
    """Return the journal row of an input."""
    kind = type(what).__name__
    return Journalled(at=now, kind=kind, value=_adapter(kind).dump_json(what))


def read(row: Journalled) -> Input:
    """Return the input of a journal row."""
    what: Input = _adapter(row.kind).validate_json(row.value)
    return what


def write_record(record: Record) -> Row:
    """Return the row of a record."""
    return Row(kind=record.kind, key=record.place, value=record.model_dump_json().encode())


def read_record(row: Row) -> Record:
    """Return the record of a row."""
    record: Record = _records().validate_json(row.value)
    return record

"""What of a store must be the same in the end, whatever has died in between."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xmpp_cem.core.records import Member, Record
from xmpp_cem.model.keeping import Row
from xmpp_cem.runtime.journal import read_record

COMPARED = frozenset({"commitment", "dispatch", "part", "member"})
"""The kinds of records that tell of events, answers, shares, sums and members."""

_INSTANTS = frozenset(
    {
        "at",
        "created",
        "basis",
        "answer_by",
        "active",
        "decide_by",
        "taken",
        "stopped",
        "shortfall_at",
    }
)
_COUNTERS = frozenset(
    {"epoch", "modification", "sequence", "revision", "redivisions", "digest", "conduct"}
)
_COURSE = frozenset({"until", "replanned", "offsets", "gaps", "path"})
_MEASURED = frozenset({"baseline_w", "delivered_w", "delivered_ws", "measured_s", "stated"})
_LEFT_OUT = _INSTANTS | _COUNTERS | _COURSE | _MEASURED
"""When something was, how often it was said, and what was measured."""


def held(rows: Iterable[Row]) -> dict[str, Any]:
    """Return what records say of events, answers, sums and members, without times."""
    records = [read_record(row) for row in rows if row.kind in COMPARED]
    return {f"{record.kind} {record.key}": _timeless(_comparable(record)) for record in records}


def differences(wanted: Any, found: Any, where: str = "") -> Iterator[str]:
    """Yield a line for each thing that is not as it should be."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in sorted(wanted.keys() | found.keys()):
            yield from differences(wanted.get(key), found.get(key), f"{where}/{key}")
    elif wanted != found:
        yield f"{where}: {found} instead of {wanted}"


def _comparable(record: Record) -> Any:
    if isinstance(record, Member):
        can = record.capability
        return record.availability, can and (can.increase_w, can.decrease_w)
    return record.model_dump(mode="json")


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in _LEFT_OUT}
    return [_timeless(each) for each in value] if isinstance(value, list) else value

"""What is told of one event and resource so that others can reckon it again, as canonical JSON."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from xmpp_cem.core.kept import Kept
from xmpp_cem.core.settlement.cases import Baseline, Case, Replies, Step, Version
from xmpp_cem.core.settlement.energy import WATT_HOUR, Measured, Series
from xmpp_cem.core.settlement.entries import Entry, chosen, rounded
from xmpp_cem.core.settlement.periods import periods
from xmpp_cem.model.ids import DomainId, PartyId, ResourceId
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.time import Interval

FORMAT = "xmpp-cem-evidence/1"
"""The form of the file; another one has another name."""

_MICRO = timedelta(microseconds=1)

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Signature:
    """Who says so: the key in hexadecimal digits, its SHA-256, and what it made of the bytes."""

    algorithm: str
    public_key: str
    fingerprint: str
    value: str


@dataclass(frozen=True)
class Facts:
    """Everything that a document is made of; equal facts make equal bytes.

    Args:
        domain, vtn: whose event it was.
        party, resource: who was asked.
        case: times and rules.
        versions: the event as it was published, in order.
        replies: the member's answers.
        baseline: as it stands.
        entries: all readings kept around the event, in any order.
    """

    domain: DomainId
    vtn: PartyId
    party: PartyId
    resource: ResourceId
    case: Case
    versions: Sequence[Version]
    replies: Replies | None
    baseline: Baseline | None
    entries: Sequence[Entry]


def canonical(document: Document) -> bytes:
    """Return the one form of a document: keys in order, no white space, ASCII, whole numbers."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def signed(document: Document, sign: Callable[[bytes], Signature]) -> bytes:
    """Return the whole file: the document, and a signature of its canonical form."""
    signature = sign(canonical(document))
    return canonical({"evidence": document, "signature": vars(signature)})


def document(facts: Facts) -> Document:
    """Return what is told of one event and resource. What is not known is null, never 0."""
    case, active = facts.case, facts.case.active
    counted = chosen(facts.entries, case.freezes)
    series = Series(counted)
    steps = facts.baseline.steps if facts.baseline else ()
    rows = [
        _Row(period, series.measured(period), _baseline(steps, period))
        for period in periods(active, ZoneInfo(case.terms.zone))
    ]
    whole = _Row(active, series.measured(active), _baseline(steps, active))
    return {
        "format": FORMAT,
        "domain": facts.domain,
        "vtn": facts.vtn,
        "event": case.event,
        "party": facts.party,
        "resource": facts.resource,
        "active": _interval(active),
        "moves_power": case.moves,
        "terms": case.terms.model_dump(mode="json"),
        "freezes": _instant(case.freezes),
        "versions": [_dumped(version) for version in facts.versions],
        "versions_omitted": case.omitted,
        "answers": _answers(facts.replies),
        "answers_omitted": facts.replies.omitted if facts.replies else 0,
        "baseline": _stated(facts.baseline) if facts.baseline else None,
        "periods": _rows(rows, case.terms.zone),
        "total": _total(whole, rows),
        "gaps": [_interval(gap) for gap in whole.measured.gaps],
        **_readings(facts, counted),
    }


@dataclass(frozen=True)
class _Row:
    """One settlement period; energies in watt-microseconds."""

    interval: Interval
    measured: Measured
    baseline: int | None

    @property
    def delivered(self) -> int | None:
        """The change of energy."""
        if self.measured.energy is None or self.baseline is None:
            return None
        return self.measured.energy - self.baseline


def _baseline(steps: Sequence[Step], interval: Interval) -> int | None:
    """Return the energy without the event, None where the steps do not cover the interval."""
    parts = [(interval.overlap(step.interval) // _MICRO, step.power_w) for step in steps]
    if sum(length for length, _ in parts) != interval.duration // _MICRO:
        return None
    return sum(length * power_w for length, power_w in parts)


def _whole(energies: Iterable[int | None]) -> list[int | None]:
    """Return energies in Wh, rounded so that their sum is the sum's rounding."""
    total, told, found = 0, 0, list[int | None]()
    for energy in energies:
        if energy is None:
            found.append(None)
            continue
        total += energy
        found.append(rounded(total, WATT_HOUR) - told)
        told = rounded(total, WATT_HOUR)
    return found


def _rows(rows: Sequence[_Row], zone: str) -> list[Document]:
    energies = _whole(row.measured.energy for row in rows)
    baselines = _whole(row.baseline for row in rows)
    delivered = _whole(row.delivered for row in rows)
    return [
        {
            **_interval(row.interval),
            "local": row.interval.start.astimezone(ZoneInfo(zone)).isoformat(),
            "energy_wh": energy,
            "baseline_wh": baseline,
            "delivered_wh": change,
            **_known(row.measured),
        }
        for row, energy, baseline, change in zip(rows, energies, baselines, delivered, strict=True)
    ]


def _known(measured: Measured) -> Document:
    return {
        "source": measured.source,
        "covered_ms": measured.covered // 1000,
        "covered_wh": rounded(measured.by_power, WATT_HOUR) if measured.covered else None,
        "quality": measured.quality,
        "gaps": [_interval(gap) for gap in measured.gaps],
    }


def _total(whole: _Row, rows: Sequence[_Row]) -> Document:
    """Return the sum of the periods, or what registers know of the whole where periods do not."""
    parts = [row.measured.energy for row in rows]
    energy = whole.measured.energy
    if None not in parts:
        energy = sum(part for part in parts if part is not None)
    delivered = None if energy is None or whole.baseline is None else energy - whole.baseline
    (energy_wh,), (baseline_wh,), (delivered_wh,) = map(
        _whole, ([energy], [whole.baseline], [delivered])
    )
    return {
        "energy_wh": energy_wh,
        "baseline_wh": baseline_wh,
        "delivered_wh": delivered_wh,
        "is_complete": not whole.measured.gaps,
        "covered_ms": whole.measured.covered // 1000,
        "quality": whole.measured.quality,
    }


def _dumped(record: Kept) -> Document:
    """Return a record without what tells where it is kept."""
    return record.model_dump(mode="json", exclude={"kind", "domain"})


def _stated(baseline: Baseline) -> Document:
    """Return a baseline; what it rests on where that was estimated or is doubtful."""
    untold = (
        {"oldest", "estimated_share_permille"} if not baseline.estimated_share_permille else set()
    )
    untold |= {"quality"} if baseline.quality is Quality.VALID else set()
    return {name: value for name, value in _dumped(baseline).items() if name not in untold}


def _answers(replies: Replies | None) -> list[Document]:
    return [reply.model_dump(mode="json") for reply in replies.replies] if replies else []


def _readings(facts: Facts, counted: Sequence[Entry]) -> Document:
    """Return the readings that count, those that were corrected, and those that came too late."""
    active, freezes = facts.case.active, facts.case.freezes
    inside = [e for e in counted if e.start < active.end and e.end > active.start]
    before = [e for e in counted if e.end <= active.start][-1:]
    told = [*before, *inside]
    touching = [e for e in facts.entries if e.start < active.end and e.end > active.start]
    late = [e for e in touching if e.heard > freezes]
    rest = [e for e in touching if e.heard <= freezes and e not in told]
    return {
        "readings": [_reading(entry) for entry in told],
        "readings_replaced": [_reading(entry) for entry in sorted(rest, key=_place)],
        "readings_after_freeze": [_reading(entry) for entry in sorted(late, key=_place)],
    }


def _place(entry: Entry) -> tuple[datetime, datetime, int]:
    return entry.start, entry.end, entry.revision


def _reading(entry: Entry) -> Document:
    return {
        **_interval(entry.interval),
        "revision": entry.revision,
        "power_w": entry.power_w,
        "import_wh": entry.import_wh,
        "export_wh": entry.export_wh,
        "quality": entry.quality,
        "expected": entry.expected,
        "reporting": entry.reporting,
        **_estimated(entry),
        "heard": _instant(entry.heard),
        "is_late": entry.is_late,
        "is_corrected": entry.revision > 0,
    }


def _estimated(entry: Entry) -> Document:
    """Return how much of a reading was estimated and from when it is; of one alone, nothing."""
    if entry.oldest is None and not entry.estimated_share_permille:
        return {}
    oldest = entry.end if entry.oldest is None else entry.oldest
    permille = entry.estimated_share_permille
    return {"oldest": _instant(oldest), "estimated_share_permille": permille}


def _interval(interval: Interval) -> Document:
    return {"start": _instant(interval.start), "end": _instant(interval.end)}


def _instant(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat() + "Z"

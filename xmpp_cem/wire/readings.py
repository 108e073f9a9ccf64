"""MeterReadings: one MeterReading for each resource and window, our `quality` beside it."""

from collections import Counter, defaultdict

from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.reading_type import MacroPeriod
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import (
    INTERVAL,
    Fields,
    append_leaves,
    attributes,
    build,
    leaves,
    set_attributes,
    written,
)
from xmpp_cem.wire.namespaces import READING, READINGS
from xmpp_cem.wire.reading_types import FIELDS, TEXTS, VALUES, read_type
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

QUALITIES = {Quality.ESTIMATED: "1.8.0", Quality.QUESTIONABLE: "1.10.0"}
"""Quality to `ReadingQualityType@ref`: system end device, category, nothing closer; a valid
reading needs none."""

REST: Fields = {
    "revision": ("revision", INTEGER),
    "expected": ("expected", INTEGER),
    "reporting": ("reporting", INTEGER),
    "oldest": ("oldest", INSTANT),
    "estimated_share_permille": ("estimatedShare", INTEGER),
}
RESOURCE: Fields = {"resource": ("resource", TOKEN)}
METER: Fields = {"resource": ("mRID", TOKEN)}

_DEFAULTS = tuple(Reading.model_fields[field].default for field in REST)
_QUALITIES = {"1.0.0": Quality.VALID} | {ref: quality for quality, ref in QUALITIES.items()}
_GRAVITY = (Quality.VALID, Quality.ESTIMATED, Quality.QUESTIONABLE)


class _Key(Value):
    """How a quality element names its reading; those of one key stand in the readings' order."""

    resource: ResourceId
    window: Interval


def append_readings(payload: Draft, body: MeterReadings) -> None:
    """Write the noun, then what its form cannot say of a reading."""
    noun = append(payload, READINGS, "MeterReadings")
    for reading in body.readings:
        _append_reading(noun, reading)
    count = Counter(_key(reading) for reading in body.readings)
    for reading in body.readings:
        rest = tuple(getattr(reading, field) for field in REST)
        if rest != _DEFAULTS or count[_key(reading)] > 1:
            element = append(payload, READING, "quality")
            set_attributes(element, reading, RESOURCE)
            set_attributes(element, reading.window, INTERVAL)
            set_attributes(element, reading, REST)


def read_readings(payload: Element) -> MeterReadings | None:
    """Return the noun's content, or None without it.

    Raises:
        RemoteProtocolError: 2.6 for a broken reading type, 2.10 for an unknown one, 2.29 for an
            unknown quality, 1.8 when a quality element belongs to no reading.
    """
    noun = child(payload, READINGS, "MeterReadings")
    if noun is None:
        return None
    rests = _rests(payload)
    readings = []
    for element in children(noun, READINGS, "MeterReading"):
        reading = build(Reading, "MeterReading", _read_reading(element), METER)
        rest = rests.get(_key(reading))
        if rest:
            values = {**dict(reading), **rest.pop(0)}
            reading = build(Reading, "quality", values, REST)
        readings.append(reading)
    if any(rests.values()):
        raise refusal(Code.INVALID, "quality: its resource and window have no MeterReading")
    return build(MeterReadings, "MeterReadings", {"readings": tuple(readings)})


def _key(reading: Reading) -> _Key:
    return _Key(resource=reading.resource, window=reading.window)


def _rests(payload: Element) -> dict[_Key, list[dict[str, object]]]:
    rests: defaultdict[_Key, list[dict[str, object]]] = defaultdict(list)
    for element in children(payload, READING, "quality"):
        values = {**attributes(element, RESOURCE), "window": attributes(element, INTERVAL)}
        rests[build(_Key, "quality", values)].append(attributes(element, REST))
    return rests


def _append_reading(noun: Draft, reading: Reading) -> None:
    element = append(noun, READINGS, "MeterReading")
    append_leaves(append(element, READINGS, "Meter"), READINGS, reading, METER)
    for kind, field in FIELDS.items():
        for _, text in written(reading, {field: VALUES[field][field]}):
            part = append(element, READINGS, "Readings")
            append(part, READINGS, "timeStamp", INSTANT.write(reading.window.end))
            append(part, READINGS, "value", text)
            _append_quality(part, reading.quality)
            append(part, READINGS, "ReadingType").set("ref", TEXTS[field])
            if kind.macro_period == MacroPeriod.SPECIFIED:
                period = append(part, READINGS, "timePeriod")
                append_leaves(period, READINGS, reading.window, INTERVAL)


def _append_quality(part: Draft, quality: Quality) -> None:
    if quality in QUALITIES:
        element = append(part, READINGS, "ReadingQualities")
        append(element, READINGS, "ReadingQualityType").set("ref", QUALITIES[quality])


def _read_reading(element: Element) -> dict[str, object]:
    values = leaves(required(element, READINGS, "Meter"), READINGS, METER)
    worst = Quality.VALID
    stamps, windows = set(), set()
    for part in children(element, READINGS, "Readings"):
        kind = read_type(required(part, READINGS, "ReadingType").get("ref", ""))
        field = FIELDS[kind]
        if field in values:
            raise refusal(Code.INVALID, "MeterReading: more than one Readings of a ReadingType")
        value = leaves(part, READINGS, VALUES[field])
        stamps.add(value.pop("at", None))
        values.update(value)
        worst = max(worst, _quality(part), key=_GRAVITY.index)
        if kind.macro_period == MacroPeriod.SPECIFIED:
            period = required(part, READINGS, "timePeriod")
            windows.add(build(Interval, "timePeriod", leaves(period, READINGS, INTERVAL)))
    if len(windows) > 1:
        raise refusal(Code.INVALID, "MeterReading: its timePeriods differ")
    for window in windows:
        values["window"] = window
        if stamps != {window.end}:
            raise refusal(Code.INVALID, "timeStamp: it must be the end of timePeriod")
    return {**values, "quality": worst}


def _quality(part: Element) -> Quality:
    worst = Quality.VALID
    for qualities in children(part, READINGS, "ReadingQualities"):
        ref = required(qualities, READINGS, "ReadingQualityType").get("ref", "").strip()
        if ref not in _QUALITIES:
            raise refusal(Code.RELATION, f"ReadingQualityType {quoted(ref)} is not known")
        worst = max(worst, _QUALITIES[ref], key=_GRAVITY.index)
    return worst

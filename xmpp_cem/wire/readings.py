"""MeterReadings: one MeterReading for each resource and window, our `quality` beside it."""

from collections import Counter, defaultdict

from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Quality, Reading
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
)
from xmpp_cem.wire.namespaces import READING, READINGS
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TOKEN
from xmpp_cem.wire.xml import Element, append, child, children, required

AVERAGE_POWER = "32.2.0.6.4.1.37.0.0.0.0.0.0.0.0.0.38.0"
"""Average (2) over the period that the message gives (32: timePeriod), no measuring period of its
own (0), a value that rises and falls (6), net (4: forward positive), electricity (1), power (37),
in W (38)."""

IMPORT_REGISTER = "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.0.72.0"
"""Register (1: bulk quantity), forward (1), electricity (1), energy (12), in Wh (72)."""

EXPORT_REGISTER = "0.0.0.1.19.1.12.0.0.0.0.0.0.0.0.0.72.0"
"""The same, reverse (19)."""

TYPES = {
    AVERAGE_POWER: "power_w",
    IMPORT_REGISTER: "import_wh",
    EXPORT_REGISTER: "export_wh",
}
"""`ReadingType@ref` (IEC 61968-9, annex C) to the field that it fills."""

QUALITIES = {Quality.ESTIMATED: "1.8.0", Quality.QUESTIONABLE: "1.10.0"}
"""Quality to `ReadingQualityType@ref`: system end device, category, nothing closer; a valid
reading needs none."""

VALUE: Fields = {"at": ("timeStamp", INSTANT), "value": ("value", INTEGER)}
REST: Fields = {
    "revision": ("revision", INTEGER),
    "expected": ("expected", INTEGER),
    "reporting": ("reporting", INTEGER),
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


def append_readings(payload: Element, body: MeterReadings) -> None:
    """Write the noun, then what its form cannot say of a reading."""
    noun = append(payload, READINGS, "MeterReadings")
    for reading in body.readings:
        _append_reading(noun, reading)
    count = Counter(_key(reading) for reading in body.readings)
    for reading in body.readings:
        rest = (reading.revision, reading.expected, reading.reporting)
        if rest != _DEFAULTS or count[_key(reading)] > 1:
            element = append(payload, READING, "quality")
            set_attributes(element, reading, RESOURCE)
            set_attributes(element, reading.window, INTERVAL)
            set_attributes(element, reading, REST)


def read_readings(payload: Element) -> MeterReadings | None:
    """Return the noun's content, or None without it.

    Raises:
        RemoteProtocolError: 2.10 for an unknown reading type, 2.29 for an unknown quality, 1.8 when
            a quality element belongs to no reading.
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


def _append_reading(noun: Element, reading: Reading) -> None:
    element = append(noun, READINGS, "MeterReading")
    append_leaves(append(element, READINGS, "Meter"), READINGS, reading, METER)
    for ref, field in TYPES.items():
        value = getattr(reading, field)
        if value is None:
            continue
        part = append(element, READINGS, "Readings")
        append(part, READINGS, "timeStamp", INSTANT.write(reading.window.end))
        append(part, READINGS, "value", str(value))
        if reading.quality in QUALITIES:
            quality = append(part, READINGS, "ReadingQualities")
            kind = append(quality, READINGS, "ReadingQualityType")
            kind.set("ref", QUALITIES[reading.quality])
        append(part, READINGS, "ReadingType").set("ref", ref)
        if ref == AVERAGE_POWER:
            period = append(part, READINGS, "timePeriod")
            append_leaves(period, READINGS, reading.window, INTERVAL)


def _read_reading(element: Element) -> dict[str, object]:
    values = leaves(required(element, READINGS, "Meter"), READINGS, METER)
    worst = Quality.VALID
    stamps = set()
    for part in children(element, READINGS, "Readings"):
        field = _field(part)
        if field in values:
            raise refusal(Code.INVALID, "MeterReading: more than one Readings of a ReadingType")
        value = leaves(part, READINGS, VALUE)
        if "value" in value:
            values[field] = value["value"]
        stamps.add(value.get("at"))
        worst = max(worst, _quality(part), key=_GRAVITY.index)
        if field == "power_w":
            period = required(part, READINGS, "timePeriod")
            values["window"] = build(Interval, "timePeriod", leaves(period, READINGS, INTERVAL))
    window = values.get("window")
    if isinstance(window, Interval) and stamps != {window.end}:
        raise refusal(Code.INVALID, "timeStamp: it must be the end of timePeriod")
    return {**values, "quality": worst}


def _field(part: Element) -> str:
    ref = required(part, READINGS, "ReadingType").get("ref", "").strip()
    if ref not in TYPES:
        raise refusal(Code.READING_TYPE, f"ReadingType {quoted(ref)} is not known")
    return TYPES[ref]


def _quality(part: Element) -> Quality:
    worst = Quality.VALID
    for qualities in children(part, READINGS, "ReadingQualities"):
        ref = required(qualities, READINGS, "ReadingQualityType").get("ref", "").strip()
        if ref not in _QUALITIES:
            raise refusal(Code.RELATION, f"ReadingQualityType {quoted(ref)} is not known")
        worst = max(worst, _QUALITIES[ref], key=_GRAVITY.index)
    return worst

"""The schemas say what the code says, and refuse what the code would not write."""

import tomllib
from pathlib import Path

import pytest
from lxml import etree

from tests.schemas import SCHEMAS, XS, flaws
from xmpp_cem.messages.envelope import Level, Result, Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Mode
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.wire import namespaces
from xmpp_cem.wire.controls import CANCEL, CHANGE, CREATE
from xmpp_cem.wire.events import ANSWER, OPTS, STATUS
from xmpp_cem.wire.fields import ORDER
from xmpp_cem.wire.readings import QUALITIES

VECTORS = Path(__file__).parents[2] / "vectors"
FILES = sorted(path for path in SCHEMAS.glob("*.xsd") if path.stem not in {"profile", "types"})
ENUMERATIONS = [
    ("message", "Verb", Verb),
    ("message", "Result", Result),
    ("message", "Level", Level),
    ("enddevicecontrols", "ControlType", {CREATE, CHANGE, CANCEL}),
    ("enddeviceevents", "EventType", {*OPTS.values(), *StatusType}),
    ("enddeviceevents", "DetailName", {n for n, _ in {**ANSWER, **STATUS, **ORDER}.values()}),
    ("meterreadings", "QualityType", {"1.0.0", *QUALITIES.values()}),
    ("event", "Mode", Mode),
    ("types", "EventStatus", EventStatus),
    ("types", "Opt", Opt),
    ("types", "Availability", Availability),
    ("types", "ResourceState", ResourceState),
    ("types", "Uplink", Uplink),
]
EVENT, READINGS = "62746-3-5.5-event-changes-a-share", "61968-9-readings-of-a-battery"
QUERY, CONFIG = "61968-9-query-readings-by-type", "62746-3-5.5-transaction-registration"
DISPATCH, INDEX = "62746-3-figure-5-dispatch-record", "62746-3-5.5-event-index"


def schema(name):
    return etree.parse(SCHEMAS / f"{name}.xsd").getroot()


def written(vector):
    return (VECTORS / vector / "out.xml").read_text()


def test_every_namespace_has_a_schema_of_its_own():
    used = {v for n, v in vars(namespaces).items() if n.isupper() and isinstance(v, str)}
    assert sorted(used) == sorted(schema(path.stem).get("targetNamespace") for path in FILES)


def test_the_profile_names_every_schema():
    named = {
        (part.get("namespace"), part.get("schemaLocation"))
        for part in schema("profile").iter(XS + "import")
    }
    assert named == {(schema(path.stem).get("targetNamespace"), path.name) for path in FILES}


@pytest.mark.parametrize(("name", "kind", "values"), ENUMERATIONS)
def test_an_enumeration_is_that_of_the_code(name, kind, values):
    (found,) = schema(name).findall(f"{XS}simpleType[@name='{kind}']")
    assert {part.get("value") for part in found.iter(XS + "enumeration")} == {
        str(v) for v in values
    }


def test_the_schemas_travel_with_the_package():
    settings = tomllib.loads((SCHEMAS.parents[1] / "pyproject.toml").read_text())
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        SCHEMAS.parent.name
    ]
    assert "*.xsd" not in (SCHEMAS.parents[1] / ".gitignore").read_text()


@pytest.mark.parametrize(
    ("vector", "old", "new"),
    [
        (EVENT, "<Verb>changed</Verb><Noun>EndDeviceControls</Noun>", ""),
        (EVENT, "<Verb>changed</Verb>", "<Verb>updated</Verb>"),
        (EVENT, "T12:00:00Z</Timestamp>", "T12:00:00+01:00</Timestamp>"),
        (EVENT, "<Name>cem.", "<Name>other."),
        (EVENT, 'priority="20"', 'priority="256"'),
        (EVENT, 'direction="decrease"', 'direction="less"'),
        (EVENT, 'multiplier="0.407332000"', 'multiplier="1.000000001"'),
        (EVENT, 'multiplier="0.407332000"', 'multiplier="0.4"'),
        (EVENT, "<share ", '<delta W="1"></delta><share '),
        (EVENT, 'mode="real"', 'mode="real" limit="1"'),
        (EVENT, "urn:xmpp-cem:event:1", "urn:xmpp-cem:event:2"),
        (EVENT, "<drProgramLevel>20</drProgramLevel>", ""),
        (EVENT, "16.15.43.13", "16.15.43.99"),
        (READINGS, "<value>2400</value>", "<value>2.4e3</value>"),
        (READINGS, "<value>2400</value>", ""),
        (READINGS, "0.805", "0.8"),
        (READINGS, ".38.0", ".38"),
        (READINGS, "<Meter><mRID>battery-1</mRID></Meter>", ""),
        (QUERY, "<mRID>pv-1</mRID>", "<mRID>pv 1</mRID>"),
        (QUERY, "<TimeSchedule>", "<UsagePoint></UsagePoint><TimeSchedule>"),
        (QUERY, "GetMeterReadings", "GetReadings"),
        (CONFIG, 'decreaseW="4500"', 'decreaseW="-4500"'),
        (CONFIG, 'state="limited"', 'state="half"'),
        (DISPATCH, 'opt="opted-in"', 'opt="yes"'),
        (DISPATCH, 'targetW="', 'targetW="0.5'),
        (INDEX, 'heartbeatSeconds="60"', 'heartbeatSeconds="301"'),
        (INDEX, 'digest="', 'digest="0'),
    ],
)
def test_what_is_never_written_is_invalid(vector, old, new):
    text = written(vector)
    assert old in text
    assert flaws(text.replace(old, new).encode())


@pytest.mark.parametrize(
    ("vector", "first", "second"),
    [
        (READINGS, "<timeStamp>2026-01-31T12:00:00Z</timeStamp>", "<value>2400</value>"),
        (READINGS, "<start>2026-01-31T11:45:00Z</start>", "<end>2026-01-31T12:00:00Z</end>"),
        (EVENT, "<Verb>changed</Verb>", "<Noun>EndDeviceControls</Noun>"),
    ],
)
def test_the_order_of_children_is_fixed(vector, first, second):
    text = written(vector)
    assert first + second in text
    assert flaws(text.replace(first + second, second + first, 1).encode())


def test_presences_have_an_element_of_their_own():
    assert flaws(b'<vtn xmlns="urn:xmpp-cem:vtn:1" state="active" epoch="1"/>') == []
    assert flaws(b'<vtn xmlns="urn:xmpp-cem:vtn:1" state="leading" epoch="1"/>')
    assert flaws(b'<availability xmlns="urn:xmpp-cem:availability:1" state="available"/>')

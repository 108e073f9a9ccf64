"""OpenLEADR as an independent party: it reads what we write, and we read what it writes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lxml import etree
from openleadr import enums, objects
from openleadr.messaging import create_message, parse_message, validate_xml_schema

from tests.openadr import wrapped
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Change, Event, EventStatus, Mode, Order, Targets
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Delta, Level, Price
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codec import Flow, decode, encode
from xmpp_cem.wire.openadr.answers import answer_id
from xmpp_cem.wire.openadr.names import OADR
from xmpp_cem.wire.openadr.profile import OPENADR_20B

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ID = "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01"
EVENT = "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a02"
ACTIVE = Interval(start=NOW + HOUR, end=NOW + 2 * HOUR)
ENVELOPE = """<{root} xmlns="http://iec.ch/TC57/2011/schema/message"><Header><Verb>{verb}</Verb>
<Noun>{noun}</Noun><Revision>cem-1.0</Revision><Timestamp>2026-01-31T12:00:00Z</Timestamp>
<Source>{source}</Source><MessageID>{id}</MessageID></Header>{reply}<Payload/></{root}>"""


def header(verb, noun, source="ven-7"):
    return Header(verb=verb, noun=noun, message_id=ID, timestamp=NOW, source=source)


def theirs(kind, verb, noun, source="ven-7", reply="", **content):
    """Return our envelope around the element that OpenLEADR makes."""
    root = "ResponseMessage" if reply else "RequestMessage"
    text = ENVELOPE.format(root=root, verb=verb, noun=noun, source=source, id=ID, reply=reply)
    message = etree.fromstring(text)
    made = etree.fromstring(create_message(kind, **content).encode())
    (element,) = made.findall(f"{{{OADR}}}oadrSignedObject/{{{OADR}}}*")
    message[-1].append(element)
    return etree.tostring(message)


def read_by_them(message):
    document = wrapped(encode(message, OPENADR_20B))
    validate_xml_schema(document)
    return parse_message(document)


def an_event(**changes):
    event = Event(
        id=EVENT,
        order=Order(epoch=3, modification=2),
        active=ACTIVE,
        signal=Delta(power_w=-60_000),
        created=NOW,
        answer_by=ACTIVE.start,
        reason="evening peak",
    )
    return event.model_copy(update=changes)


def their_event(**changes):
    signal = objects.EventSignal(
        intervals=[objects.Interval(dtstart=ACTIVE.start, duration=HOUR, signal_payload=-60.5)],
        signal_name="LOAD_DISPATCH",
        signal_type="delta",
        signal_id="dispatch",
        measurement=objects.Measurement(
            name="powerReal",
            description="RealPower",
            unit="W",
            scale="k",
            power_attributes=objects.PowerAttributes(hertz=50, voltage=230, ac=True),
        ),
    )
    descriptor = objects.EventDescriptor(
        event_id=EVENT,
        modification_number=4,
        market_context="http://dso.example/flex",
        event_status="far",
        created_date_time=NOW,
        priority=1,
        test_event=changes.get("test_event", False),
        vtn_comment="evening peak",
    )
    return objects.Event(
        event_descriptor=descriptor,
        active_period=objects.ActivePeriod(dtstart=ACTIVE.start, duration=HOUR),
        event_signals=changes.get("signals", [signal]),
        targets=changes.get("targets", [objects.Target(ven_id="ven-7")]),
        response_required=changes.get("response_required", "always"),
    )


def read_event(event):
    return read_events(event).events[0]


def read_events(*events):
    data = theirs(
        "oadrDistributeEvent",
        "create",
        "EiEvent",
        "vtn",
        events=list(events),
        vtn_id="vtn",
        request_id="1",
    )
    return decode(data, Flow.TRANSACTION, OPENADR_20B).body


def test_they_read_an_event_as_it_is_meant():
    body = EndDeviceControls(events=(an_event(status=EventStatus.NEAR, mode=Mode.COMMS),))
    kind, content = read_by_them(
        RequestMessage(header=header(Verb.CREATE, Noun.CONTROLS, "vtn"), body=body)
    )
    assert kind == "oadrDistributeEvent"
    assert content["vtn_id"] == "vtn"
    (event,) = content["events"]
    descriptor, (signal,) = event["event_descriptor"], event["event_signals"]
    assert descriptor["event_id"] == f"{EVENT}/3"
    assert descriptor["modification_number"] == 2
    assert descriptor["event_status"] == enums.EVENT_STATUS.NEAR
    assert descriptor["test_event"] is True
    assert event["active_period"] == {"dtstart": ACTIVE.start, "duration": HOUR}
    assert (signal["signal_name"], signal["signal_type"]) == ("LOAD_DISPATCH", "delta")
    assert signal["intervals"][0]["signal_payload"] == -60_000
    assert signal["measurement"]["unit"] == "W"


def test_we_read_their_event_with_its_scale():
    """OpenLEADR sets the status by the computer's clock: to that instant the event is over."""
    wanted = an_event(
        order=Order(epoch=0, modification=4),
        status=EventStatus.COMPLETED,
        priority=0,
        signal=Delta(power_w=-60_500),
    )
    assert read_event(their_event()) == wanted


def test_their_test_event_moves_no_power():
    assert read_event(their_event(test_event=True)).mode is Mode.COMMS


def test_their_event_that_wants_no_answer_is_read():
    assert read_event(their_event(response_required="never")).wants_answer is False


def test_what_we_could_not_obey_is_refused_and_the_rest_is_read():
    strange = their_event(signals=[their_signal("LOAD_DISPATCH", "multiplier", 0.5)])
    body = read_events(strange, their_event())
    assert [event.signal for event in body.events] == [Delta(power_w=-60_500)]
    (unread,) = body.unread
    assert (unread.event, unread.order) == (EVENT, Order(epoch=0, modification=4))
    assert (unread.code, unread.wants_answer) == ("2.29", True)


def test_we_read_for_which_resources_their_event_is_meant():
    event = read_event(their_event(targets=[objects.Target(resource_id="pump")]))
    assert event.targets == Targets(resources=("pump",))


def their_signal(name, kind, *values, **unit):
    """A signal whose values hold for equal parts of the hour."""
    length = HOUR / len(values)
    return objects.EventSignal(
        intervals=[
            objects.Interval(dtstart=ACTIVE.start + i * length, duration=length, signal_payload=v)
            for i, v in enumerate(values)
        ],
        signal_name=name,
        signal_type=kind,
        signal_id="1",
        **unit,
    )


def test_we_read_their_prices_one_after_the_other():
    signal = their_signal("ELECTRICITY_PRICE", "price", 0.25, 0.5, measurement=euros())
    event = read_event(their_event(signals=[signal]))
    assert event.signal == Price(per_kwh=Decimal("0.25"), currency="EUR")
    (change,) = event.changes
    assert (change.start, change.signal.per_kwh) == (ACTIVE.start + HOUR / 2, Decimal("0.5"))


def euros():
    return objects.Measurement(
        name="currencyPerKWh", description="currencyPerKWh", unit="EUR", scale="none"
    )


def test_we_read_their_level_where_it_stands_alone():
    event = read_event(their_event(signals=[their_signal("SIMPLE", "level", 2)]))
    assert event.signal == Level(level=2)


def test_they_read_our_price():
    changes = (Change(start=ACTIVE.start + HOUR / 4, signal=price("0.5")),)
    body = EndDeviceControls(events=(an_event(signal=price("0.25"), changes=changes),))
    _, content = read_by_them(
        RequestMessage(header=header(Verb.CREATE, Noun.CONTROLS, "vtn"), body=body)
    )
    (signal,) = content["events"][0]["event_signals"]
    assert (signal["signal_name"], signal["signal_type"]) == ("ELECTRICITY_PRICE", "price")
    assert [(i["duration"], i["signal_payload"]) for i in signal["intervals"]] == [
        (HOUR / 4, 0.25),
        (3 * HOUR / 4, 0.5),
    ]
    assert signal["measurement"]["unit"] == "EUR"


def price(per_kwh):
    return Price(per_kwh=Decimal(per_kwh), currency="EUR")


def test_they_read_our_answer():
    answer = Answer(
        id=answer_id(EVENT, "ven-7"),
        event=EVENT,
        order=Order(epoch=3, modification=2),
        opt=Opt.OUT,
        power_w=0,
        revision=7,
        sequence=1,
        at=NOW,
        reason="car needed",
    )
    kind, content = read_by_them(
        RequestMessage(
            header=header(Verb.CREATE, Noun.EVENTS), body=EndDeviceEvents(answers=(answer,))
        )
    )
    assert kind == "oadrCreatedEvent"
    (response,) = content["event_responses"]
    assert (response["event_id"], response["modification_number"]) == (f"{EVENT}/3", 2)
    assert response["opt_type"] == "optOut"
    assert "car needed" in response["response_description"]
    assert content["ven_id"] == "ven-7"


def test_we_read_their_answer_and_count_no_watts_they_did_not_state():
    response = {
        "response_code": 200,
        "response_description": "OK",
        "request_id": "1",
        "event_id": f"{EVENT}/3",
        "modification_number": 2,
        "opt_type": "optIn",
    }
    data = theirs(
        "oadrCreatedEvent",
        "create",
        "EiEvent",
        response=objects.Response(200, "OK", "1"),
        event_responses=[response],
        ven_id="ven-7",
    )
    (answer,) = decode(data, Flow.TRANSACTION, OPENADR_20B).body.answers
    assert (answer.opt, answer.power_w, answer.reason) == (Opt.IN, 0, "OK")
    assert answer.order == Order(epoch=3, modification=2)
    assert answer.id == answer_id(EVENT, "ven-7")


def test_they_read_our_override():
    status = Status(id=ID, type=StatusType.OVERRIDDEN, at=NOW)
    kind, content = read_by_them(
        RequestMessage(
            header=header(Verb.CREATE, Noun.EVENTS), body=EndDeviceEvents(statuses=(status,))
        )
    )
    assert kind == "oadrCreateOpt"
    assert (content["opt_id"], content["opt_type"]) == (ID, "optOut")
    assert content["opt_reason"] == "overrideStatus"


def test_we_read_their_opt_out_with_its_reason():
    data = theirs(
        "oadrCreateOpt",
        "create",
        "EiOpt",
        opt_id=ID,
        opt_type="optOut",
        opt_reason="mustRun",
        ven_id="ven-7",
        created_date_time=NOW,
        request_id="1",
    )
    (status,) = decode(data, Flow.TRANSACTION, OPENADR_20B).body.statuses
    assert status == Status(id=ID, type=StatusType.OVERRIDDEN, at=NOW, reason="mustRun")


def test_they_read_our_readings():
    reading = Reading(resource="pv-1", window=ACTIVE, power_w=-1500, export_wh=1_000_001)
    kind, content = read_by_them(
        RequestMessage(
            header=header(Verb.CREATE, Noun.READINGS), body=MeterReadings(readings=(reading,))
        )
    )
    assert kind == "oadrUpdateReport"
    (report,) = content["reports"]
    assert report["report_name"] == "TELEMETRY_USAGE"
    assert {one["dtstart"] for one in report["intervals"]} == {ACTIVE.start}
    points = [one["report_payload"] for one in report["intervals"]]
    values = {point["r_id"]: point["value"] for point in points}
    assert values == {"pv-1/power_w": -1500, "pv-1/export_wh": 1_000_001}


def test_we_read_their_report_point_by_point():
    intervals = [
        objects.ReportInterval(
            dtstart=ACTIVE.start,
            duration=HOUR,
            report_payload=objects.ReportPayload(r_id=f"pv-1/{field}", value=value),
        )
        for field, value in (("power_w", -1500.4), ("import_wh", 7.0))
    ]
    report = objects.Report(
        report_specifier_id="any",
        report_name="TELEMETRY_USAGE",
        report_request_id="0",
        intervals=intervals,
        created_date_time=NOW,
    )
    data = theirs("oadrUpdateReport", "create", "EiReport", reports=[report], request_id="1")
    (reading,) = decode(data, Flow.TRANSACTION, OPENADR_20B).body.readings
    assert reading == Reading(resource="pv-1", window=ACTIVE, power_w=-1500, import_wh=7)


def test_they_read_our_capability_as_metadata():
    resource = Resource(id="pv-1", kind="pv", power_w=-1500, increase_w=1500, stored_wh=0)
    capability = Capability(revision=7, at=NOW, resources=(resource,))
    kind, content = read_by_them(
        RequestMessage(
            header=header(Verb.CREATE, Noun.CONFIG),
            body=EndDeviceConfig(party="ven-7", capability=capability),
        )
    )
    assert kind == "oadrRegisterReport"
    (report,) = content["reports"]
    assert report["report_name"] == "METADATA_TELEMETRY_STATUS"
    types = {one["r_id"]: one["report_type"] for one in report["report_descriptions"]}
    assert types["pv-1/increase_w"] == "downRegulationCapacityAvailable"
    assert types["pv-1/state"] == "x-resourceStatus"


def test_we_read_their_metadata_as_resources_without_flexibility():
    description = objects.ReportDescription(
        r_id="point",
        market_context="http://dso.example/flex",
        reading_type="Direct Read",
        report_subject=objects.Target(end_device_asset=objects.EndDeviceAsset("battery")),
        report_data_source=objects.Target(resource_id="bat-1"),
        report_type="usage",
        sampling_rate=objects.SamplingRate(HOUR, HOUR, on_change=False),
    )
    report = objects.Report(
        report_specifier_id="any",
        report_name="TELEMETRY_USAGE",
        report_descriptions=[description],
        created_date_time=NOW,
    )
    data = theirs(
        "oadrRegisterReport", "create", "EiReport", reports=[report], ven_id="ven-7", request_id="1"
    )
    body = decode(data, Flow.TRANSACTION, OPENADR_20B).body
    resources = (Resource(id="bat-1", kind="battery"),)
    revision = int(NOW.timestamp())
    told = Capability(revision=revision, at=NOW, resources=resources)
    assert body == EndDeviceConfig(party="ven-7", capability=told)


def test_we_read_their_registration():
    data = theirs(
        "oadrCreatePartyRegistration",
        "create",
        "EiRegisterParty",
        request_id="1",
        ven_id="ven-7",
        profile_name="2.0b",
        transport_name="xmpp",
        transport_address="ven-7@dso.example/ven",
        report_only=False,
        xml_signature=False,
        ven_name="ven-7",
        http_pull_model=False,
    )
    assert decode(data, Flow.TRANSACTION, OPENADR_20B).body == EndDeviceConfig(party="ven-7")


def test_they_read_our_refusal():
    reply = ResponseMessage(
        header=header(Verb.REPLY, Noun.CONTROLS),
        result=Result.FAILED,
        errors=({"code": "2.29", "reason": "no such signal"},),
    )
    kind, content = read_by_them(reply)
    assert kind == "oadrResponse"
    assert content["response"]["response_code"] == 460
    assert content["response"]["response_description"] == "no such signal"


def test_we_read_their_refusal_in_our_codes():
    data = theirs(
        "oadrResponse",
        "reply",
        "EiEvent",
        reply="<Reply><Result>FAILED</Result></Reply>",
        response=objects.Response(452, "no such event", "1"),
        ven_id="ven-7",
    )
    message = decode(data, Flow.REPLY, OPENADR_20B)
    assert message.header.noun is Noun.CONTROLS
    assert [(error.code, error.reason) for error in message.errors] == [("2.15", "no such event")]


def test_we_read_their_question_for_events():
    data = theirs("oadrRequestEvent", "get", "EiEvent", request_id="1", ven_id="ven-7")
    message = decode(data, Flow.QUERY, OPENADR_20B)
    assert (message.header.noun, message.body) == (Noun.CONTROLS, None)

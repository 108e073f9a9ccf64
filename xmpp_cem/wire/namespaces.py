"""The XML namespaces of the wire format; ours end in their own version."""

MESSAGE = "http://iec.ch/TC57/2011/schema/message"
"""Envelope of IEC 61968-100."""

OLDER_MESSAGES = frozenset(
    {
        "http://www.iec.ch/TC57/2008/schema/message",
        "http://www.iec.ch/TC57/2011/schema/message",
        "http://iec.ch/TC57/2016/schema/message",
    }
)
"""The envelope in other editions: understood, never written."""

CONTROLS = "http://iec.ch/TC57/2011/EndDeviceControls#"
EVENTS = "http://iec.ch/TC57/2011/EndDeviceEvents#"
READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
GET_READINGS = "http://iec.ch/TC57/2011/GetMeterReadings#"
CONFIG = "http://iec.ch/TC57/2011/EndDeviceConfig#"

EVENT = "urn:xmpp-cem:event:1"
"""What an event says beyond the IEC noun, and the index of events."""

READING = "urn:xmpp-cem:reading:1"
CAPABILITY = "urn:xmpp-cem:capability:1"
PROGRAMME = "urn:xmpp-cem:programme:1"
ENROLMENT = "urn:xmpp-cem:enrolment:1"
SCHEDULE = "urn:xmpp-cem:schedule:1"
ADMISSION = "urn:xmpp-cem:admission:1"
CARD = "urn:xmpp-cem:card:1"
OPERATIONS = "urn:xmpp-cem:operations:1"
AVAILABILITY = "urn:xmpp-cem:availability:1"
VTN = "urn:xmpp-cem:vtn:1"

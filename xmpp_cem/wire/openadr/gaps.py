"""What of OpenADR 2.0b is not read here: the one table, which the reference repeats."""

from xmpp_cem.wire.profile import Gap

_SIGNALS = (
    "an event without one of the signals LOAD_DISPATCH delta or setpoint, ELECTRICITY_PRICE or "
    "ENERGY_PRICE price, CHARGE_STATE setpoint, SIMPLE level"
)
_EVENT = "{} for that event"

GAPS = tuple(
    Gap(*row)
    for row in (
        (
            "oadrPoll",
            "2.5",
            "nothing is pulled: what is to be told comes by itself",
            "62746-10-1-poll",
        ),
        (
            "oadrPayload, oadrSignedObject and a signature in them",
            "1.8",
            "send the element of the service alone",
            "62746-10-1-signed-object",
        ),
        (
            "oadrTransportName other than xmpp",
            "1.8",
            "register with xmpp",
            "62746-10-1-registration-by-http",
        ),
        (
            "oadrProfileName other than 2.0b",
            "1.9",
            "register with 2.0b",
            "62746-10-1-registration-of-2.0a",
        ),
        (
            _SIGNALS,
            _EVENT.format("2.29"),
            "ask by one of them",
            "62746-10-1-unknown-signal",
        ),
        (
            "an event with several of these signals, SIMPLE beside another left aside",
            _EVENT.format("2.29"),
            "send an event for each",
            "62746-10-1-several-signals",
        ),
        (
            "a signal in another unit than W, J/s, Wh or a currency per kWh",
            _EVENT.format("2.29"),
            "use one of these, with any siScaleCode",
            "62746-10-1-signal-price-per-kw",
        ),
        (
            "an event without an end, of duration 0",
            _EVENT.format("1.8"),
            "let it end, and prolong it by its next modification",
            "62746-10-1-event-without-an-end",
        ),
        (
            "an event whose eventStatus is none",
            _EVENT.format("1.8"),
            "leave it out",
            "62746-10-1-event-that-is-none",
        ),
        (
            "eiTarget with a part of a party that is no resourceID",
            _EVENT.format("2.13"),
            "name resources",
            "62746-10-1-target-within-a-party",
        ),
        (
            "a report other than TELEMETRY_USAGE and HISTORY_USAGE",
            "2.10",
            "report usage",
            "62746-10-1-update-report-green-button",
        ),
        (
            "a data point whose rID is not resource and quantity, as pv/power_w",
            "2.10",
            "name data points so; the quantities are the fields of [Reading](models.md#reading)",
            "62746-10-1-update-report-unknown-point",
        ),
        (
            "a reading without a duration",
            "1.7",
            "readings are of windows",
            "62746-10-1-update-report-of-an-instant",
        ),
        (
            "oadrCreateReport that repeats, or with several requests",
            "2.10",
            "readings come by themselves, as the registration told; ask once for past ones",
            "62746-10-1-create-report-again-and-again",
        ),
        (
            "oadrCreateReport for other data points of one resource than of another",
            "2.10",
            "send a request for each",
            "62746-10-1-create-report-unequal-points",
        ),
        (
            "oadrUpdatedReport that holds an oadrCancelReport",
            "2.29",
            "send that by itself",
            "62746-10-1-updated-report-that-cancels",
        ),
        (
            "oadrCreateOpt with both times and an event",
            "2.29",
            "answer the event, or name times for all events",
            "62746-10-1-opt-schedule-of-an-event",
        ),
        (
            "oadrCreateOpt for a marketContext that is no programme of the domain",
            "2.29",
            "leave it out, or name a programme",
            "62746-10-1-opt-schedule-of-another-market",
        ),
        (
            "oadrCreateOpt for an oadrDeviceClass",
            "2.13",
            "name resources",
            "62746-10-1-opt-schedule-of-a-device-class",
        ),
        (
            "an instant without Z, a duration in months or years",
            "1.8",
            "instants are in UTC, durations in days or shorter",
            "62746-10-1-event-in-local-time",
        ),
        (
            "eiEventBaseline, currentValue, modificationDateTime, x-eiNotification",
            "",
            "a VEN reckons with its own baseline",
            "62746-10-1-event-with-a-baseline",
        ),
        (
            "signals beside the one that is read",
            "",
            "they say the same in rough, or what is not followed here",
            "62746-10-1-signals-beside",
        ),
        (
            "oadrReportOnly, oadrXmlSignature, oadrHttpPullModel, oadrTransportAddress",
            "",
            "the flexibility that is registered counts, and the address of the connection",
            "62746-10-1-registration-of-others",
        ),
        (
            "units, types and sampling rates of oadrReportDescription",
            "",
            "resources are read, and the values of data points of ours",
            "62746-10-1-register-report-of-others",
        ),
    )
)

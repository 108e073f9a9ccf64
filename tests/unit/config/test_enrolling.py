from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from xmpp_cem.agents.settings import gateway_settings, site_settings, vtn_settings
from xmpp_cem.config.loading import load
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.programme import Day, LossRule, OverrideRule

Fault = Callable[..., str]
Write = Callable[..., Path]

PEAK = """
[[lower.programmes]]
id = "peak"
start = 2026-11-01T00:00:00Z
end = 2027-03-31T00:00:00Z
zone = "Europe/Berlin"
notice = "PT2H"
longest = "PT1H"
gap = "PT3H"
calls_per_day = 2
time_per_season = "PT20H"
override = "counted"
silence = "yes"
on_loss = "release"
loss_after = "PT2M"
[[lower.programmes.windows]]
days = ["MO", "TU"]
start = "17:00"
end = "20:00"
[[lower.enrolments]]
party = "site-1"
programme = "peak"
resources = ["battery", "pump"]
consent = "given"
since = 2026-10-01T00:00:00Z
"""
SECOND = """[[lower.programmes]]
id = "peak"
start = 2026-11-01T00:00:00Z
end = 2027-03-31T00:00:00Z
[[lower.programmes]]"""
MINE = """
[[enrolments]]
programme = "peak"
consent = "withdrawn"
version = 3
since = 2026-12-01T00:00:00Z
"""
AWAY = """
[[opt_schedules]]
name = "weekend"
answer = "no"
zone = "Europe/Berlin"
start = 2026-01-03T08:00:00
length = "PT12H"
rule = "FREQ=WEEKLY;BYDAY=SA,SU"
reason = "at home"
"""


def below(text: str) -> tuple[str, str]:
    """Put sections behind the members."""
    last = 'account = "site-2@xmpp.localhost"\n'
    return last, last + text


def test_a_vtn_has_programmes_and_who_is_enrolled(write: Write):
    config = load(write("vtn", below(PEAK)))
    settings = vtn_settings("agg-1", config.lower)
    peak = settings.programmes["peak"]
    assert (peak.notice_s, peak.longest_s, peak.gap_s) == (7200, 3600, 10_800)
    assert (peak.calls_per_day, peak.calls_per_season) == (2, None)
    assert (peak.seconds_per_day, peak.seconds_per_season) == (None, 72_000)
    assert (peak.override, peak.silence) == (OverrideRule.COUNTED, Opt.IN)
    assert (peak.on_loss, peak.loss_after_s) == (LossRule.RELEASE, 120)
    (window,) = peak.windows
    assert (window.days, window.start) == ((Day.MONDAY, Day.TUESDAY), time(17))
    first, second = settings.enrolments
    assert (first.party, first.resource, second.resource) == ("site-1", "battery", "pump")
    assert first.consent.is_given
    assert first.consent.version == 1


def test_a_site_says_its_customers_word_for_all_its_resources(write: Write):
    (battery, pump) = site_settings(
        load(write("ven", ("[control]", f"{MINE}[control]")))
    ).ven.enrolments
    assert (battery.resource, pump.resource) == ("battery", "pump")
    assert (battery.consent.is_given, battery.consent.version) == (False, 3)
    assert battery.consent.at == datetime(2026, 12, 1, tzinfo=UTC)


def test_opt_schedules_keep_their_id_while_their_name_stands(write: Write):
    made = [
        site_settings(load(write("ven", ("[control]", f"{text}[control]")))).ven.schedules[0]
        for text in (AWAY, AWAY.replace("PT12H", "PT10H"))
    ]
    assert made[0].id == made[1].id
    assert (made[0].opt, made[0].duration_s) == (Opt.OUT, 43_200)
    assert made[0].rule == "FREQ=WEEKLY;BYDAY=SA,SU"


def test_a_gateway_is_enrolled_as_one_resource_and_maps_programmes(write: Write):
    homes = PEAK.replace('"peak"', '"homes"')
    cascade = ("[cascade]\n", f'{MINE}[cascade]\nprogrammes = {{ peak = "homes" }}\n')
    settings = gateway_settings(load(write("gateway", below(homes), cascade)))
    (enrolment,) = settings.upper.enrolments
    assert enrolment.resource == "agg-1"
    assert settings.programme_below("peak", settings.lower) == "homes"
    assert settings.programme_below("homes", settings.lower) == "homes"
    assert settings.programme_below("night", settings.lower) is None
    assert settings.programme_below(None, settings.lower) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"site-1"\nprogramme', '"site-9"\nprogramme', "site-9 is enrolled and no member; add it"),
        ('"peak"\nresources', '"night"\nresources', "there is no programme night; add it"),
        ("since = 2026-10-01T00:00:00Z", "", "consent and since belong together"),
        ("2027-03-31", "2026-03-31", "the end of an interval must be later than its start"),
        ("Europe/Berlin", "Europe/Bonn", "is no zone of the IANA database"),
        ("[[lower.programmes]]", SECOND, "programme peak is there twice"),
    ],
)
def test_what_is_wrong_with_a_programme_is_said(fault: Fault, old: str, new: str, said: str):
    assert old in PEAK
    assert said in fault("vtn", below(PEAK.replace(old, new, 1)))


def test_a_profile_that_cannot_tell_programmes_has_none(fault: Fault):
    said = fault("vtn", below(PEAK), ('uplink = "auto"', 'profile = "openadr-2.0b"'))
    assert "openadr-2.0b cannot tell VENs of programmes" in said


def test_a_gateway_maps_only_to_programmes_that_it_has(fault: Fault):
    cascade = ("[cascade]\n", '[cascade]\nprogrammes = { peak = "homes" }\n')
    assert "cascade.programmes names homes, which lower has not" in fault("gateway", cascade)


def test_an_enrolment_means_some_resource(fault: Fault, write: Write):
    text = write("ven", ("[control]", f"{MINE}[control]")).read_text()
    resources = text[text.index("[[resources]]") :]
    assert "an enrolment names no resources" in fault(
        "ven", ("[control]", f"{MINE}[control]"), (resources, "")
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=HOURLY", "a rule of RFC 5545 is needed"),
        (
            "2026-01-03T08:00:00",
            "2026-01-03T08:00:00Z",
            "a local time has whole seconds and no zone",
        ),
        ("2026-01-03T08", "1926-01-03T08", "starts within the years 2000 to 2199"),
        ('name = "weekend"', 'name = ""', "name"),
    ],
)
def test_what_is_wrong_with_an_opt_schedule_is_said(fault: Fault, old: str, new: str, said: str):
    assert said in fault("ven", ("[control]", f"{AWAY.replace(old, new)}[control]"))

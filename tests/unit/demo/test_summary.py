from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.demo.plan import Plan
from xmpp_cem.demo.story import Outcome
from xmpp_cem.demo.summary import summarise
from xmpp_cem.demo.tally import Tally
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
STEP = timedelta(seconds=5)
EVENT = derived_id("event")
ACTIVE = Interval(start=NOW + 4 * STEP, end=NOW + 8 * STEP)
OUTCOME = Outcome(
    target_w=-60_000,
    active=ACTIVE,
    override_seen_s=0.1,
    kill_seen_s=0.1,
    failsafe_w=4900,
    failsafe_seen_s=25.04,
    failsafe_left_s=3,
)


def share(party, opt=Opt.IN, availability=Availability.AVAILABLE):
    return MemberShare(party=party, availability=availability, asked_w=-10_000, opt=opt)


def tally_of(delivered_w):
    """Everything went well in both domains, and each delivered half."""
    tally = Tally(since=NOW)
    shares = {
        "north": (share("school"), share("bakery", Opt.OUT, Availability.OPTED_OUT)),
        "south": (share("farm"), share("hotel", Opt.IN, Availability.UNREACHABLE)),
    }
    for domain, parts in shares.items():
        tally.records[domain, EVENT] = DispatchRecord(
            domain=domain,
            event=EVENT,
            order=Order(epoch=1, modification=0),
            status=EventStatus.COMPLETED,
            active=ACTIVE,
            target_w=-30_000,
            promised_w=-30_000,
            redivisions=1,
            shares=parts,
        )
        for n in range(8):
            window = Interval(start=NOW + n * STEP, end=NOW + (n + 1) * STEP)
            power_w = 50_000 + (delivered_w // 2 if n >= 4 else 0)
            made = Reading(resource=domain, window=window, power_w=power_w)
            tally.readings[domain, domain][window].append(made)
    return tally


def summary_of(tally, outcome=OUTCOME):
    return summarise(Plan(), outcome, tally, "prosody", 30.04)


def test_a_demonstration_that_went_well_has_all_figures_and_no_complaint():
    summary = summary_of(tally_of(-58_000))
    assert summary.reasons == []
    assert summary.figures == {
        "server": "prosody",
        "levels": 3,
        "vens": 8,
        "target_w": -60_000,
        "delivered_w_mean": -58_000,
        "delivered_wh": -322,
        "opt_in": 2,
        "opt_out": 1,
        "unreachable": 1,
        "redivisions": 2,
        "lost": 0,
        "duplicated": 0,
        "override_seen_s": 0.1,
        "kill_seen_s": 0.1,
        "division_reasons": [],
        "failsafe_w": 4900,
        "failsafe_seen_s": 25.04,
        "failsafe_left_s": 3,
        "seconds": 30.0,
    }


@pytest.mark.parametrize("delivered_w", [-40_000, 0, 60_000, -80_000])
def test_too_little_too_much_and_the_wrong_way_fail(delivered_w):
    assert not summary_of(tally_of(delivered_w)).is_good


@pytest.mark.parametrize("seconds", [None, 31.0])
@pytest.mark.parametrize("name", ["override_seen_s", "kill_seen_s"])
def test_a_disturbance_that_presence_does_not_show_in_seconds_fails(name, seconds):
    outcome = replace(OUTCOME, **{name: seconds})
    assert not summary_of(tally_of(-60_000), outcome).is_good


@pytest.mark.parametrize("name", ["failsafe_seen_s", "failsafe_left_s"])
def test_a_failsafe_that_is_not_held_or_not_left_fails(name):
    assert not summary_of(tally_of(-60_000), replace(OUTCOME, **{name: None})).is_good


def test_an_event_that_has_not_ended_everywhere_fails():
    tally = tally_of(-60_000)
    record = tally.records["north", EVENT]
    tally.records["north", EVENT] = record.model_copy(update={"status": EventStatus.ACTIVE})
    assert not summary_of(tally).is_good


def test_a_target_that_was_not_divided_anew_fails():
    tally = tally_of(-60_000)
    record = tally.records["north", EVENT]
    tally.records["north", EVENT] = record.model_copy(update={"redivisions": 0})
    assert not summary_of(tally).is_good


def test_a_lost_reading_and_a_repeated_one_fail():
    tally = tally_of(-60_000)
    windows = tally.readings["north", "north"]
    first, second = list(windows)[:2]
    windows[first] *= 2
    del windows[second]
    summary = summary_of(tally)
    assert summary.figures["lost"] == 1
    assert summary.figures["duplicated"] == 1
    assert len(summary.reasons) == 2

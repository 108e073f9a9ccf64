import dataclasses

import pytest

from tests.unit.core.test_site import BOTH, House
from xmpp_cem.core.inputs import Measured
from xmpp_cem.core.ven.site.site import Site, SiteSettings
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.model.reading import Correction, Quality
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at


class Reporter(House):
    """A site whose dead band is 500 W."""

    def __init__(self, **changes):
        super().__init__()
        own = self.site.ven.settings
        settings = dataclasses.replace(own, **{"report_change_w": 500} | changes)
        self.site = Site(SiteSettings(settings))

    def read(self, power_w, seconds, **more):
        """Read the first device, whose power is told; returns the readings that are reported."""
        before = len(self.sent)
        first = BOTH[0].model_copy(update={"power_w": power_w, **more})
        self.tell(Measured((first, BOTH[1])), seconds)
        sent = (m for m in self.sent[before:] if m.header.noun is Noun.READINGS)
        return [reading for message in sent for reading in message.body.readings]


@pytest.fixture
def site():
    made = Reporter()
    made.begin()
    made.read(4000, -5)
    made.read(4000, 0)
    return made


def window(start, end):
    return Interval(start=at(start), end=at(end))


def test_a_change_is_told_at_once_with_all_resources_as_an_estimate_of_the_open_window(site):
    assert site.read(4499, 2) == []
    told = site.read(3400, 3)
    assert [(r.resource, r.instant_w, r.window) for r in told] == [
        ("r1", 3400, window(0, 10)),
        ("r2", 2000, window(0, 10)),
    ]
    assert {r.quality for r in told} == {Quality.ESTIMATED}


def test_what_was_told_once_is_told_no_more_until_it_changes_again(site):
    assert site.read(3000, 2)
    assert site.read(3000, 5) == []
    assert site.read(3600, 7)


def test_the_schedule_goes_on_beside_it(site):
    site.read(3000, 2)
    told = site.read(3000, 10)
    assert [(r.window, r.quality, r.revision) for r in told] == [
        (window(0, 10), Quality.VALID, 0)
    ] * 2
    assert [r.instant_w for r in told] == [3000, 2000]


def test_without_a_dead_band_the_schedule_alone_reports():
    site = Reporter(report_change_w=None)
    site.begin()
    site.read(4000, 0)
    assert site.read(0, 5) == []
    assert {r.instant_w for r in site.read(0, 10)} == {None}


def test_a_correction_of_what_was_reported_is_told_once_as_a_revision(site):
    site.read(4000, 10)
    truth = Correction(window=window(0, 10), power_w=3900)
    told = site.read(4000, 11, corrections=(truth,))
    assert [(r.resource, r.power_w, r.revision) for r in told] == [
        ("r1", 3900, 1),
        ("r2", 2000, 1),
    ]
    assert site.read(4000, 12, corrections=(truth,)) == []


def test_a_correction_of_the_open_window_waits_for_its_report(site):
    truth = Correction(window=window(0, 10), power_w=3900)
    assert site.read(4000, 5, corrections=(truth,)) == []
    told = site.read(4000, 10)
    assert [(r.power_w, r.revision) for r in told if r.resource == "r1"] == [(4000, 0), (3900, 1)]


def test_a_profile_that_knows_no_revisions_is_told_none():
    site = Reporter(tells_rules=False)
    site.begin()
    for seconds in (0, 10):
        site.read(4000, seconds)
    truth = Correction(window=window(0, 10), power_w=3900)
    assert site.read(4000, 11, corrections=(truth,)) == []

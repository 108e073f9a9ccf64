"""Sums that were told above before a restart are corrected by what comes late after it."""

import pytest

from tests.unit.core.gateway import Cascade, answered, measured
from xmpp_cem.core.effects import Forget, Query, Remember
from xmpp_cem.core.inputs import Link, LinkChanged, NodesVerified, Started, TimerFired
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, of_kind


class Keeping(Cascade):
    """A gateway that keeps its records, so that another one can begin from them."""

    def __init__(self, *records):
        super().__init__()
        self.kept = {}
        for record in records:
            self.gateway.restore(record)
            self.kept[record.kind, record.place] = record

    def tell(self, what, seconds=0.0):
        effects = super().tell(what, seconds)
        for effect in effects:
            if isinstance(effect, Remember):
                self.kept[effect.record.kind, effect.record.place] = effect.record
            if isinstance(effect, Forget):
                self.kept.pop((effect.record.kind, effect.record.place), None)
        return effects

    def again(self, seconds, *members):
        """Return the gateway after a restart, with its connections and these members."""
        after = Keeping(*(self.kept[key] for key in sorted(self.kept)))
        after.tell(Started(), seconds)
        after.tell(LinkChanged(Link.LOWER, is_up=True), seconds)
        after.tell(NodesVerified(Link.LOWER, ()), seconds)
        for member in members:
            after.presence(member, seconds=seconds + 0.5)
        after.tell(LinkChanged(Link.UPPER, is_up=True), seconds + 1)
        return after


def heard(cascade, member, sequence, number, seconds):
    """Let a member report a window, and answer when it is asked what else there is."""
    measured(cascade, member, sequence, number, seconds=seconds)
    asked = cascade.tell(TimerFired(f"vtn/ask/{member}"), seconds + 2)
    if of_kind(asked, Query):
        answered(cascade, asked, member, sequence, seconds=seconds + 2)


def sums(cascade, seconds):
    """Return the sums told above since the last look, with their revisions."""
    cascade.sent.clear()
    cascade.tell(TimerFired("cascade/tick"), seconds)
    bodies = [m.body for m in cascade.sent if m.header.noun is Noun.READINGS]
    return [(r.power_w, r.reporting, r.revision) for body in bodies for r in body.readings]


@pytest.fixture
def before():
    made = Keeping()
    made.up()
    heard(made, "a", 1, 0, 10)
    assert sums(made, 60) == [(1000, 1, 0)]
    return made


def test_a_late_reading_after_a_restart_corrects_what_was_told_before_it(before):
    after = before.again(70, "a", "b")
    assert sums(after, 110) == []
    heard(after, "b", 1, 0, 111)
    assert sums(after, 160) == [(2000, 2, 1)]
    assert sums(after, 200) == []


def test_what_was_told_is_not_told_again_and_a_repeat_counts_once(before):
    heard(before, "b", 1, 0, 61)
    assert sums(before, 100) == [(2000, 2, 1)]
    after = before.again(110, "a", "b")
    heard(after, "a", 1, 0, 120)
    heard(after, "b", 1, 0, 121)
    assert sums(after, 200) == []


def test_a_correction_that_was_heard_but_not_told_before_the_restart_is_told_after_it(before):
    heard(before, "b", 1, 0, 61)
    after = before.again(62, "a", "b")
    assert sums(after, 110) == [(2000, 2, 1)]


def test_what_had_not_been_told_before_the_restart_is_told_with_all_that_was_heard(before):
    heard(before, "a", 2, 1, 62)
    after = before.again(63, "a", "b")
    heard(after, "b", 2, 1, 64)
    assert sums(after, 110) == [(2000, 2, 0)]


def test_after_a_restart_nothing_is_told_before_it_is_known_who_is_there(before):
    heard(before, "b", 1, 0, 61)
    after = before.again(62)
    assert sums(after, 62.5) == []


def test_a_lost_member_counts_after_a_restart_as_it_was_last_heard(before):
    heard(before, "b", 1, 0, 61)
    after = before.again(62, "a")
    after.presence("b", Availability.UNREACHABLE, 63)
    heard(after, "a", 2, 1, 64)
    assert sums(after, 110) == [(2000, 2, 1), (2000, 1, 0)]


def test_a_window_of_which_less_is_kept_than_was_told_stays_as_it_was(before):
    before.kept = {key: record for key, record in before.kept.items() if key[0] != "block"}
    after = before.again(70, "a", "b")
    heard(after, "b", 1, 0, 111)
    assert sums(after, 160) == []


def test_a_window_that_a_wrong_clock_told_ahead_silences_nobody_after_a_restart(before):
    """Stores from before such readings were refused hold them."""
    (told,) = [r for (kind, _), r in before.kept.items() if kind == "report"]
    window = Interval(start=at(3600), end=at(3610))
    ahead = told.readings[0].model_copy(update={"window": window})
    last = told.model_copy(update={"readings": (*told.readings, ahead)})
    before.kept["report", told.place] = last
    after = before.again(70, "a", "b")
    heard(after, "a", 2, 7, 81)
    assert (1000, 1, 0) in sums(after, 160)


def test_readings_of_windows_to_come_are_told_to_people_and_count_nowhere(before):
    measured(before, "b", 1, 360, seconds=61)
    assert before.gateway.vtn.metering.held("b") == []
    measured(before, "b", 2, 6, seconds=71)
    (known,) = before.gateway.vtn.metering.held("b")
    assert known.interval.start == at(60)

from datetime import UTC, datetime, timedelta

from xmpp_cem.agents.watching import Sight
from xmpp_cem.demo.tally import Tally
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
STEP = timedelta(seconds=5)
EVENT = derived_id("event")
ACTIVE = Interval(start=NOW + 4 * STEP, end=NOW + 8 * STEP)


def sight(body, source="site"):
    noun = Noun(body.noun)
    header = Header(
        verb=Verb.CREATED, noun=noun, message_id=derived_id(body), timestamp=NOW, source=source
    )
    return Sight("north", "item", "node", NOW, EventMessage(header=header, body=body))


def reading(number, power_w=1000, source="site"):
    window = Interval(start=NOW + number * STEP, end=NOW + (number + 1) * STEP)
    made = Reading(resource=source, window=window, power_w=power_w)
    return sight(MeterReadings(readings=(made,)), source)


def answer(sequence, modification=0, opt=Opt.IN, source="site"):
    made = Answer(
        id=derived_id(source, EVENT),
        event=EVENT,
        order=Order(epoch=1, modification=modification),
        opt=opt,
        power_w=-100 if opt is Opt.IN else 0,
        revision=1,
        sequence=sequence,
        at=NOW,
    )
    return sight(EndDeviceEvents(answers=(made,)), source)


def event(modification=0):
    made = Event(
        id=EVENT,
        order=Order(epoch=1, modification=modification),
        active=ACTIVE,
        signal=Delta(power_w=-100),
        created=NOW,
        answer_by=NOW + STEP,
    )
    return sight(EndDeviceControls(events=(made,)), "vtn")


def record(*parties, opt=Opt.IN, availability=Availability.AVAILABLE, status=EventStatus.ACTIVE):
    shares = tuple(
        MemberShare(party=party, availability=availability, asked_w=-100, opt=opt)
        for party in parties
    )
    made = DispatchRecord(
        domain="north",
        event=EVENT,
        order=Order(epoch=1, modification=0),
        status=status,
        active=ACTIVE,
        target_w=-100,
        promised_w=-100,
        redivisions=2,
        shares=shares,
    )
    return sight(made, "vtn")


def seen(*sights):
    tally = Tally(since=NOW)
    for one in sights:
        tally.take(one)
    return tally


NONE = frozenset()


def test_nothing_is_lost_when_everything_came_once():
    tally = seen(event(), answer(1), record("site"), reading(0), reading(1), reading(2))
    assert tally.lost(STEP, NONE) == []
    assert tally.duplicated() == []


def test_a_missing_report_window_is_lost():
    tally = seen(reading(0), reading(2))
    assert len(tally.lost(STEP, NONE)) == 1


def test_a_window_told_twice_is_a_duplicate():
    tally = seen(reading(0), reading(0))
    assert len(tally.duplicated()) == 1


def test_a_gap_in_the_sequence_of_answers_is_lost():
    tally = seen(event(), answer(1), answer(3), record("site"))
    assert len(tally.lost(STEP, NONE)) == 1


def test_an_answer_told_twice_is_a_duplicate():
    assert len(seen(answer(1), answer(1)).duplicated()) == 1


def test_a_member_silent_on_the_last_version_is_lost():
    tally = seen(event(), answer(1), event(1), record("site"))
    assert len(tally.lost(STEP, NONE)) == 1


def test_nothing_more_is_expected_of_who_was_killed():
    tally = seen(event(), answer(1), event(1), record("site"))
    assert tally.lost(STEP, frozenset({"site"})) == []


def test_readings_of_before_everybody_was_there_do_not_count():
    tally = Tally(since=NOW + STEP)
    tally.take(reading(0))
    assert tally.windows_of("site") == 0
    tally.take(reading(1))
    assert tally.windows_of("site") == 1


def test_who_opted_out_need_not_answer_later_versions():
    tally = seen(event(), answer(1), answer(2, opt=Opt.OUT), event(1), record("site"))
    assert tally.lost(STEP, NONE) == []


def test_the_change_is_reckoned_from_windows_before_and_inside_the_event():
    before = [reading(n, 1000) for n in range(4)]
    during = [reading(n, 400) for n in range(4, 8)]
    after = [reading(8, 9000)]
    assert seen(*before, *during, *after).changed_w(("site",), ACTIVE) == -600


def test_without_readings_the_change_is_unknown_and_not_zero():
    assert seen(reading(5)).changed_w(("site",), ACTIVE) is None
    assert seen().changed_w(("site",), ACTIVE) is None


def test_an_unreachable_member_counts_as_unreachable_whatever_it_answered():
    tally = seen(record("site", availability=Availability.UNREACHABLE))
    assert tally.opts(("north",)) == {"opt_in": 0, "opt_out": 0, "unreachable": 1}
    assert tally.redivisions == 2


def test_readings_of_a_living_site_must_reach_the_end():
    tally = seen(reading(0), reading(1))
    assert len(tally.lost(STEP, NONE, NOW + 4 * STEP)) == 2
    assert tally.lost(STEP, NONE, NOW + 2 * STEP) == []
    assert tally.lost(STEP, frozenset({"site"}), NOW + 4 * STEP) == []


def test_readings_of_a_killed_site_have_no_gap_before_its_last():
    tally = seen(reading(0), reading(2))
    assert len(tally.lost(STEP, frozenset({"site"}), NOW + 4 * STEP)) == 1


def test_who_was_killed_must_have_answered_before():
    tally = seen(event(), record("site"))
    assert len(tally.lost(STEP, frozenset({"site"}))) == 1


def test_an_event_that_nobody_records_is_lost():
    assert len(seen(event(), answer(1)).lost(STEP, NONE)) == 1


def test_an_item_that_cannot_be_read_is_lost_and_a_presence_is_no_item():
    unreadable = Sight("north", "item", "cem/north/reports", NOW, note="unreadable: no XML")
    assert len(seen(unreadable).lost(STEP, NONE)) == 1
    assert seen(Sight("north", "presence", "site@host/ven", NOW)).lost(STEP, NONE) == []


def test_a_party_is_measured_when_all_its_series_reach_the_instant():
    tally = seen(reading(0), reading(1))
    assert tally.is_measured("site", NOW + 2 * STEP)
    assert not tally.is_measured("site", NOW + 3 * STEP)
    assert not tally.is_measured("stranger", NOW)


def test_domains_have_completed_when_their_newest_records_say_so():
    assert not seen().is_completed
    assert not seen(record("site")).is_completed
    assert seen(record("site"), record("site", status=EventStatus.COMPLETED)).is_completed


def test_each_division_is_told_once_with_its_reason():
    first = record("site")
    assert seen(first, first).divisions == ["north: "]


def test_nothing_is_counted_once_it_is_closed():
    tally = seen(reading(0))
    tally.is_closed = True
    tally.take(reading(0))
    assert tally.duplicated() == []

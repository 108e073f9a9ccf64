"""Stores read from outside, by SQL alone."""

from xmpp_cem.chaos.stores import Heard, Shelf, Window, windows_of
from xmpp_cem.core.inputs import Link, QueryAnswered
from xmpp_cem.core.kept import Report
from xmpp_cem.core.records import Commitment, Dispatch, Member, Part, VenRecord, VtnRecord
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, make_event, request

UPPER, OWN, OTHER = make_event(1), make_event(2), make_event(3)
PART = Part(event=OWN.id, party="a", capability_w=1, limit_w=1, asked_w=-1)


def commitment(event, status):
    return Commitment(event=event, digest="d", asked_w=-1, revision=1, status=status)


def reading(second, power_w, resource="r"):
    window = Interval(start=at(second), end=at(second + 1))
    return Reading(resource=resource, window=window, power_w=power_w)


def test_events_are_found_with_what_was_made_below_for_them(shelf):
    live = EventStatus.FAR
    store = shelf(
        commitment(UPPER, live),
        Dispatch(event=OWN, target_w=-1, upper=UPPER.id),
        Dispatch(event=OTHER, target_w=-1),
        PART,
    )
    found = store.events([UPPER.id])
    assert set(found.commitments) == {UPPER.id}
    assert set(found.dispatches) == {OWN.id}
    assert found.parts == {(OWN.id, "a"): PART}


def test_events_that_may_still_act_are_told_with_their_end(shelf):
    over = OTHER.model_copy(update={"status": EventStatus.COMPLETED})
    store = shelf(
        commitment(UPPER, EventStatus.FAR),
        commitment(make_event(4), EventStatus.CANCELLED),
        Dispatch(event=OWN, target_w=-1),
        Dispatch(event=over, target_w=-1),
    )
    assert store.unended() == {UPPER.id: at(80), OWN.id: at(80)}


def test_windows_are_summed_over_resources_and_what_came_first_counts(shelf):
    first = Report(position=Position(1, 1), readings=(reading(0, 5, "a"), reading(0, 7, "b")))
    second = Report(position=Position(1, 2), readings=(reading(0, 99), reading(1, 3)))
    store = shelf(first, second)
    assert windows_of(store.reports()) == {at(0): Window(12, 2, 2), at(1): Window(3)}
    assert store.reports(first.key) == [second]


def test_a_correction_stands_beside_what_was_told_first(shelf):
    corrected = reading(0, 7).model_copy(update={"revision": 1})
    first = Report(position=Position(1, 1), readings=(reading(0, 5),))
    second = Report(position=Position(1, 2), readings=(corrected, reading(1, 3)))
    window = windows_of(shelf(first, second).reports())[at(0)]
    assert (window.power_w, window.last.power_w) == (5, 7)
    known = windows_of([first])[at(0)]
    assert known.then(windows_of([second])[at(0)]) == window
    assert window.then(window) == window


def test_what_came_in_is_read_from_the_journal_by_place(shelf):
    body = MeterReadings(readings=(reading(0, 5, "a"), reading(0, 7, "b"), reading(1, 1)))
    told = arrived(request(Verb.CREATE, Noun.READINGS, "site", body), "site")
    asked = RequestMessage(header=header(Verb.GET, "vtn"))
    answered = ResponseMessage(header=header(Verb.REPLY, "site"), result="OK", body=body)
    store = shelf(inputs=[told, QueryAnswered(Link.LOWER, asked, answered)], at=at(5))
    heard, place = store.heard(0)
    assert heard == 2 * [Heard("site", at(0), 12), Heard("site", at(1), 1)]
    assert store.heard(place) == ([], place)
    assert [row.kind for row in store.requests(9)] == ["RequestArrived"]


def header(verb, source):
    return Header(
        verb=verb,
        noun=Noun.READINGS,
        message_id=derived_id(verb),
        timestamp=at(0),
        source=source,
        correlation_id=derived_id("q") if verb is Verb.REPLY else None,
    )


def test_single_records_and_an_empty_store(shelf, tmp_path):
    member = Member(party="a", account="a@h")
    store = shelf(VenRecord(epoch=7), VtnRecord(epoch=8, index_version=9), member)
    assert store.ven().epoch == 7
    assert store.index_position() == (8, 9)
    assert store.members() == {"a": member}
    assert store.waiting() == []
    nothing = Shelf(tmp_path / "absent.sqlite")
    assert nothing.ven() == VenRecord()
    assert nothing.index_position() == (-1, -1)
    assert nothing.events([UPPER.id]).dispatches == {}


def test_a_copy_is_put_back_in_the_place_of_a_newer_store(shelf, tmp_path):
    old = shelf(VenRecord(epoch=1), name="old")
    old.copy_to(tmp_path / "copy.sqlite")
    new = shelf(VenRecord(epoch=2), name="new")
    assert new.size > 0
    new.replace_by(tmp_path / "copy.sqlite")
    assert new.ven().epoch == 1

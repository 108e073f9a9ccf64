from dataclasses import replace
from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Forget, Remember
from xmpp_cem.core.readings.pages import LARGEST_PAGE
from xmpp_cem.core.ven.readingbook import ReadingBook
from xmpp_cem.core.ven.venstate import VenSettings, VenState
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import READINGS, Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, NOW, at, plain_digest, request
from xmpp_cem.wire.codec import LARGEST_OUTPUT, encode

START = int(NOW.timestamp())


def reading(number, resource="r", **values):
    window = Interval(start=at(10 * number), end=at(10 * number + 10))
    return Reading(resource=resource, window=window, power_w=number, **values)


class Book:
    """A VEN's readings and the store that they are kept in."""

    def __init__(self, store=()):
        self.state = VenState(VenSettings("site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest))
        self.book = ReadingBook(self.state)
        self.store = dict(store)
        for kind, key in sorted(self.store):
            if kind == "report":
                self.book.restore(self.store[kind, key])
            else:
                self.state.record = self.store[kind, key]
        self.commit([self.state.start(NOW)])

    def commit(self, effects):
        for effect in effects:
            match effect:
                case Remember(record=record):
                    self.store[record.kind, record.key] = record
                case Forget(record=record):
                    del self.store[record.kind, record.key]
        return effects

    def report(self, *readings, seconds=None):
        self.state.save(sequence=self.state.record.sequence + 1)
        now = readings[-1].window.end if seconds is None else at(seconds)
        return self.commit(self.book.keep(readings, now))

    def ask(self, after=None, query=None, seconds=100.0):
        asked = request(Verb.GET, Noun.READINGS, "vtn")
        options = () if after is None else (("after", str(after)),)
        asked = asked.model_copy(update={"options": options, "query": query})
        effects, reply = self.book.answer(asked, at(seconds))
        self.commit(effects)
        assert len(encode(reply)) <= LARGEST_OUTPUT
        return reply

    def everything(self, after=None, query=None, seconds=100.0):
        found, pages = [], 0
        while True:
            reply = self.ask(after, query, seconds)
            found += reply.body.readings
            after, pages = end_of(reply), pages + 1
            if "0.1" not in codes(reply):
                return found, pages


@pytest.fixture
def book():
    return Book()


def codes(reply):
    return [error.code for error in reply.errors]


def end_of(reply):
    return Position(reply.header.epoch, reply.header.sequence)


def powers(reply):
    return [found.power_w for found in reply.body.readings]


def test_all_reports_after_a_position_are_told_and_the_last_page_says_so(book):
    for number in range(4):
        book.report(reading(number))
    reply = book.ask(Position(START, 2))
    assert (reply.result, codes(reply), powers(reply)) == (Result.OK, ["0.0"], [2, 3])
    assert end_of(reply) == (START, 4)


def test_a_page_is_bounded_and_the_next_one_begins_after_its_end(book):
    for number in range(200):
        book.report(reading(number, import_wh=number, export_wh=0))
    first = book.ask()
    assert (first.result, codes(first)) == (Result.PARTIAL, ["0.1"])
    assert end_of(first) == (START, len(first.body.readings))
    found, pages = book.everything()
    assert [r.power_w for r in found] == list(range(200))
    assert pages > 3


def test_a_page_of_the_longest_readings_fits_into_a_message(book):
    longest = dict.fromkeys(READINGS, 10**9) | {
        "power_w": -(10**12),
        "reactive_var": -(10**12),
        "state_of_charge_permille": 1000,
        "power_factor_permille": -1000,
        "quality": Quality.QUESTIONABLE,
        "revision": 2**53,
        "expected": 2**31,
        "reporting": 2**31,
    }
    for number in range(30):
        window = Interval(start=at(number + 0.123456), end=at(number + 1.123456))
        book.report(Reading(resource="r" * 64, window=window, **longest))
    for number in range(100):
        window = Interval(start=at(number + 0.123456), end=at(number + 1.123456))
        least = {k: v for k, v in longest.items() if k not in READINGS or k == "power_w"}
        book.report(Reading(resource="r" * 64, window=window, **least))
    assert len(book.everything()[0]) == 130


def test_what_is_kept_survives_a_restart_in_its_order(book):
    for number in range(12):
        book.report(reading(number))
    again = Book(book.store)
    again.report(reading(12))
    reply = again.ask(Position(START, 9))
    assert powers(reply) == [9, 10, 11, 12]
    assert end_of(reply) == (START + 1, 1)


def test_a_report_is_one_small_write(book):
    (effect,) = book.report(reading(0))
    assert isinstance(effect, Remember)
    assert len(effect.record.model_dump_json()) < 600


def test_reports_are_kept_for_a_day_and_what_was_dropped_is_told_as_lost(book):
    book.report(reading(0))
    book.report(reading(1))
    book.report(reading(2), seconds=86_400 + 15)
    reply = book.ask(Position(START, 0))
    assert (reply.result, codes(reply)) == (Result.PARTIAL, ["5.7", "0.0"])
    assert reply.errors[0].level == "WARNING"
    assert powers(reply) == [1, 2]
    assert codes(book.ask(Position(START, 1))) == ["0.0"]
    assert codes(book.ask()) == ["0.0"]


@pytest.mark.slow
def test_the_number_of_reports_is_bounded(book):
    for number in range(5000 + 3):
        book.report(reading(number % 100))
    assert sum(1 for kind, _ in book.store if kind == "report") == 5000
    assert codes(book.ask(Position(START, 2))) == ["5.7", "0.1"]


def test_asking_after_a_position_acknowledges_and_an_hour_later_it_is_dropped(book):
    for number in range(3):
        book.report(reading(number))
    book.ask(Position(START, 2), seconds=3600)
    assert powers(book.ask()) == [0, 1, 2]
    book.ask(Position(START, 2), seconds=3625)
    assert powers(book.ask()) == [2]
    assert codes(book.ask(Position(START, 1))) == ["5.7", "0.0"]
    assert sum(1 for kind, _ in book.store if kind == "report") == 1


def test_a_filtered_query_acknowledges_nothing(book):
    book.report(reading(0))
    book.ask(Position(START, 1), GetMeterReadings(devices=("r",)), seconds=7200)
    assert powers(book.ask()) == [0]


def test_readings_are_selected_by_device_time_and_type(book):
    book.report(reading(0, "a", import_wh=7), reading(0, "b"))
    book.report(reading(1, "a", export_wh=8), reading(1, "b", import_wh=9))
    by_device = book.ask(query=GetMeterReadings(devices=("b",)))
    assert [r.resource for r in by_device.body.readings] == ["b", "b"]
    by_time = book.ask(query=GetMeterReadings(interval=Interval(start=at(10), end=at(11))))
    assert powers(by_time) == [1, 1]
    by_type = book.ask(query=GetMeterReadings(types=(READINGS["import_wh"],)))
    assert [(r.resource, r.import_wh) for r in by_type.body.readings] == [("a", 7), ("b", 9)]
    by_power = book.ask(query=GetMeterReadings(types=(READINGS["power_w"],)))
    assert [r.import_wh for r in by_power.body.readings] == [None] * 4


def test_a_time_of_which_something_was_dropped_is_told_as_lost(book):
    book.report(reading(0))
    book.report(reading(1), seconds=86_400 + 15)
    book.report(reading(2), seconds=86_400 + 15)
    early = GetMeterReadings(interval=Interval(start=at(5), end=at(15)))
    late = GetMeterReadings(interval=Interval(start=at(10), end=at(15)))
    assert codes(book.ask(query=early)) == ["5.7", "0.0"]
    assert codes(book.ask(query=late)) == ["0.0"]


def test_readings_that_no_page_can_hold_are_lost_visibly(book):
    count = LARGEST_PAGE // 2 + 1
    book.report(*(reading(0, f"r{number}") for number in range(count)))
    book.report(reading(1))
    reply = book.ask(Position(START, 0))
    assert (codes(reply), powers(reply)) == (["5.7", "0.0"], [1])


@pytest.mark.parametrize("after", ["", "1", "1.x", "-1.2", "1.2.3", f"{10**20}.1", "1.\u0663"])
def test_a_position_that_is_none_is_refused(book, after):
    reply = book.ask(after)
    assert (reply.result, codes(reply)) == (Result.FAILED, ["1.8"])


def test_a_vtn_that_knows_more_than_we_sent_is_told_our_end(book):
    book.report(reading(0))
    assert end_of(book.ask(Position(START + 9, 1))) == (START, 1)


def test_how_much_is_kept_of_reports_is_configured(book):
    settings = replace(book.state.settings, reports=10, reports_for=timedelta(days=3))
    book.state.settings = settings
    for number in range(12):
        book.report(reading(number))
    assert sum(1 for kind, _ in book.store if kind == "report") == 10

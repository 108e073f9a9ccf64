from xmpp_cem.core.letters import Letters
from xmpp_cem.core.readings.pages import LARGEST_PAGE, Holdings, page, size_of, split
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at, request


def reading(number, resource="r"):
    window = Interval(start=at(10 * number), end=at(10 * number + 10))
    return Reading(resource=resource, window=window, power_w=number)


def test_a_reading_counts_for_one_and_each_of_its_values_for_one():
    assert size_of([reading(0)]) == 2
    assert size_of([reading(0), reading(1).model_copy(update={"import_wh": 0})]) == 5


def test_one_report_that_is_more_than_a_page_does_not_stop_the_pages():
    large = tuple(reading(0, f"r{number}") for number in range(LARGEST_PAGE))
    holdings = Holdings({Position(1, 1): large, Position(1, 2): (reading(1),)}, Position(1, 3))
    asked = request(Verb.GET, Noun.READINGS, "vtn")
    first = page(Letters("a"), asked, holdings, NOW)
    assert (first.body.readings, first.header.sequence) == (large, 1)
    asked = asked.model_copy(update={"options": (("after", "1.1"),)})
    last = page(Letters("a"), asked, holdings, NOW)
    assert (last.body.readings, last.header.sequence) == ((reading(1),), 3)


def test_parts_keep_windows_whole_and_the_order():
    readings = [reading(number, resource) for number in range(60) for resource in "abc"]
    parts = split(readings)
    assert [r for part in parts for r in part] == readings
    assert all(size_of(part) <= LARGEST_PAGE and len(part) % 3 == 0 for part in parts)
    assert len(parts) == 3

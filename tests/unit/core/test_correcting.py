from xmpp_cem.core.readings.correcting import corrected
from xmpp_cem.model.reading import Correction, Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at


def span(start, end):
    return Interval(start=at(start), end=at(end))


def reading(number, power_w, resource="a", **more):
    window = span(10 * number, 10 * number + 10)
    return Reading(resource=resource, window=window, power_w=power_w, **more)


def test_a_corrected_window_is_told_anew_with_all_its_resources():
    reported = [reading(0, 100), reading(0, 7, "b"), reading(1, 100)]
    truth = Correction(window=span(0, 10), power_w=90)
    (batch,) = corrected(reported, "a", truth)
    assert batch == (reading(0, 90, revision=1), reading(0, 7, "b", revision=1))


def test_a_correction_that_is_known_changes_nothing():
    truth = Correction(window=span(0, 10), power_w=90)
    reported = [reading(0, 100), reading(0, 90, revision=1)]
    assert corrected(reported, "a", truth) == []


def test_a_second_correction_has_a_higher_revision():
    reported = [reading(0, 100), reading(0, 90, revision=1)]
    ((told,),) = corrected(reported, "a", Correction(window=span(0, 10), power_w=80))
    assert (told.power_w, told.revision) == (80, 2)


def test_registers_that_are_corrected_are_those_of_the_end():
    reported = [reading(0, 100, import_wh=1, export_wh=5), reading(1, 100, import_wh=2)]
    truth = Correction(window=span(0, 20), power_w=90, import_wh=9, quality=Quality.ESTIMATED)
    ((first, last),) = corrected(reported, "a", truth)
    assert (first.import_wh, first.export_wh, last.import_wh) == (None, 5, 9)
    assert first.quality is Quality.ESTIMATED


def test_many_windows_go_in_several_messages_and_none_is_torn():
    reported = [reading(n, 100, name) for n in range(60) for name in ("a", "b", "c")]
    batches = corrected(reported, "a", Correction(window=span(0, 600), power_w=90))
    assert [len(batch) for batch in batches] == [99, 81]
    assert all(len(batch) % 3 == 0 for batch in batches)


def test_whose_past_was_not_reported_has_nothing_to_correct():
    assert corrected([reading(0, 100)], "z", Correction(window=span(0, 10), power_w=1)) == []

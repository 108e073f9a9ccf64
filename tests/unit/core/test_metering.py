from datetime import timedelta

from xmpp_cem.core.readings.estimating import StandIn
from xmpp_cem.core.readings.metering import Metering
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

STEP = timedelta(seconds=10)
LATE = {"a": StandIn(), "b": StandIn(700, at(-60))}


def reading(number, power_w=1000, resource="r"):
    window = Interval(start=at(10 * number), end=at(10 * number + 10))
    return Reading(resource=resource, window=window, power_w=power_w, import_wh=number)


def due(metering, members, now, grace=STEP):
    """Return the sums that are due; who is expected to tell stands with None."""
    alone = {party: stand_in or StandIn() for party, stand_in in members.items()}
    awaited = {party for party, stand_in in members.items() if stand_in is None}
    return metering.summing.due("gw", alone, awaited, now, grace)


def test_resources_of_a_window_are_added_and_a_window_counts_once():
    metering = Metering()
    fresh = metering.take("a", (reading(0, 1000), reading(0, 500, "s")))
    assert [window.power_w for window, _ in fresh] == [1500]
    assert metering.take("a", (reading(0, 9999),)) == []
    assert metering.power("a") == 1500


def test_a_correction_that_comes_with_what_it_corrects_is_not_added_to_it():
    told = reading(0, 1000)
    corrected = told.model_copy(update={"power_w": 1200, "revision": 1})
    for page in ((told, corrected), (corrected, told)):
        assert [window.power_w for window, _ in Metering().take("a", page)] == [1200]


def test_the_baseline_is_the_mean_of_the_last_three_windows_before():
    metering = Metering()
    for number, power_w in enumerate((1, 1000, 2000, 3000, 9000)):
        metering.take("a", (reading(number, power_w),))
    assert metering.baseline("a", at(40)) == 2000
    assert metering.baseline("a", at(5)) is None


def test_a_window_is_summed_when_everybody_has_told_it_and_only_once():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    both = {"a": None, "b": None}
    assert due(metering, both, at(11)) == ()
    metering.take("b", (reading(0, 500),))
    (summed,) = due(metering, both, at(11))
    assert (summed.power_w, summed.expected, summed.reporting) == (1500, 2, 2)
    assert summed.quality is Quality.VALID
    assert due(metering, both, at(30)) == ()


def test_after_the_grace_what_is_missing_is_visible():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    (summed,) = due(metering, {"a": None, "b": None}, at(20))
    assert (summed.power_w, summed.expected, summed.reporting) == (1000, 2, 1)
    assert summed.quality is Quality.ESTIMATED
    assert summed.import_wh is None


def test_while_readings_are_on_their_way_a_sum_waits_for_those_awaited():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    both = {"a": None, "b": None}
    assert due(metering, both, at(500), None) == ()
    metering.take("b", (reading(0, 500),))
    assert [s.power_w for s in due(metering, both, at(501), None)] == [1500]


def test_however_many_late_windows_come_each_is_summed_once():
    metering = Metering()
    late = tuple(reading(number, number) for number in range(100))
    metering.take("a", late)
    sums = due(metering, {"a": None}, at(2000))
    assert [s.power_w for s in sums] == list(range(100))
    metering.take("a", late)
    assert due(metering, {"a": None}, at(2001)) == ()


def test_who_takes_no_sums_keeps_nothing_for_them():
    metering = Metering(is_summed=False)
    metering.take("a", (reading(0),))
    assert due(metering, {"a": None}, at(500)) == ()


def test_who_is_late_counts_as_left_alone_until_the_window_is_corrected():
    """Left out, its power would look like a change that the others have made."""
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    (told,) = metering.summing.due("gw", LATE, {"a", "b"}, at(20), STEP)
    assert (told.power_w, told.expected, told.reporting) == (1700, 2, 1)
    assert (told.quality, told.estimated_share_permille) == (Quality.ESTIMATED, 412)
    metering.take("b", (reading(0, 500),))
    (corrected,) = metering.summing.due("gw", LATE, {"a", "b"}, at(30), STEP)
    assert (corrected.power_w, corrected.revision, corrected.quality) == (1500, 1, Quality.VALID)


def test_a_late_window_does_not_push_out_a_newer_one():
    metering = Metering()
    metering.take("a", tuple(reading(number, number) for number in range(50, 80)))
    ((late, before),) = metering.take("a", (reading(3, 7),))
    assert (late.power_w, before) == (7, None)
    assert metering.power("a") == 79
    assert len(metering.history["a"]) == 30


def test_a_lost_member_counts_as_left_alone_and_never_as_zero():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    (summed,) = due(metering, {"a": None, "b": StandIn(700, at(-60))}, at(11))
    assert (summed.power_w, summed.reporting, summed.quality) == (1700, 1, Quality.ESTIMATED)
    assert (summed.oldest, summed.estimated_share_permille) == (at(-60), 412)


def test_a_lost_member_of_which_nothing_is_known_is_left_out_and_visible():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    (summed,) = due(metering, {"a": None, "b": StandIn()}, at(11))
    assert (summed.power_w, summed.expected, summed.reporting) == (1000, 2, 1)
    assert (summed.quality, summed.oldest) == (Quality.ESTIMATED, at(10))
    assert summed.estimated_share_permille == 0


def test_what_members_estimated_is_seen_at_every_level_above():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    below = reading(0, -3000).model_copy(
        update={
            "quality": Quality.ESTIMATED,
            "expected": 40,
            "reporting": 38,
            "oldest": at(-600),
            "estimated_share_permille": 100,
        }
    )
    metering.take("b", (below,))
    (summed,) = due(metering, {"a": None, "b": None}, at(11))
    assert (summed.expected, summed.reporting) == (41, 39)
    assert (summed.quality, summed.oldest) == (Quality.ESTIMATED, at(-600))
    assert summed.estimated_share_permille == 300 * 1000 // 4000
    metering.take("b", (reading(0, -3000).model_copy(update={"revision": 1}),))
    (corrected,) = due(metering, {"a": None, "b": None}, at(30))
    assert (corrected.expected, corrected.reporting) == (2, 2)
    assert (corrected.quality, corrected.oldest) == (Quality.VALID, at(10))
    assert corrected.estimated_share_permille == 0


def test_a_lost_gateway_counts_with_all_its_members():
    metering = Metering()
    metering.take("a", (reading(0).model_copy(update={"expected": 40, "reporting": 40}),))
    metering.take("b", (reading(1),))
    lost = {"a": metering.summing.newest("a"), "b": None}
    (_, summed) = due(metering, lost, at(30))
    assert (summed.power_w, summed.expected, summed.reporting) == (2000, 41, 1)
    assert summed.oldest == at(10)


def test_the_least_estimate_shows():
    metering = Metering()
    metering.take("a", (reading(0, 10_000_000),))
    (summed,) = due(metering, {"a": None, "b": StandIn(1, at(0))}, at(11))
    assert summed.estimated_share_permille == 1


def test_the_parts_of_a_site_are_one_member():
    metering = Metering()
    metering.take("a", (reading(0, 1000), reading(0, 500, "s")))
    (summed,) = due(metering, {"a": None}, at(11))
    assert (summed.expected, summed.reporting) == (1, 1)


def test_what_another_make_calls_estimated_is_so_altogether():
    metering = Metering()
    told = reading(0, 1000).model_copy(update={"quality": Quality.ESTIMATED})
    metering.take("a", (told,))
    (summed,) = due(metering, {"a": None}, at(11))
    assert summed.estimated_share_permille == 1000


def test_a_window_that_arrives_late_is_not_the_present():
    metering = Metering()
    for number, power_w in ((1, 1000), (3, 3000), (2, 2000), (0, 9)):
        metering.take("a", (reading(number, power_w),))
    assert metering.power("a") == 3000
    assert metering.baseline("a", at(40)) == 2000


def test_a_member_that_claims_the_impossible_is_not_believed():
    metering = Metering(most_w=5000)
    too_much = reading(1).model_copy(update={"import_wh": 10**9})
    assert metering.take("a", (reading(0, -5001), too_much)) == []
    assert metering.power("a") is None


def test_only_the_last_windows_are_kept():
    metering = Metering()
    for number in range(100):
        metering.take("a", (reading(number),))
        due(metering, {"a": None}, at(10 * number + 10))
    assert len(metering.history["a"]) == 30
    assert len(metering.summing.told) == 60


def early(power_w, number=0, resource="r"):
    told = reading(number, 9, resource)
    return told.model_copy(update={"instant_w": power_w, "quality": Quality.ESTIMATED})


def test_a_power_that_is_told_on_change_counts_until_its_window_is_told():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    metering.see("a", (early(400, 1), early(50, 1, "s")), at(13))
    assert metering.power("a") == 450
    assert metering.held("a")[-1].power_w == 1000
    metering.take("a", (reading(1, 700),))
    assert metering.power("a") == 700


def test_a_power_that_is_older_or_incomplete_tells_nothing():
    metering = Metering()
    metering.see("a", (early(400),), at(5))
    metering.see("a", (early(9),), at(4))
    metering.see("a", (early(9), reading(0)), at(6))
    assert metering.power("a") == 400


def test_a_power_beyond_belief_is_not_seen():
    metering = Metering(most_w=1000)
    metering.see("a", (early(1001),), at(5))
    assert metering.power("a") is None

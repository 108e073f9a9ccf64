import pytest

from xmpp_cem.core.readings.metering import MOST_W, Counted, Window
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.standing import corrected, counted, signed, standing, status_at
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event

EVENT = make_event()
DISPATCH = Dispatch(event=EVENT, target_w=-3000)


def part(party="a", **changes):
    made = Part(event=EVENT.id, party=party, capability_w=3000, limit_w=3000, asked_w=-1000)
    return made.model_copy(update=changes)


def window(start, power_w):
    return Window(Interval(start=at(start), end=at(start + 10)), power_w, None, None, 1, 1)


def answer(power_w):
    return Answer(
        id=derived_id("answer"),
        event=EVENT.id,
        order=EVENT.order,
        opt=Opt.IN,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(0),
    )


@pytest.mark.parametrize(("target_w", "expected"), [(-1, -500), (1, 500)])
def test_a_change_has_the_sign_of_the_target(target_w, expected):
    dispatch = DISPATCH.model_copy(update={"target_w": target_w})
    assert signed(dispatch, 500) == expected


def test_the_first_baseline_stands():
    first = counted(part(), window(20, 4000), 5000, at(20))
    second = counted(first, window(30, 4500), 9000, at(20))
    assert (second.baseline_w, second.delivered_w) == (5000, -500)
    assert (second.delivered_ws, second.measured_s) == (-15_000, 20)


def test_a_window_that_overlaps_one_already_counted_is_left_out():
    first = counted(part(), window(20, 4000), 5000, at(20))
    assert counted(first, window(25, 0), 5000, at(20)) == first


def test_a_late_window_counts_once_and_is_not_the_present():
    whole = counted(counted(part(), window(30, 4000), 5000, at(20)), window(60, 3000), 5000, at(20))
    for start, power_w in ((45, 4500), (40, 9999), (45, 4500), (20, 4000), (20, 4000)):
        whole = counted(whole, window(start, power_w), 5000, at(20))
    assert (whole.delivered_w, whole.until) == (-2000, at(70))
    assert (whole.delivered_ws, whole.measured_s) == (-10 * (1000 + 2000 + 500 + 1000), 40)
    assert [(gap.start, gap.end) for gap in whole.gaps] == [(at(40), at(45)), (at(55), at(60))]


def test_a_correction_takes_the_place_of_what_was_counted():
    active = Interval(start=at(20), end=at(80))
    whole = counted(counted(part(), window(20, 4000), 5000, at(20)), window(30, 3000), 5000, at(20))
    first = corrected(whole, [Counted(window(20, 4500), window(20, 4000))], active)
    assert (first.delivered_ws, first.delivered_w) == (-25_000, -2000)
    last = corrected(first, [Counted(window(30, 2000), window(30, 3000))], active)
    assert (last.delivered_ws, last.delivered_w, last.measured_s) == (-35_000, -3000, 20)


@pytest.mark.parametrize("start", [10, 45, 50, 80])
def test_a_correction_of_what_is_not_counted_changes_nothing(start):
    active = Interval(start=at(20), end=at(80))
    whole = counted(counted(part(), window(20, 4000), 5000, at(20)), window(60, 3000), 5000, at(20))
    assert corrected(whole, [Counted(window(start, 1), window(start, 0))], active) == whole
    assert corrected(part(), [Counted(window(20, 1), window(20, 0))], active) == part()
    assert corrected(whole, [Counted(window(20, 1))], active) == whole


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(19, EventStatus.FAR), (20, EventStatus.ACTIVE), (80, EventStatus.ACTIVE)],
)
def test_an_event_becomes_active_by_the_clock_and_ends_by_decision(seconds, expected):
    assert status_at(EVENT, at(seconds)) is expected
    over = EVENT.model_copy(update={"status": EventStatus.COMPLETED})
    assert status_at(over, at(seconds)) is EventStatus.COMPLETED


def test_what_a_lost_member_delivered_before_counts_as_energy_and_not_as_power(domain):
    parts = {
        "a": part("a", delivered_w=-1000, delivered_ws=-36_000),
        "b": part("b", delivered_w=-2000, delivered_ws=-72_000),
    }
    domain.presence("a", Availability.UNREACHABLE)
    record = standing(domain.vtn._state, DISPATCH, parts, -3000, at(30))
    assert (record.delivered_w, record.delivered_wh) == (-2000, -30)
    assert [s.delivered_w for s in record.shares] == [None, -2000]


def test_without_a_measurement_what_was_delivered_is_unknown_and_not_zero(domain):
    record = standing(domain.vtn._state, DISPATCH, {"a": part()}, 0, at(30))
    assert record.delivered_w is None


def test_only_a_yes_is_shown_as_a_promise(domain):
    no = answer(-1000).model_copy(update={"opt": Opt.OUT})
    parts = {"a": part("a", answer=answer(-1000)), "b": part("b", answer=no)}
    record = standing(domain.vtn._state, DISPATCH, parts, -1000, at(30))
    assert [s.promised_w for s in record.shares] == [-1000, 0]


def test_it_is_shown_who_has_not_answered_and_since_when(domain):
    no, yes = answer(0).model_copy(update={"opt": Opt.OUT}), answer(-1000)
    later = EVENT.order.model_copy(update={"modification": 1})
    parts = {
        "asked by the node": part("a"),
        "asked alone": part("b", asked_at=at(-3), order=later, answer=yes),
        "yes": part("c", answer=yes),
        "no stands for what comes later": part("a", order=later, answer=no),
        "must not be asked": part("b", barred="too often"),
    }
    shown = [
        standing(domain.vtn._state, DISPATCH, {each.party: each}, 0, at(30)).shares[0].silent_since
        for each in parts.values()
    ]
    assert dict(zip(parts, shown, strict=True)) == {
        "asked by the node": EVENT.created,
        "asked alone": at(-3),
        "yes": None,
        "no stands for what comes later": None,
        "must not be asked": None,
    }
    anew = DISPATCH.model_copy(update={"replanned": at(12)})
    (share,) = standing(domain.vtn._state, anew, {"a": part("a")}, 0, at(30)).shares
    assert share.silent_since == at(12)


def test_absurd_claims_stay_within_what_a_message_can_carry(domain):
    liar = part("a", delivered_w=-2 * MOST_W, delivered_ws=-(10**18))
    record = standing(domain.vtn._state, DISPATCH, {"a": liar}, -3 * MOST_W, at(30))
    assert (record.promised_w, record.delivered_w, record.delivered_wh) == (-MOST_W,) * 3

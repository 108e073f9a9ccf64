from datetime import UTC, datetime, timedelta

import pytest
import typer

from xmpp_cem.cli.dispatch import Ask, Changes, Spread, When, chosen_power
from xmpp_cem.cli.records import line_of, show_record
from xmpp_cem.cli.signals import Said
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Mode, Order
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.stage import Stage
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ID = "0b0f9a0e-6a8c-4c52-8b1a-0d6d4c3c9a11"


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("lead", "length", "answers"),
    [(10, 60, 5), (600, 60, 30), (2, 60, 2), (0, 60, 2), (0, 2, 1), (60, 60, 30), (30, 60, 15)],
)
def test_answers_have_half_the_lead_2_to_30_s_and_never_all_of_the_event(
    lead: float, length: float, answers: float
):
    times = When(s(lead), None, s(length), None).at(NOON)
    assert (times.start, times.end) == (NOON + s(lead), NOON + s(lead + length))
    assert times.answer_by == NOON + s(answers)


def test_a_start_may_be_given_as_an_instant():
    times = When(None, NOON + s(100), s(60), s(20)).at(NOON)
    assert (times.start, times.answer_by) == (NOON + s(100), NOON + s(20))


def test_a_start_may_have_passed_while_the_event_has_not():
    times = When(None, NOON - s(10), s(60), None).at(NOON)
    assert times.answer_by == NOON + s(2)


@pytest.mark.parametrize(
    "when", [When(None, NOON - s(60), s(60), None), When(s(1), None, s(0), None)]
)
def test_an_event_that_is_over_is_refused(when: When):
    with pytest.raises(typer.BadParameter, match="already be over; choose a later --start"):
        when.at(NOON)


def test_answers_after_the_end_are_refused():
    with pytest.raises(typer.BadParameter, match="lower --answer-within"):
        When(s(10), None, s(60), s(71)).at(NOON)


@pytest.mark.parametrize(
    ("given", "power_w"),
    [((-5, None, None), -5), ((None, 5, None), -5), ((None, None, 5), 5)],
)
def test_a_decrease_is_negative(given: tuple[int | None, int | None, int | None], power_w: int):
    assert chosen_power(*given) == power_w


@pytest.mark.parametrize("given", [(None, None, None), (-5, 5, None), (None, 5, 5)])
def test_a_change_is_given_once(given: tuple[int | None, int | None, int | None]):
    with pytest.raises(typer.BadParameter, match="exactly one of --power, --reduce and --increase"):
        chosen_power(*given)


def test_no_change_is_no_event():
    with pytest.raises(typer.BadParameter, match="a change of 0 W is no event"):
        chosen_power(0, None, None)


def test_an_event_carries_what_was_asked():
    event = Ask(ID, Said(-60_000), When(s(10), None, s(60), None), Mode.COMMS, "why").event(NOON)
    assert (event.id, event.signal, event.mode) == (ID, Delta(power_w=-60_000), Mode.COMMS)
    assert (event.created, event.answer_by, event.reason) == (NOON, NOON + s(5), "why")


def record() -> DispatchRecord:
    share = MemberShare(
        party="site-1",
        availability=Availability.AVAILABLE,
        asked_w=-5000,
        opt=Opt.IN,
        promised_w=-4000,
        delivered_w=None,
        reason="nearly",
        stage=Stage.STARTED,
        stage_at=NOON,
    )
    silent = MemberShare(
        party="site-2",
        availability=Availability.LIMITED,
        asked_w=-1000,
        silent_since=NOON - s(90),
    )
    return DispatchRecord(
        domain="grid",
        event=ID,
        order=Order(epoch=1, modification=2),
        status=EventStatus.ACTIVE,
        active=Interval(start=NOON, end=NOON + s(60)),
        target_w=-5000,
        promised_w=-4000,
        redivisions=2,
        why="site-1 opted-in",
        shares=(share, silent),
    )


def test_a_record_is_one_line_and_what_is_unknown_is_no_zero():
    assert line_of(record()) == (
        "active: asked -5.0 kW, promised -4.0 kW, delivered -; site-1 opted-in"
    )


def test_a_record_is_a_table_by_member(capsys: pytest.CaptureFixture[str]):
    show_record(record())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        f"event {ID}",
        "domain grid",
        "status active",
        "active 2026-01-31 12:00:00Z to 12:01:00Z",
        "power asked -5.0 kW, promised -4.0 kW, missing -1.0 kW, delivered - (0 Wh)",
        "divided anew 2 times",
        "why site-1 opted-in",
        "party availability answer asked promised delivered reason",
        "site-1 available opted-in -5.0 kW -4.0 kW - nearly; started 12:00:00Z",
        "site-2 limited - -1.0 kW 0.0 kW - no answer since 11:58:30Z",
    ]


def test_an_event_says_how_it_is_spread():
    spread = Spread(s(600), s(60), None)
    made = Ask(ID, Said(-5), When(s(10), None, s(60), None), Mode.REAL, "", 7, spread).event(NOON)
    assert (made.priority, made.randomise_s, made.ramp_s, made.recovery_s) == (7, 600, 60, 0)


@pytest.mark.parametrize(("randomise", "said_s"), [(None, None), (s(0), 0), (s(90), 90)])
def test_at_once_is_other_than_what_the_vtn_usually_does(randomise, said_s):
    ask = Ask(ID, Said(-5), When(s(10), None, s(60), None), Mode.REAL, "", spread=Spread(randomise))
    assert ask.event(NOON).randomise_s == said_s


def test_what_is_not_changed_stands():
    known = Ask(ID, Said(-5000), When(None, NOON, s(600), None), Mode.ACTIVATION, "peak").event(
        NOON
    )
    now = NOON + s(60)
    changed = Changes(length=s(900)).of(known, -5000, now)
    assert (changed.active.start, changed.active.end) == (NOON, NOON + s(900))
    assert (changed.signal, changed.mode, changed.reason) == (known.signal, known.mode, "peak")
    assert changed.answer_by == now + s(2)
    assert Changes(Said(-1), reason="less").of(known, -5000, now).signal == Delta(power_w=-1)
    with pytest.raises(typer.BadParameter, match="already be over"):
        Changes(length=s(30)).of(known, -5000, now)

from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Note, Query, SetTimer
from xmpp_cem.core.inputs import Link, LinkChanged, NodesVerified, QueryAnswered, TimerFired
from xmpp_cem.core.vtn.members.recovery import EVERY, MOST_AT_ONCE, MOST_PAGES, READ_BACK
from xmpp_cem.messages.envelope import FaultMessage, ReplyError
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.position import Position
from xmpp_cem.testing.builders import Domain, at, of_kind
from xmpp_cem.testing.losses import STEP_S, Collector, Reporter


@pytest.fixture(params=list(Uplink))
def line(request):
    return Collector(Reporter("a", request.param))


def epoch_at(seconds):
    """Return the epoch of a start at that time: the clock's seconds."""
    return int(at(seconds).timestamp())


def lived(line, numbers, lost=()):
    """Let windows pass; those in `lost` never arrive."""
    for number in numbers:
        line.wait(STEP_S)
        sent = line.ven.report(number)
        if number not in lost:
            line.deliver(sent)
    line.wait(3)


def asked_after(line):
    return [dict(query.message.options).get("after") for query in line.queries]


def notes(line):
    return [note for note in of_kind(line.effects, Note) if note.level == "warning"]


def known(line):
    return line.vtn.members["a"].known


def test_the_first_time_everything_is_asked_for(line):
    lived(line, [0, 1], lost=[0])
    assert asked_after(line) == [None]
    assert {w.power_w for w in line.windows.values()} == {0, 1}
    assert known(line).sequence == 2


def test_without_a_gap_nobody_is_asked_before_five_minutes_have_passed(line):
    lived(line, range(28))
    assert len(line.queries) == 1
    lived(line, range(28, 34))
    assert len(line.queries) == 2
    assert known(line).sequence == 34


def test_what_was_lost_is_asked_for_after_what_is_known(line):
    lived(line, range(3))
    lived(line, range(3, 9), lost=[4, 5, 7])
    epoch = known(line).epoch
    assert asked_after(line)[1:] == [f"{epoch}.4", f"{epoch}.7"]
    assert sorted(w.power_w for w in line.windows.values()) == list(range(9))


def test_reports_that_overtake_each_other_are_no_gap(line):
    lived(line, [0])
    line.wait(STEP_S)
    first, second, third = (line.ven.report(number) for number in (1, 2, 3))
    for sent in (third, first, second):
        line.deliver(sent)
    line.wait(3)
    assert len(line.queries) == 1
    assert known(line).sequence == 4


def test_a_vtn_that_was_down_asks_for_what_it_missed(line):
    lived(line, range(3))
    for number in range(3, 6):
        line.ven.report(number)
    line.wait(40)
    line.restart()
    lived(line, [6])
    assert asked_after(line)[-1].endswith(".0")
    held = line.vtn.metering.history["a"]
    assert sorted(w.power_w for w in held.values()) == list(range(7))


def test_a_vtn_started_again_reads_back_a_few_windows_once_for_its_baselines(line):
    lived(line, range(20))
    line.restart()
    lived(line, range(20, 22))
    assert [after.split(".")[1] for after in asked_after(line)[1:]] == [str(21 - READ_BACK)]
    assert line.vtn.metering.baseline("a", at(10 * 20)) == 18
    assert notes(line) == []


def test_what_is_read_back_and_was_dropped_long_ago_is_not_told_as_lost(line):
    lived(line, range(2))
    line.deliver(line.ven.report(2 * 86_400 // STEP_S))
    line.wait(3)
    line.restart()
    line.deliver(line.ven.report(2 * 86_400 // STEP_S + 1))
    line.wait(3)
    assert [after.split(".")[1] for after in asked_after(line)[-2:]] == ["0", "4"]
    assert [note for note in notes(line) if note.what == "readings are lost"] == []


def test_a_ven_that_was_restarted_has_told_everything_of_its_last_life(line):
    lived(line, range(3), lost=[2])
    line.ven.restart(100)
    lived(line, [3])
    assert sorted(w.power_w for w in line.windows.values()) == [0, 1, 2, 3]
    assert known(line).sequence == 1


def test_a_ven_that_lost_its_store_is_asked_anew(line):
    lived(line, range(5))
    line.ven.forget()
    line.ven.report(5)
    line.wait(EVERY.total_seconds() + 5)
    assert asked_after(line)[-1] is None
    assert known(line).sequence == 1
    assert 5 in {w.power_w for w in line.windows.values()}


def test_a_ven_that_lost_its_store_while_its_clock_was_set_back_is_asked_soon(line):
    """Its epoch lies before what is known, so that no position of it shows a gap."""
    line.ven.forget(3600)
    lived(line, range(3))
    line.ven.forget(0)
    lived(line, range(3, 6), lost=[3])
    assert asked_after(line)[-2:] == [f"{epoch_at(3600)}.3", None]
    assert known(line) == Position(epoch_at(0), 3)
    assert sorted(w.power_w for w in line.windows.values()) == list(range(6))
    asked = len(line.queries)
    lived(line, range(6, 9))
    assert len(line.queries) == asked


def test_many_lost_readings_come_page_by_page(line):
    lived(line, [0])
    lived(line, range(1, 200), lost=range(1, 199))
    assert len(line.queries) > 5
    assert max(w.power_w for w in line.windows.values()) == 199
    assert known(line).sequence == 200


def test_a_range_that_is_no_longer_kept_is_told_as_lost(line):
    lived(line, [0])
    line.is_deaf = True
    line.ven.report(1)
    line.deliver(line.ven.report(2 * 86_400 // STEP_S))
    line.wait(3)
    line.is_deaf = False
    line.wait(30)
    told = [dict(note.fields) for note in notes(line) if note.what == "readings are lost"]
    assert [(fields["party"], fields["after"]) for fields in told] == [("a", asked_after(line)[1])]
    assert known(line).sequence == 3


def test_a_member_that_does_not_answer_is_asked_again_later_and_no_sooner(line):
    line.is_deaf = True
    lived(line, range(3), lost=[1])
    assert len(line.queries) == 1
    assert dict(notes(line)[0].fields)["why"].startswith("4.1 ")
    lived(line, range(3, 6))
    assert len(line.queries) == 2
    line.is_deaf = False
    lived(line, range(6, 10))
    assert sorted(w.power_w for w in line.windows.values()) == list(range(10))


def test_who_is_not_there_is_not_asked(line):
    lived(line, [0, 1])
    line._take(line.presence("a", Availability.UNREACHABLE, line._seconds))
    line.wait(1000)
    assert len(line.queries) == 1


def replied(change):
    """What comes of a reply that a member has falsified."""
    made = Collector(Reporter("a"))
    made.is_deaf = True
    sent = made.ven.report(0)
    made.deliver(sent)
    effects = made.tell(TimerFired("vtn/ask/a"), 300)
    (query,) = of_kind(effects, Query)
    reply = made.ven.answer(query, at(300)).reply
    return made, made.tell(QueryAnswered(Link.LOWER, query.message, change(reply)), 301)


def with_header(reply, **changes):
    return reply.model_copy(update={"header": reply.header.model_copy(update=changes)})


@pytest.mark.parametrize(
    "change",
    [
        lambda reply: with_header(reply, source="b"),
        lambda reply: with_header(reply, sequence=None),
        lambda _: FaultMessage(errors=(ReplyError(code="2.5"),)),
    ],
    ids=["another source", "no position", "a fault"],
)
def test_a_reply_that_cannot_be_used_is_told_and_not_asked_for_at_once(change):
    made, effects = replied(change)
    assert of_kind(effects, Note)[0].what == "a member refused a query"
    assert of_kind(effects, Query) == []
    assert made.vtn.members["a"].known is None
    timers = [t.at for t in of_kind(effects, SetTimer) if t.key == "vtn/ask/a"]
    assert timers == [at(301) + EVERY]


def test_a_member_that_promises_more_without_going_on_is_not_asked_for_ever():
    def more(reply):
        return reply.model_copy(update={"errors": (ReplyError(code="0.1"),)})

    made, effects = replied(more)
    pages = 0
    while queries := of_kind(effects, Query):
        pages += 1
        reply = made.ven.answer(queries[0], at(302)).reply
        effects = made.tell(QueryAnswered(Link.LOWER, queries[0].message, more(reply)), 302)
    assert pages == 1


def test_a_reply_that_nobody_waits_for_changes_nothing():
    made = Collector(Reporter("a"))
    body = MeterReadings(readings=())
    (query,) = of_kind(made.tell(TimerFired("vtn/ask/a"), 1000), Query)
    made.tell(LinkChanged(Link.LOWER, is_up=False), 1001)
    stray = made.ven.answer(query, at(302)).reply.model_copy(update={"body": body})
    assert made.tell(QueryAnswered(Link.LOWER, query.message, stray), 302) == []


def test_only_so_many_are_asked_at_once_and_the_rest_in_turn():
    members = [f"m{number}" for number in range(MOST_AT_ONCE + 2)]
    made = Domain(*members)
    made.lead()
    for member in members:
        made.presence(member)
    asked = []
    for member in members:
        asked += of_kind(made.tell(TimerFired(f"vtn/ask/{member}"), 400), Query)
    assert len(asked) == MOST_AT_ONCE
    assert made.vtn.recovery.is_busy(at(300))
    fault = FaultMessage(errors=(ReplyError(code="2.5"),))
    effects = made.tell(QueryAnswered(Link.LOWER, asked[0].message, fault), 401)
    (following,) = of_kind(effects, Query)
    assert following.to.bare.startswith(members[MOST_AT_ONCE])
    made.tell(LinkChanged(Link.LOWER, is_up=False), 402)
    assert of_kind(made.tell(QueryAnswered(Link.LOWER, following.message, fault), 403), Note) == []


def test_everybody_is_asked_within_five_minutes_and_not_all_at_once():
    made = Domain("a", "b", "c", "d")
    made.lead()
    effects = made.tell(NodesVerified(Link.LOWER, ()), 0)
    timers = [t.at - at(0) for t in of_kind(effects, SetTimer) if t.key.startswith("vtn/ask/")]
    assert timers == [EVERY / 4, EVERY / 2, EVERY * 3 / 4, EVERY]
    assert timers[0] > timedelta(seconds=1)


def test_a_position_that_a_member_has_had_before_is_no_news(line):
    lived(line, range(2))
    before = known(line)
    sent = line.ven.report(2)
    line.deliver(sent)
    line.effects.clear()
    line.deliver(sent)
    assert known(line) == Position(before.epoch, before.sequence + 1)
    assert [t for t in of_kind(line.effects, SetTimer) if t.key == "vtn/ask/a"] == []


def test_while_a_query_is_on_its_way_the_member_is_not_asked_another():
    made = Collector(Reporter("a"))
    first, second = made.ven.report(0), made.ven.report(1)
    asked = made.tell(TimerFired("vtn/ask/a"), 300)
    assert len(of_kind(asked, Query)) == 1
    assert made.tell(TimerFired("vtn/ask/a"), 301) == []
    for sent in (second, first):
        made.effects.clear()
        made.deliver(sent)
        assert [t for t in of_kind(made.effects, SetTimer) if t.key == "vtn/ask/a"] == []


def test_pages_without_end_are_not_followed_for_ever():
    made = Collector(Reporter("a"))
    made.ven.report(0)
    effects, pages = made.tell(TimerFired("vtn/ask/a"), 300), 0
    while queries := of_kind(effects, Query):
        pages += 1
        reply = with_header(made.ven.answer(queries[0], at(300)).reply, sequence=pages)
        endless = reply.model_copy(update={"errors": (ReplyError(code="0.1"),)})
        effects = made.tell(QueryAnswered(Link.LOWER, queries[0].message, endless), 300)
    assert pages == MOST_PAGES


def test_a_vtn_whose_readings_go_nowhere_keeps_no_sums(line):
    lived(line, range(3))
    assert line.vtn.metering.summing.due("vtn", {}, {"a"}, at(1000), timedelta(0)) == ()

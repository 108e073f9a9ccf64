import pytest

from xmpp_cem.core.life.arrival import Known, Version, judge_version
from xmpp_cem.core.life.life import Cause
from xmpp_cem.model.event import Order
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at

WINDOW = Interval(start=at(20), end=at(80))
KNOWN = Known(Order(epoch=1, modification=3), "a")


def version(modification=4, *, epoch=1, digest="a", **changes):
    return Version(Order(epoch=epoch, modification=modification), digest, WINDOW, **changes)


def cause(what, known=KNOWN, now=NOW, is_clock_good=True):
    return judge_version(what, known, now, is_clock_good=is_clock_good)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (version(2), Cause.OLDER),
        (version(3), Cause.SAME),
        (version(3, digest="b"), Cause.CONFLICT),
        (version(4), Cause.POSTPONED),
        (version(0, epoch=2), Cause.POSTPONED),
        (version(2, is_cancel=True), Cause.OLDER),
        (version(4, is_cancel=True), Cause.CANCEL),
        (version(is_listed=False, is_cancel=True), Cause.UNLISTED),
        (version(is_for_me=False, is_by_rule=False), Cause.NOT_FOR_ME),
        (version(is_by_rule=False, is_able=False), Cause.RULE_BROKEN),
        (version(is_able=False), Cause.UNSUPPORTED),
        (version(expires=NOW), Cause.MESSAGE_EXPIRED),
    ],
)
def test_a_version_is_judged_by_order_then_time_then_content(what, expected):
    assert cause(what) is expected


def test_an_event_that_runs_already_is_not_too_late():
    assert cause(version(), now=at(79)) is Cause.NEWER
    assert cause(version(), now=at(80)) is Cause.TOO_LATE
    assert cause(version(), known=None, now=at(80)) is Cause.TOO_LATE


def test_an_event_published_a_day_ahead_is_good_hours_later():
    day = Interval(start=at(86_400), end=at(90_000))
    early = Version(Order(epoch=1, modification=0), "a", day, expires=at(90_000))
    assert cause(early, known=None, now=at(80_000)) is Cause.POSTPONED


def test_without_a_clock_only_what_needs_none_is_judged():
    assert cause(version(), is_clock_good=False) is Cause.CLOCK_IMPLAUSIBLE
    assert cause(version(3), is_clock_good=False) is Cause.SAME
    assert cause(version(is_cancel=True), is_clock_good=False) is Cause.CANCEL

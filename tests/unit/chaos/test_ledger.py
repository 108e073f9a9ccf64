from datetime import timedelta

from xmpp_cem.chaos.ledger import Control, Ledger
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

HOUR = timedelta(hours=1)


def test_what_a_wrong_clock_said_is_believed_neither_then_nor_at_the_time_that_it_showed():
    ledger = Ledger()
    ledger.strayed("site", at(10), at(15), HOUR)
    told = (at(12), at(12) + HOUR, at(9), at(9) + HOUR, at(16))
    assert [ledger.is_doubled("site", each) for each in told] == [True, True, False, False, False]


def test_power_may_have_moved_until_now_for_an_event_that_was_cancelled_in_it():
    def asked(begin, end):
        active = Interval(start=at(begin), end=at(end))
        return Control(f"e{begin}", 1, Delta(power_w=-1), at(0), active)

    ledger = Ledger()
    assert ledger.moved_until(at(5)) == at(5)
    ledger.controls += [asked(10, 14), asked(30, 34)]
    assert [ledger.moved_until(at(now)) for now in (12, 20)] == [at(12), at(14)]

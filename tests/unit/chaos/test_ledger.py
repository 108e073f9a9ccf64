from datetime import timedelta

from xmpp_cem.chaos.ledger import Ledger
from xmpp_cem.testing.builders import at

HOUR = timedelta(hours=1)


def test_what_a_wrong_clock_said_is_believed_neither_then_nor_at_the_time_that_it_showed():
    ledger = Ledger()
    ledger.strayed("site", at(10), at(15), HOUR)
    told = (at(12), at(12) + HOUR, at(9), at(9) + HOUR, at(16))
    assert [ledger.is_doubled("site", each) for each in told] == [True, True, False, False, False]

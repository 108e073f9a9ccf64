"""A party that the machine lets stand still is told, one that waits little is not."""

import os
from datetime import timedelta

from xmpp_cem.chaos.ledger import Ledger
from xmpp_cem.chaos.plan import below
from xmpp_cem.chaos.pulse import Pulse, waits
from xmpp_cem.testing.builders import at


def told_of(*waited):
    """Return who is told when a party waited for so many seconds in each quarter of a second."""
    told = []
    pulse = Pulse(dict, lambda name, began, ended: told.append((name, began, ended)))
    for number, seconds in enumerate(waited):
        pulse.note("site", seconds, at(0) + number * timedelta(seconds=0.25))
    return told


def test_who_waits_nearly_all_the_time_is_told_with_the_time():
    assert told_of(*12 * [0.2]) == []
    ((name, began, ended),) = told_of(*11 * [0.22])
    assert (name, ended - began) == ("site", timedelta(seconds=3))
    assert told_of(*([1.5] + 12 * [0.0]) * 3) == []


def test_the_kernel_counts_the_waits_of_each_thread():
    delays, is_blocked = waits(os.getpid())
    assert str(os.getpid()) in delays
    assert not is_blocked
    assert waits(2**22 + 1) == ({}, False)


def test_who_stands_still_is_harmed_with_all_below():
    ledger = Ledger()
    ledger.starve(3, "north", at(1), at(3))
    assert ledger.harmed[3] == below("north")
    assert [each.start for each in ledger.starved["north-4"]] == [at(1)]
    assert "south-1" not in ledger.starved

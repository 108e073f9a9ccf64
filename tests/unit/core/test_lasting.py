from datetime import timedelta

from xmpp_cem.core.lasting import Lasting
from xmpp_cem.testing.builders import at

HOUR = timedelta(hours=1)


def kept(**records):
    """Return records of a name, whether it lives, and when it is over."""
    made = Lasting(lambda record: record[1], lambda record: at(record[2]))
    made.update({name: (name, *record) for name, record in records.items()})
    return made


def names(records):
    return "".join(name for name, *_ in records)


def test_what_is_over_comes_in_its_order_whatever_the_order_of_arrival():
    known = kept(a=(False, 30), b=(True, 10), c=(False, 20))
    assert names(known.oldest()) == "bca"
    assert names(known.newest()) == "acb"
    assert names(known.after(at(10))) == "ca"
    assert names(known.after(at(9))) == "bca"
    assert names(known.after(at(0) + HOUR)) == ""


def test_what_lives_comes_in_the_order_of_arrival_and_leaves_when_it_ends():
    known = kept(a=(True, 30), b=(False, 10), c=(True, 20))
    assert (names(known.live()), known.ended) == ("ac", 1)
    known["a"] = ("a", False, 30)
    assert (names(known.live()), known.ended) == ("c", 2)
    assert (known.is_live("c"), known.is_live("a"), known.is_live("x")) == (True, False, False)


def test_a_later_end_gives_another_place():
    known = kept(a=(True, 10), b=(True, 20))
    known["a"] = ("a", True, 40)
    assert names(known.oldest()) == "ba"
    assert (names(known.live()), list(known)) == ("ab", ["a", "b"])


def test_what_is_dropped_is_nowhere():
    known = kept(a=(True, 10), b=(True, 10))
    assert known.pop("a") == ("a", True, 10)
    assert (names(known.oldest()), names(known.live()), known.ended) == ("b", "b", 0)
    known.clear()
    assert (names(known.after(at(0))), names(known.live()), len(known)) == ("", "", 0)


def test_it_can_be_read_from_its_newest_arrival():
    assert list(reversed(kept(a=(True, 30), b=(True, 10)))) == ["b", "a"]

from datetime import timedelta

from xmpp_cem.core.vtn.members.knocking import FORGOTTEN_AFTER, MOST, Knocking
from xmpp_cem.testing.builders import NOW, at


def test_people_are_told_of_an_account_that_waits_once_an_hour():
    knocking = Knocking()
    (note,) = knocking.knock("a@h", NOW)
    assert (note.level, note.fields) == ("warning", (("account", "a@h"),))
    assert knocking.knock("a@h", at(60)) == []
    assert len(knocking.knock("a@h", at(3600))) == 1
    (knock,) = knocking.waiting(at(3600))
    assert (knock.first, knock.last, knock.times) == (NOW, at(3600), 3)


def test_however_many_knock_few_are_kept_and_the_first_stay():
    knocking = Knocking()
    for number in range(MOST + 50):
        knocking.knock(f"a{number}@h", at(number))
    waiting = knocking.waiting(at(200))
    assert len(waiting) == MOST
    assert knocking.of("a0@h") is not None
    assert knocking.unlisted == 50


def test_who_is_admitted_or_gives_up_is_listed_no_more():
    knocking = Knocking()
    knocking.knock("a@h", NOW)
    knocking.knock("b@h", NOW)
    knocking.let_in("a@h")
    assert [k.account for k in knocking.waiting(NOW)] == ["b@h"]
    assert knocking.waiting(NOW + FORGOTTEN_AFTER - timedelta(seconds=1)) != ()
    assert knocking.waiting(NOW + FORGOTTEN_AFTER) == ()

from datetime import UTC, datetime, timedelta

from xmpp_cem.demo.gathering import Gathering, target_of
from xmpp_cem.demo.plan import TARGET_W
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.model.availability import Availability

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
HERE = {"revision": 1, "availability": Availability.AVAILABLE}


def members(domain, *entries):
    made = (
        MemberEntry(party=f"{domain}-{n}", account=f"{domain}-{n}@example.org", **entry)
        for n, entry in enumerate(entries)
    )
    return DomainMembers(domain=domain, members=tuple(made))


def gathered(offered_w):
    made = Gathering(2)
    made.take(members("north", HERE))
    made.take(members("grid", HERE | {"decrease_w": offered_w}))
    return made


def test_it_begins_at_once_when_all_are_here_and_offer_enough():
    assert gathered(121_900).suffices(NOON)


def test_one_that_is_away_or_has_told_nothing_is_waited_for():
    made = gathered(121_900)
    for entry in (HERE | {"revision": 0}, HERE | {"availability": Availability.UNREACHABLE}):
        made.take(members("north", entry))
        assert not made.suffices(NOON + timedelta(hours=1))


def test_an_offer_that_leaves_out_a_device_is_not_taken_before_it_is_whole():
    made = gathered(91_000)
    assert not made.suffices(NOON)
    assert not made.suffices(NOON + timedelta(seconds=14))
    made.take(members("grid", HERE | {"decrease_w": 99_000}))
    assert made.suffices(NOON + timedelta(seconds=14))


def test_less_will_do_after_some_patience_but_not_too_little():
    for offered_w, will_do in ((91_000, True), (60_000, False)):
        made = gathered(offered_w)
        assert not made.suffices(NOON)
        assert made.suffices(NOON + timedelta(seconds=15)) is will_do


def test_what_is_asked_for_leaves_others_room_to_carry_one_that_drops_out():
    assert target_of(121_900) == TARGET_W
    assert target_of(91_000) == 56_000

from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Ping, SetTimer
from xmpp_cem.core.inputs import Heard, Link, LinkChanged, PresenceChanged, TimerFired
from xmpp_cem.core.vtn.members.liveness import LIVENESS_TIMER, Liveness
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    events_in,
    of_kind,
    request,
)

LEASE_S = 25
LOOK_S = 2.5


class Listening:
    """A liveness whose timer is run by hand."""

    def __init__(self, members=1):
        self.accounts = {f"m{n}": f"m{n}@{HOST}" for n in range(members)}
        self.liveness = Liveness(timedelta(seconds=LEASE_S))
        self.seconds = 0.0
        self.liveness.begin(at(0))
        for party in self.accounts:
            self.liveness.shown(party, at(0))

    def look(self):
        """Look once more, and return who has lapsed and who was pinged."""
        self.seconds += LOOK_S
        lapsed, effects = self.liveness.look(self.accounts, at(self.seconds))
        return lapsed, [str(ping.to) for ping in of_kind(effects, Ping)]

    def until(self, seconds):
        """Look until an instant; return all lapses and pings with their times."""
        lapses, pings = [], []
        while self.seconds + LOOK_S <= seconds:
            lapsed, pinged = self.look()
            lapses += [(self.seconds, party) for party in lapsed]
            pings += [(self.seconds, to) for to in pinged]
        return lapses, pings


def test_a_silent_member_is_pinged_and_lapses_with_its_lease():
    lapses, pings = Listening().until(30)
    assert lapses == [(25, "m0")]
    assert pings == [(15, f"m0@{HOST}/ven"), (25, f"m0@{HOST}/ven")]


def test_who_was_just_heard_is_not_pinged():
    listening = Listening()
    for seconds in range(10, 100, 10):
        assert listening.until(seconds) == ([], [])
        assert listening.liveness.heard("m0", at(seconds)) is False


def test_who_has_lapsed_is_asked_on_and_comes_back_with_its_first_sign():
    listening = Listening()
    _, pings = listening.until(60)
    assert [when for when, _ in pings] == [15, 25, 35, 45, 55]
    assert listening.liveness.heard("m0", at(61)) is True
    assert listening.liveness.heard("m0", at(62)) is False
    assert listening.until(70) == ([], [])


def test_who_is_gone_is_neither_pinged_nor_missed():
    listening = Listening()
    listening.liveness.gone("m0")
    assert listening.until(60) == ([], [])
    assert listening.liveness.heard("m0", at(61)) is False


def test_pings_of_many_are_spread_and_still_reach_all_in_time():
    listening = Listening(100)
    lapses, pings = listening.until(22.5)
    by_time = [when for when, _ in pings]
    assert {when: by_time.count(when) for when in set(by_time)} == {15: 50, 17.5: 50}
    assert len({to for _, to in pings}) == 100
    assert lapses == []


def test_what_we_slept_through_is_nobody_elses_silence():
    listening = Listening()
    listening.until(10)
    listening.seconds += 3600
    assert listening.look() == ([], [])
    lapses, _ = listening.until(listening.seconds + 30)
    assert [when - 3600 for when, _ in lapses] == [25]


def test_a_sign_of_life_before_the_look_that_was_late_is_not_moved_into_the_future():
    listening = Listening()
    listening.until(10)
    listening.liveness.heard("m0", at(609))
    listening.seconds = 607.5
    assert listening.look() == ([], [])
    lapses, _ = listening.until(650)
    assert [when for when, _ in lapses] == [635]


def test_two_timers_look_once():
    listening = Listening()
    listening.look()
    assert listening.liveness.look(listening.accounts, at(listening.seconds)) == ([], [])


def look_until(domain, last, first=0.0):
    """Run the domain's timer until an instant; return all effects with their times."""
    seconds, found = first, []
    while seconds < last:
        seconds += LOOK_S
        found += [(seconds, effect) for effect in domain.tell(TimerFired(LIVENESS_TIMER), seconds)]
    return found


@pytest.fixture
def pair():
    made = Domain("a", "b")
    made.lead()
    look_until(made, 0, -10)
    for member in ("a", "b"):
        made.register(member, 3000)
        made.presence(member)
    return made


def dispatched(domain):
    """Let the domain ask for half of what both can do."""
    from xmpp_cem.core.call import Call
    from xmpp_cem.model.time import Interval

    call = Call(
        event="00000000-0000-0000-0000-000000000001",
        signal=Delta(power_w=-2000),
        active=Interval(start=at(20), end=at(600)),
        answer_by=at(10),
    )
    domain.vtn.dispatching.create(call, at(0))
    event = events_in(domain.vtn.publish_changes(at(0)))[0]
    for member in ("a", "b"):
        domain.answer(member, event, -1000)
    return event


def test_the_part_of_a_frozen_member_is_divided_anew(pair):
    dispatched(pair)
    look_until(pair, 15)
    pair.tell(Heard(Link.LOWER, Jid(f"b@{HOST}", "ven")), 15)
    effects = look_until(pair, 25, 15)
    assert pair.vtn.members["a"].availability is Availability.UNREACHABLE
    assert pair.vtn.members["b"].availability is Availability.AVAILABLE
    changed = events_in([effect for _, effect in effects])
    assert [str(event.signal.multiplier) for event in changed] == ["0.666666667"]


@pytest.mark.parametrize("sign", ["ping", "request"])
def test_the_first_sign_of_life_brings_back_what_presence_had_shown(pair, sign):
    pair.presence("a", Availability.LIMITED, 1)
    look_until(pair, 30)
    assert pair.vtn.members["a"].availability is Availability.UNREACHABLE
    if sign == "ping":
        pair.tell(Heard(Link.LOWER, Jid(f"a@{HOST}", "ven")), 40)
    else:
        pair.tell(arrived(request(Verb.GET, Noun.CONFIG, "a"), "a"), 40)
    assert pair.vtn.members["a"].availability is Availability.LIMITED


def test_a_person_with_the_same_account_is_no_sign_of_life(pair):
    look_until(pair, 30)
    pair.tell(arrived(request(Verb.GET, Noun.CONFIG, "a"), "a", "phone"), 40)
    assert pair.vtn.members["a"].availability is Availability.UNREACHABLE


def test_who_never_showed_itself_is_not_made_available_by_a_message():
    made = Domain("a")
    made.lead()
    made.register("a", 3000)
    assert made.vtn.members["a"].availability is Availability.UNREACHABLE
    assert of_kind([effect for _, effect in look_until(made, 60)], Ping) == []


def test_a_new_presence_begins_a_new_lease(pair):
    look_until(pair, 30)
    pair.presence("a", seconds=31)
    assert pair.vtn.members["a"].availability is Availability.AVAILABLE
    look_until(pair, 52.5, 30)
    assert pair.vtn.members["a"].availability is Availability.AVAILABLE
    look_until(pair, 57.5, 52.5)
    assert pair.vtn.members["a"].availability is Availability.UNREACHABLE


def test_without_a_connection_nobody_is_pinged(pair):
    pair.tell(LinkChanged(Link.LOWER, is_up=False), 5)
    assert look_until(pair, 60, 5) == []
    again = pair.tell(LinkChanged(Link.LOWER, is_up=True), 61)
    keys = [timer.key for timer in of_kind(again, SetTimer)]
    assert keys == [LIVENESS_TIMER]


def test_a_member_whose_connection_ended_is_told_once(pair):
    gone = PresenceChanged(Link.LOWER, Jid(f"a@{HOST}", "ven"), is_available=False)
    pair.tell(gone, 5)
    assert pair.vtn.members["a"].availability is Availability.UNREACHABLE
    assert [e for _, e in look_until(pair, 60) if isinstance(e, Ping) and e.to.bare[0] == "a"] == []

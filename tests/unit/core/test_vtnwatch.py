from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Note, SetTimer, ShowPresence
from xmpp_cem.core.inputs import (
    Link,
    LinkChanged,
    PresenceChanged,
    ReplyArrived,
    RequestArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.ven.vtnwatch import VTN_TIMER, VtnWatch
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Result, Verb
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.resource import Resource
from xmpp_cem.testing.builders import HOST, at, of_kind, plain_digest, request

VTN = Jid(f"vtn@{HOST}", "vtn")
BEAT_S = 60


class Watching:
    """A watch that knows its heartbeat, and whose timer fires when it is due."""

    def __init__(self):
        self.watch = VtnWatch(VTN)
        self.due = self.watch.begin(at(0)).at
        self.take(self.watch.indexed(BEAT_S, at(0), is_newer=True))

    def take(self, effects):
        for timer in of_kind(effects, SetTimer):
            self.due = timer.at
        return effects

    def until(self, seconds):
        """Fire what is due until an instant; returns the notes."""
        notes = []
        while self.due is not None and self.due <= at(seconds):
            now, self.due = self.due, None
            notes += of_kind(self.take(self.watch.check(now)), Note)
        return [note.what for note in notes]


def test_a_vtn_that_falls_silent_is_noticed_within_three_heartbeats():
    watching = Watching()
    watching.take(watching.watch.indexed(BEAT_S, at(60), is_newer=True))
    assert watching.until(209) == []
    assert watching.watch.silent_since is None
    assert watching.until(60 + 3 * BEAT_S) == ["the VTN is silent"]
    assert watching.watch.silent_since == at(60)


def test_it_is_told_once_and_ends_with_the_next_sign():
    watching = Watching()
    assert watching.until(1000) == ["the VTN is silent"]
    effects = watching.take(watching.watch.heard(at(1001)))
    assert [note.what for note in of_kind(effects, Note)] == ["the VTN is heard again"]
    assert watching.watch.silent_since is None
    assert watching.until(1151) == ["the VTN is silent"]
    assert watching.watch.silent_since == at(1001)


def test_an_index_that_was_fetched_again_is_no_sign_of_life():
    watching = Watching()
    for seconds in (100, 140):
        watching.watch.indexed(BEAT_S, at(seconds), is_newer=False)
    assert watching.until(150) == ["the VTN is silent"]


def test_a_heartbeat_is_awaited_long_as_long_as_none_is_known():
    watch = VtnWatch(VTN)
    assert watch.begin(at(0)) == SetTimer(VTN_TIMER, at(750))
    assert watch.check(at(749)) == [SetTimer(VTN_TIMER, at(750))]
    timers = of_kind(watch.indexed(10, at(20), is_newer=False), SetTimer)
    assert timers == [SetTimer(VTN_TIMER, at(25))]
    assert [n.what for n in of_kind(watch.check(at(25)), Note)] == ["the VTN is silent"]


def test_who_slept_itself_lets_the_vtn_speak_before_judging():
    watching = Watching()
    late = watching.due + timedelta(hours=1)
    again = watching.watch.check(late)
    assert again == [SetTimer(VTN_TIMER, late + timedelta(seconds=10))]
    watching.watch.heard(late + timedelta(seconds=1))
    assert watching.watch.silent_since is None
    effects = watching.watch.check(late + timedelta(seconds=10))
    assert effects == [SetTimer(VTN_TIMER, late + timedelta(seconds=151))]


def test_a_vtn_that_stays_silent_after_we_slept_is_judged():
    watching = Watching()
    late = watching.due + timedelta(hours=1)
    watching.watch.check(late)
    assert of_kind(watching.watch.check(late + timedelta(seconds=10)), Note)
    assert watching.watch.silent_since == at(0)


@pytest.fixture
def ven():
    """A VEN that is connected to a VTN of which nothing is heard, and can do something."""
    made = Ven(VenSettings("site", "grid", VTN, plain_digest))
    made.handle(Started(), at(0))
    made.update((Resource(id="r", kind="test", decrease_w=1000),), at(0))
    made.handle(LinkChanged(Link.UPPER, is_up=True), at(1))
    return made


def silence(ven):
    return ven.handle(TimerFired(VTN_TIMER), at(750))


def test_a_silent_vtn_shows_in_our_presence_and_for_the_failsafe(ven):
    assert ven.vtn_silent_since is None
    shown = of_kind(silence(ven), ShowPresence)
    assert [s.note for s in shown] == ["VTN silent since 12:00:00 UTC"]
    assert ven.vtn_silent_since == at(0)


ASKED = request(Verb.CREATE, Noun.CONFIG, "site", EndDeviceConfig(party="site"))
HEADER = ASKED.header.model_copy(update={"verb": Verb.REPLY})
SIGNS = {
    "answer": ReplyArrived(Link.UPPER, ASKED, ResponseMessage(header=HEADER, result=Result.OK)),
    "request": RequestArrived(Link.UPPER, VTN, "t", request(Verb.GET, Noun.CONFIG, "vtn")),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_whatever_the_vtn_itself_says_ends_its_silence(ven, sign):
    silence(ven)
    effects = ven.handle(SIGNS[sign], at(800))
    assert ven.vtn_silent_since is None
    assert [s.note for s in of_kind(effects, ShowPresence)] == [""]


@pytest.mark.parametrize(
    "what",
    [
        PresenceChanged(
            Link.UPPER, VTN, is_available=True, leadership=Leadership(is_active=True, epoch=1)
        ),
        RequestArrived(
            Link.UPPER, Jid(f"liar@{HOST}", "vtn"), "t", request(Verb.GET, Noun.CONFIG, "vtn")
        ),
        LinkChanged(Link.UPPER, is_up=True),
    ],
    ids=["presence", "a request of somebody else", "a new connection"],
)
def test_what_anybody_could_show_is_no_sign_of_the_vtn(ven, what):
    silence(ven)
    ven.handle(what, at(800))
    assert ven.vtn_silent_since == at(0)


def test_without_a_connection_the_vtn_is_silent_too(ven):
    ven.handle(LinkChanged(Link.UPPER, is_up=False), at(10))
    assert of_kind(silence(ven), ShowPresence) == []
    assert ven.vtn_silent_since == at(0)

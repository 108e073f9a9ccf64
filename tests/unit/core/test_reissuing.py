"""A VTN whose store was put back hears from its members what it does not know any more."""

import pytest

from tests.unit.core.test_survey import WAIT, answer, fire, said, shows
from xmpp_cem.core.effects import Forget, Note, Publish, Remember
from xmpp_cem.core.inputs import Link, LinkChanged, NodesVerified, Started
from xmpp_cem.core.vtn.dispatch.standing import follows
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    capability,
    make_event,
    of_kind,
    request,
)

EVENT = make_event().id
START = (Started(), LinkChanged(Link.LOWER, is_up=True), NodesVerified(Link.LOWER, ()))


class Backed(Domain):
    """A VTN and its store, of which a copy can be put back."""

    def __init__(self):
        super().__init__("a", "b")
        self.store = {}
        self.lead()
        for member in ("a", "b"):
            shows(self, member)
            self.register(member, 3000)
        fire(self, WAIT)
        body = EndDeviceControls(events=(make_event(),))
        self.tell(arrived(request(Verb.CREATE, Noun.CONTROLS, "op", body), "op", "op-1"), 6)

    def tell(self, what, seconds=0.0):
        return self.keep(super().tell(what, seconds))

    def answer(self, *args, **more):
        return self.keep(super().answer(*args, **more))

    def keep(self, effects):
        for effect in effects:
            if isinstance(effect, Remember):
                self.store[effect.record.kind, effect.record.place] = effect.record
            elif isinstance(effect, Forget):
                del self.store[effect.record.kind, effect.record.place]
        return effects

    def begin_with(self, copy):
        """Start anew with an older store, at 20 s; members show themselves."""
        self.store = dict(copy)
        self.vtn = type(self.vtn)(self.settings)
        for record in copy.values():
            self.vtn.restore(record)
        for what in START:
            self.tell(what, 20)
        for member in ("a", "b"):
            shows(self, member, seconds=20.5)

    @property
    def event(self):
        return self.vtn.dispatching.dispatches[EVENT].event

    def part(self, member):
        return self.vtn.dispatching.parts[EVENT][member]

    def asks(self):
        """Return the members that are asked how events stand, with the query."""
        queries = fire(self, 20.5 + WAIT)
        return {
            query.to.bare.partition("@")[0]: query
            for query in queries
            if query.message.header.noun is Noun.EVENTS
        }

    def is_told(self, member, **body):
        query = self.asks()[member]
        return answer(self, query, member, EndDeviceEvents(**body), 27)


@pytest.fixture
def domain():
    return Backed()


def newest(effects):
    """Return the events that are published, by order."""
    bodies = [p.message.body for p in of_kind(effects, Publish)]
    return [e.order for b in bodies if isinstance(b, EndDeviceControls) for e in b.events]


def test_after_a_start_members_are_asked_about_what_they_have_answered_too(domain):
    domain.answer("a", domain.event, -500)
    domain.begin_with(domain.store)
    assert {m: q.message.names for m, q in domain.asks().items()} == {"a": (EVENT,), "b": (EVENT,)}


def test_they_are_asked_once_and_not_whenever_they_come_back(domain):
    domain.answer("a", domain.event, -500)
    domain.begin_with(domain.store)
    domain.is_told("a", answers=(domain.part("a").answer,))
    domain.presence("a", seconds=28)
    shows(domain, "a", seconds=29)
    assert fire(domain, 29 + WAIT) == []


def test_an_answer_that_the_store_has_forgotten_counts_again(domain):
    domain.answer("a", domain.event, -500)
    copy = dict(domain.store)
    domain.answer("a", domain.event, 0, sequence=2, seconds=8)
    no = domain.part("a").answer
    domain.begin_with(copy)
    assert domain.part("a").answer.opt is Opt.IN
    domain.is_told("a", answers=(no,))
    assert domain.part("a").answer == no


def test_an_event_whose_later_version_was_answered_is_published_anew(domain):
    for member in ("a", "b"):
        domain.answer(member, domain.event, domain.part(member).asked_w)
    copy, before = dict(domain.store), domain.event
    later = before.model_copy(update={"order": Order(epoch=before.order.epoch, modification=4)})
    domain.begin_with(copy)
    effects = domain.is_told("a", answers=(said(later, "a"),))
    (order,) = newest(effects)
    assert later.order < order == domain.event.order
    assert domain.event.active == before.active
    assert "a member knows a later version, published anew" in {
        note.what for note in of_kind(effects, Note)
    }


def test_an_event_that_a_member_knows_as_cancelled_is_published_anew(domain):
    domain.begin_with(domain.store)
    cancelled = Status(id=derived_id("s"), type=StatusType.CANCELLED, at=at(13), event=EVENT)
    assert newest(domain.is_told("a", statuses=(cancelled,))) == [domain.event.order]
    assert domain.event.order.epoch == domain.vtn._state.record.epoch


def test_what_is_published_in_the_present_epoch_is_not_published_anew(domain):
    cancelled = Status(id=derived_id("s"), type=StatusType.CANCELLED, at=at(13), event=EVENT)
    domain.begin_with(domain.store)
    domain.is_told("a", statuses=(cancelled,))
    order = domain.event.order
    domain.vtn._taking.standing("b", (cancelled,), at(30))
    assert domain.event.order == order


def test_an_event_that_is_cancelled_here_stays_as_it_is(domain):
    message = request(Verb.CANCEL, Noun.CONTROLS, "op", ids=(EVENT,))
    domain.tell(arrived(message, "op", "op-2"), 7)
    domain.begin_with(domain.store)
    before = domain.event
    later = before.model_copy(update={"order": Order(epoch=before.order.epoch, modification=4)})
    domain.vtn._taking.answer("a", said(later, "a"), at(21))
    assert before.status is EventStatus.CANCELLED
    assert domain.event == before


def test_a_member_that_has_forgotten_its_last_answer_is_believed(domain):
    domain.answer("a", domain.event, -500)
    yes = domain.part("a").answer
    domain.answer("a", domain.event, 0, sequence=2, seconds=8)
    domain.begin_with(domain.store)
    domain.is_told("a", answers=(yes,))
    assert domain.part("a").answer == yes


@pytest.mark.parametrize(
    ("sequence", "seconds", "when", "expected"),
    [
        (2, 5, None, True),
        (1, 6, None, True),
        (1, 4, None, False),
        (1, 4, 5, False),
        (1, 4, 6, True),
    ],
    ids=["later sequence", "later instant", "older", "said before the other", "said after it"],
)
def test_which_answer_takes_the_place_of_another(domain, sequence, seconds, when, expected):
    last, other = said_at(domain, 1, 5), said_at(domain, sequence, seconds)
    assert follows(other, last, None if when is None else at(when)) is expected


def said_at(domain, sequence, seconds):
    return said(domain.event, "a").model_copy(update={"sequence": sequence, "at": at(seconds)})


def test_a_member_that_has_started_anew_is_asked_again(domain):
    domain.answer("a", domain.event, -500)
    domain.begin_with(domain.store)
    domain.is_told("a", answers=(domain.part("a").answer,))
    body = EndDeviceConfig(party="a", capability=capability(3000))
    message = request(Verb.CREATE, Noun.CONFIG, "a", body)
    anew = message.model_copy(
        update={"header": message.header.model_copy(update={"epoch": 7, "sequence": 1})}
    )
    domain.tell(arrived(anew, "a"), 40)
    assert [q.to.bare for q in fire(domain, 40 + WAIT)] == [f"a@{HOST}"]

"""A member's share is of a capability that its VTN did not know: all take it of the present one."""

from decimal import Decimal

import pytest

from xmpp_cem.core.call import Call
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, arrived, at, capability, request

EVENT = derived_id("rebased")
CALL = Call(
    event=EVENT,
    signal=Delta(power_w=-8000),
    active=Interval(start=at(60), end=at(600)),
    answer_by=at(40),
)


class Restored(Domain):
    """A VTN that counts on 12 kW of `a`, whose newest capability of 6 kW its store has lost."""

    def __init__(self):
        super().__init__("a", "b")
        self.lead()
        for member, watts, revision in (("a", 12000, 1), ("b", 4000, 1)):
            self.can(member, watts, revision, -5)
            self.presence(member, seconds=-5)
        self.vtn.dispatching.create(CALL, at(0))

    def can(self, member, watts, revision, seconds):
        able = capability(watts, revision=revision)
        body = EndDeviceConfig(party=member, capability=able)
        self.tell(arrived(request(Verb.CHANGE, Noun.CONFIG, member, body), member), seconds)

    def takes_its_share(self, member, watts, revision, sequence, seconds):
        """Let a member promise its share of what it can do by a revision."""
        event = self.event
        power_w = -int(event.signal.multiplier * watts)
        answer = Answer(
            id=derived_id(member, EVENT),
            event=EVENT,
            order=event.order,
            opt=Opt.IN,
            power_w=power_w,
            revision=revision,
            sequence=sequence,
            at=at(seconds),
        )
        self.vtn.dispatching.answer(member, answer, at(seconds))

    @property
    def event(self):
        return self.vtn.dispatching.dispatches[EVENT].event

    @property
    def asked(self):
        return {p.party: p.asked_w for p in self.vtn.dispatching.parts[EVENT].values()}


@pytest.fixture
def domain():
    return Restored()


def test_a_share_of_what_was_not_known_makes_all_take_theirs_of_what_is(domain):
    domain.can("a", 6000, 3, 2)
    domain.takes_its_share("a", 6000, 2, 1, 3)
    assert domain.event.signal.basis == at(3)
    assert domain.event.signal.multiplier == Decimal("0.8")
    assert domain.asked == {"a": -4800, "b": -3200}
    assert [p.revision for p in domain.vtn.dispatching.parts[EVENT].values()] == [3, 1]


def test_it_is_divided_anew_once_and_not_every_second(domain):
    domain.can("a", 6000, 3, 2)
    domain.takes_its_share("a", 6000, 2, 1, 3)
    for seconds in range(4, 30):
        domain.takes_its_share("a", 6000, 3, seconds, seconds)
        domain.takes_its_share("b", 4000, 1, seconds, seconds + 0.5)
    dispatch = domain.vtn.dispatching.dispatches[EVENT]
    assert dispatch.redivisions == 1
    assert domain.vtn.dispatching.expected_w(dispatch, at(30)) == 8000


def test_who_is_away_then_comes_back_to_a_share_of_what_it_can_do(domain):
    domain.presence("b", Availability.UNREACHABLE, seconds=1)
    domain.can("b", 2000, 2, 2)
    domain.can("a", 6000, 3, 2)
    domain.takes_its_share("a", 6000, 2, 1, 3)
    assert domain.vtn.dispatching.parts[EVENT]["b"].limit_w == 2000


@pytest.mark.parametrize(
    ("registered", "answered"),
    [(2, 1), (1, 2), (1, 1)],
    ids=["changed since the event", "not registered yet", "nothing has changed"],
)
def test_the_basis_stays_while_it_means_what_was_counted_on_or_nothing_newer_is_known(
    domain, registered, answered
):
    basis = domain.event.signal.basis
    domain.can("a", 12000 if registered == 1 else 6000, registered, 2)
    domain.takes_its_share("a", 6000, answered, 1, 3)
    assert domain.vtn.dispatching.dispatches[EVENT].redivisions == 1
    assert domain.event.signal.basis == basis
    assert domain.vtn.dispatching.parts[EVENT]["a"].capability_w == 12000


@pytest.mark.parametrize(
    ("registered", "is_other"), [(7, False), (3, True)], ids=["on its way", "counts anew"]
)
def test_a_promise_of_an_older_revision_is_another_only_of_who_counts_anew(
    domain, registered, is_other
):
    parts, basis = domain.vtn.dispatching.parts[EVENT], domain.event.signal.basis
    parts["a"] = parts["a"].model_copy(update={"revision": 5})
    domain.can("a", 6000, registered, 2)
    domain.takes_its_share("a", 6000, 2, 1, 3)
    assert (domain.event.signal.basis != basis) is is_other


def test_who_was_seen_to_deliver_less_is_not_asked_for_more_by_a_new_basis(domain):
    parts = domain.vtn.dispatching.parts[EVENT]
    conduct = parts["a"].conduct.model_copy(update={"strikes": 1})
    less = {"conduct": conduct, "limit_w": 1000, "asked_w": -1000}
    parts["a"] = parts["a"].model_copy(update=less)
    domain.can("a", 6000, 3, 2)
    domain.takes_its_share("a", 6000, 2, 1, 3)
    assert (parts["a"].capability_w, parts["a"].limit_w) == (6000, 1000)

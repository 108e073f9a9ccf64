"""What a gateway shows above: added up member by member, the same as if reckoned from the start."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.gateway import Cascade
from xmpp_cem.core.cascade.contention import Contention
from xmpp_cem.core.cascade.folding import Folding
from xmpp_cem.core.cascade.showing import Crowd, virtual
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, request

MEMBERS = st.sampled_from(["a", "b"])
STEPS = st.one_of(
    st.tuples(st.just("can"), MEMBERS, st.integers(0, 5000)),
    st.tuples(st.just("shows"), MEMBERS, st.sampled_from(Availability)),
    st.tuples(st.just("reads"), MEMBERS, st.integers(-5000, 5000)),
)


def step(cascade, number, kind, member, what):
    match kind:
        case "can":
            cascade.register(member, what, number)
        case "shows":
            cascade.presence(member, what, number)
        case _:
            window = Interval(start=at(10 * number), end=at(10 * number + 10))
            reading = Reading(resource="r", window=window, power_w=what)
            body = MeterReadings(readings=(reading,))
            cascade.tell(arrived(request(Verb.CREATE, Noun.READINGS, member, body), member), number)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=20))
def test_what_is_shown_is_what_all_members_are_now(steps):
    cascade = Cascade()
    cascade.up()
    (lower,), (upper,) = cascade.gateway.lowers, cascade.gateway.uppers
    for number, each in enumerate(steps):
        step(cascade, number, *each)
    cascade.tell(TimerFired("cascade/tick"), 1000)
    folding = Folding()
    fresh = Crowd(lower, upper.domain, folding, Contention(lower.role.dispatching))
    fresh.look(lower.role.members, at(1000))
    shown = cascade.gateway._shows[upper.link].of(cascade.gateway._crowds[upper.link])
    made, counts = virtual("gw", (fresh,), folding)
    assert shown == (made, counts)
    parts = lower.role.members.values()
    there = [m for m in parts if m.availability is not Availability.UNREACHABLE]
    told = {m.party: m.capability.power_w if m.capability else 0 for m in there}
    seen = {party: lower.role.metering.power(party) for party in told}
    powers = [told[party] if w is None else w for party, w in seen.items()]
    assert (made.power_w, counts) == (sum(powers), (len(parts), len(there)))


def test_one_members_news_cost_the_same_whatever_the_number_of_members():
    for members in (2, 400):
        cascade = Cascade(*(f"m{number}" for number in range(members - 2)))
        cascade.up()
        (crowd,) = cascade.gateway._crowds[cascade.gateway.uppers[0].link]
        before = crowd.folds
        cascade.register("a", 2000, 5)
        assert crowd.folds == before + 1
        cascade.tell(TimerFired("cascade/tick"), 6)
        assert crowd.folds == before + 1

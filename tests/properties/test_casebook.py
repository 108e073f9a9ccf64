"""When events moved a member: the same as by looking through all cases, however they changed."""

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.settlement.cases import Case, SettlementTerms
from xmpp_cem.core.vtn.settling.casebook import Casebook
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import BaselineMethod
from xmpp_cem.model.time import Interval, united
from xmpp_cem.testing.builders import at

PARTIES = [f"p{number}" for number in range(12)]


@st.composite
def cases(draw):
    start = draw(st.integers(0, 50))
    return Case(
        event=derived_id("case", draw(st.integers(0, 9))),
        active=Interval(start=at(start), end=at(start + draw(st.integers(1, 20)))),
        moves=draw(st.booleans()),
        method=BaselineMethod.METER_BEFORE,
        parties=tuple(sorted(draw(st.sets(st.sampled_from(PARTIES))))),
        terms=SettlementTerms(),
    )


def moved(kept, but, party, since):
    return united(
        case.active
        for case in kept.values()
        if case.moves and party in case.parties and case.event != but and case.active.end > since
    )


@given(st.lists(st.one_of(cases(), st.integers(0, 70)), max_size=30), st.integers(0, 70))
def test_it_is_known_when_others_moved_a_member(steps, since):
    book, kept = Casebook(), {}
    for step in steps:
        if isinstance(step, Case):
            book.put(step)
            kept[step.event] = step
        else:
            book.sweep(iter(()), at(step))
            kept = {e: case for e, case in kept.items() if case.active.end >= at(step)}
    assert dict(book.cases) == kept
    for party in PARTIES:
        for case in [*kept.values(), *[s for s in steps if isinstance(s, Case)][:1]]:
            found = book.eventful(case, party, at(since))
            assert found == moved(kept, case.event, party, at(since))
    shelves = [shelf for shelf in book._narrow.values() if not shelf]
    assert shelves == []

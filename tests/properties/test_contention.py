"""Who goes first among domains above: kept until something changes, the same as looked at anew."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.test_cascade import Contested
from xmpp_cem.core.cascade.contention import Contention, held_below, taken_by_others
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.testing.builders import at

SOON = timedelta(seconds=10)
STEPS = st.one_of(
    st.tuples(st.just("asks"), st.sampled_from([1, 50, 100]), st.integers(0, 60)),
    st.tuples(st.just("says"), st.sampled_from("ab"), st.sampled_from([-3000, -1000, 0])),
    st.tuples(st.just("says until"), st.sampled_from("ab"), st.integers(20, 90)),
    st.tuples(st.just("cancels"), st.just(""), st.just(0)),
)


class Both(Contested):
    """Two domains above ask in turn."""

    def __init__(self):
        super().__init__()
        self.events, self.count = [], 0
        self.contention = Contention(self.loop)

    def step(self, kind, what, value, number, seconds):
        self.count += 1
        if kind == "asks":
            start = seconds + value
            made = self.call(
                self.count, f"dso-{self.count % 2}", priority=what, start=start, end=start + 20
            )
            self.loop.create(made, at(seconds))
            self.events.append(made.event)
        elif not self.events:
            return
        elif kind == "cancels":
            self.loop.cancel(self.events[number % len(self.events)], "no more", at(seconds))
        else:
            until = at(value) if kind == "says until" else None
            power_w = -1000 if until else value
            self.say_of(self.events[number % len(self.events)], what, power_w, until, seconds)
        self.loop.hold(self.contention.held(at(seconds)), at(seconds))

    def say_of(self, event, party, power_w, until, seconds):
        dispatch = self.loop.dispatches[event]
        answer = Answer(
            id=derived_id(party, self.count),
            event=event,
            order=dispatch.event.order,
            opt=Opt.IN if power_w else Opt.OUT,
            power_w=power_w,
            revision=1,
            sequence=self.count,
            at=at(seconds),
            until=until,
        )
        self.loop.answer(party, answer, at(seconds))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(0, 3), st.integers(-2, 9)), max_size=20))
def test_what_is_kept_is_what_a_new_look_finds(steps):
    both, seconds = Both(), 0
    for (kind, what, value), number, later in steps:
        seconds += later
        both.step(kind, what, value, number, seconds)
        now = at(seconds)
        assert both.contention.held(now) == held_below(both.loop, now)
        for origin in ("dso-0", "dso-1", "dso-2"):
            found = taken_by_others(both.loop, origin, now, SOON)
            assert both.contention.taken(origin, now, SOON) == found


def test_who_is_committed_soon_is_taken_from_then_on():
    both = Both()
    both.step("asks", 100, 60, 0, 0)
    both.step("says", "a", -1500, 0, 1)
    seen = [both.contention.taken("dso-2", at(seconds), SOON) for seconds in (49, 50, 51)]
    assert seen == [frozenset(), frozenset(), frozenset("a")]

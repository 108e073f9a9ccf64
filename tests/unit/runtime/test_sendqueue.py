from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.queueing import Rank
from xmpp_cem.runtime.sendqueue import SendQueue
from xmpp_cem.runtime.shedding import may_yield, sending_rank

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
KINDS = ("publish", "status", "readings", "retract", "transact")
ENTRIES = st.builds(
    lambda kind, item, number: Outgoing(f"{number}", "lower", kind, "n", item, b"", NEVER),
    st.sampled_from(KINDS),
    st.sampled_from("xyz"),
    st.integers(0, 5),
)
DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), ENTRIES),
        st.tuples(st.sampled_from(["take", "give back", "done", "shed"]), st.none()),
    )
)


class Plain:
    """The same, by looking through all that waits."""

    def __init__(self):
        self.queue, self.trying = [], None

    def add(self, entry):
        same = [e for e in self.queue if entry.kind != "transact" != e.kind]
        same = [e for e in same if e.item_id == entry.item_id and e is not self.trying]
        self.queue = [e for e in self.queue if not same or e is not same[-1]]
        self.queue.append(entry)

    def next(self):
        return min(self.queue, key=lambda e: sending_rank(e) is Rank.TELEMETRY)


def step(queue, plain, doing, entry):
    match doing:
        case "add":
            fresh = Outgoing(**vars(entry))
            queue.add(fresh)
            plain.add(fresh)
        case "take" if plain.queue and plain.trying is None:
            plain.trying = queue.take()
            assert plain.trying is plain.next()
        case "give back":
            queue.give_back()
            plain.trying = None
        case "done" if plain.trying is not None:
            queue.done()
            plain.queue = [e for e in plain.queue if e is not plain.trying]
            plain.trying = None
        case "shed" if able := [(p, e) for p, e in queue.waiting() if may_yield(e)]:
            place, gone = able[0]
            queue.remove(place)
            plain.queue = [e for e in plain.queue if e is not gone]


@given(DOINGS)
def test_a_queue_holds_what_looking_through_all_of_it_would(doings):
    queue, plain = SendQueue(), Plain()
    for doing, entry in doings:
        step(queue, plain, doing, entry)
        waiting = [e for _, e in queue.waiting()]
        assert sorted(map(id, waiting)) == sorted(
            id(e) for e in plain.queue if e is not plain.trying
        )
        assert len(queue) == len(plain.queue)
        assert queue.able == sum(map(may_yield, plain.queue))
        assert all(queue.holds(e.id) for e in plain.queue)
        assert queue.holds("9") is False


def test_what_was_tried_and_given_back_is_replaced_though_a_newer_one_was_shed():
    queue = SendQueue()
    old, newer, newest = (Outgoing(n, "lower", "status", "n", "x", b"", NEVER) for n in "abc")
    queue.add(old)
    queue.take()
    queue.add(newer)
    queue.give_back()
    queue.remove(next(place for place, each in queue.waiting() if each is newer))
    assert queue.add(newest) is old
    assert [each for _, each in queue.waiting()] == [newest]

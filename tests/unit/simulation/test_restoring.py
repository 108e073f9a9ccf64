"""An older copy of a store is put back: what was forgotten is made good, and the audit knows."""

from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.core.records import Dispatch
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.vtn.dispatch import rebasing
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.keeping import Batch, Outgoing, Row
from xmpp_cem.runtime.journal import write_record
from xmpp_cem.simulation.books import read_books
from xmpp_cem.simulation.edits import Edit, edited
from xmpp_cem.simulation.evidence import Committed, Evidence, PutBack
from xmpp_cem.simulation.play import play
from xmpp_cem.simulation.terms import Terms, Tree
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.builders import NOW, make_event

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
RESTORED = Terms(is_restored=True)
TREES = Terms(Tree(parties=10, levels=4), is_restored=True)


def entry(name):
    return Outgoing(name, "lower", "publish", "n", name, b"", NEVER)


async def test_a_copy_of_a_store_does_not_follow_it():
    store = MemoryStore()
    await store.open()
    await store.commit(Batch(put=[Row(kind="k", key="1", value=b"a")], send=[entry("x")]))
    copy = store.copied()
    await store.commit(Batch(put=[Row(kind="k", key="1", value=b"b")], sent=["x"]))
    await copy.open()
    kept = await copy.load()
    assert [row.value for row in kept.records] == [b"a"]
    assert [waiting.id for waiting in kept.outbox] == ["x"]


def test_a_book_forgets_what_came_after_the_copy():
    first, later = make_event(), make_event(modification=1)
    other = make_event().model_copy(update={"id": "other"})

    def commit(number, event, **more):
        row = write_record(Dispatch(event=event, target_w=-1000))
        return Committed(number, NOW + timedelta(seconds=number), "p", Batch(put=[row], **more))

    evidence = Evidence(lambda: NOW)
    evidence.commits += [
        commit(1, first, send=[entry("x")]),
        commit(3, later, sent=["x"], send=[entry("y")]),
        commit(4, other),
    ]
    evidence.put_back.append(PutBack(5, NOW, "p", copied=2))
    evidence.commits.append(Committed(6, NOW, "p", Batch()))
    book = read_books(evidence)["p"]
    assert {key: known.event.order for key, known in book.last(Dispatch).items()} == {
        first.id: first.order
    }
    assert list(book.outbox) == ["x"]


@pytest.mark.slow
def test_no_seed_with_a_store_that_is_put_back_breaks_a_promise():
    made = [play(seed, RESTORED, is_told=seed == 1) for seed in range(1, 31)]
    assert [(each.seed, each.broken) for each in made if each.broken] == []
    assert any("--- is put back" in line for line in made[0].story)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "terms", "seed"),
    [
        (Edit(EventBook, "_omitted", "known.is_live and", "False and"), RESTORED, 13),
        (
            Edit(VtnState, "start", "max(self.record.epoch + 1,", "(self.record.epoch or"),
            RESTORED,
            16,
        ),
        (Edit(rebasing, "_is_of_another", "return is_anew or (", "return False and ("), TREES, 25),
    ],
    ids=[
        "what is not listed lives on",
        "a store goes on in its old epoch",
        "a share is of another capability for ever",
    ],
)
def test_the_audit_sees_a_bug_that_a_store_put_back_shows(bug, terms, seed):
    assert play(seed, terms).broken == ()
    with edited(bug):
        assert play(seed, terms).broken

from dataclasses import replace
from datetime import UTC, datetime

from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.store.outbox import Outbox

FIRST = Outgoing("m1", "up", "publish", "node", "x", b"", datetime(2025, 4, 10, 12, tzinfo=UTC))


def outbox_of(*entries: Outgoing) -> Outbox:
    outbox = Outbox()
    for entry in entries:
        outbox.add(entry)
    return outbox


def test_a_superseded_entry_that_comes_again_goes_to_the_end():
    second, other = replace(FIRST, id="m2"), replace(FIRST, id="m3", item_id="y")
    assert outbox_of(FIRST, second, other, FIRST).entries == (other, FIRST)


def test_an_entry_that_changes_its_item_no_longer_stands_for_the_old_one():
    moved, second = replace(FIRST, item_id="y"), replace(FIRST, id="m2")
    assert outbox_of(FIRST, moved, second).entries == (moved, second)


def test_a_removed_entry_leaves_nothing_to_supersede():
    outbox = outbox_of(FIRST)
    outbox.remove("m1")
    outbox.add(replace(FIRST, id="m2"))
    assert [entry.id for entry in outbox.entries] == ["m2"]

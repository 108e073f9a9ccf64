"""What the harness does inside a party: it dies at the commit that was named, and is disordered."""

import asyncio
import json
import subprocess
import sys
from datetime import timedelta

import pytest

from xmpp_cem.chaos.party import MOMENTS, Disorder, SteppedClock
from xmpp_cem.chaos.stores import Shelf
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, LinkDown, PresenceSeen

pytestmark = pytest.mark.slow

DYING = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from xmpp_cem.chaos.party import MortalStore
from xmpp_cem.model.keeping import Batch, Journalled

async def main(place, order):
    store = MortalStore(Path(place), Path(order))
    await store.open()
    for kind in ("Started", "Decided", "Measured"):
        await store.commit(Batch(journal=[Journalled(datetime.now(UTC), kind, b"{}")]))
        if kind == "Decided":
            print("went on", flush=True)
            await asyncio.sleep(5 if sys.argv[3] == "sent" else 0)

asyncio.run(main(*sys.argv[1:3]))
"""


def dies(tmp_path, kind, moment):
    """Return how a process ended that was to die at a commit, what it said and what it kept."""
    store, order = tmp_path / "store.sqlite", tmp_path / "party.die"
    order.write_text(json.dumps([kind, moment]))
    command = [sys.executable, "-c", DYING, str(store), str(order), moment]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert order.exists() == (ended.returncode == 0)
    return ended.returncode, ended.stdout, Shelf(store).kinds()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "said", "kept"),
    [
        ("before", "", ["Started"]),
        ("after", "", ["Decided", "Started"]),
        ("sent", "went on\n", ["Decided", "Started"]),
    ],
)
def test_a_party_dies_at_each_moment_of_the_commit_that_was_named(tmp_path, moment, said, kept):
    assert moment in MOMENTS
    assert dies(tmp_path, "Decided", moment) == (-9, said, kept)


@pytest.mark.slow
def test_a_party_lives_where_the_commit_does_not_come(tmp_path):
    assert dies(tmp_path, "ItemReceived", "before")[0] == 0


def item(number):
    return Delivery(Jid("pubsub.x"), "node", str(number), b"<a/>")


def presence(number, sender="a@x/ven"):
    return PresenceSeen(Jid.parse(sender), is_available=True, status=str(number))


async def test_everything_is_passed_on_in_its_order_without_the_file(tmp_path):
    seen = []
    disorder = Disorder(seen.append, tmp_path / "off")
    everything = [item(1), presence(1), item(2), LinkDown("gone")]
    for one in everything:
        disorder.take(one)
    assert seen == everything


async def test_items_overtake_each_other_and_presences_of_one_sender_do_not(tmp_path):
    seen, done = [], asyncio.Event()
    everything = [one for n in range(30) for one in (item(n), presence(n), presence(n, "b@x/ven"))]

    def deliver(one):
        seen.append(one)
        if len(seen) == len(everything):
            done.set()

    switch = tmp_path / "on"
    switch.touch()
    disorder = Disorder(deliver, switch)
    for one in everything:
        disorder.take(one)
    await asyncio.wait_for(done.wait(), 5)
    items = [one for one in seen if isinstance(one, Delivery)]
    assert items != sorted(items, key=everything.index)
    assert sorted(items, key=everything.index) == [item(n) for n in range(30)]
    for sender in ("a@x/ven", "b@x/ven"):
        presences = [
            one for one in seen if getattr(one, "status", "") and str(one.sender) == sender
        ]
        assert presences == [presence(n, sender) for n in range(30)]


async def test_what_was_held_comes_before_the_end_of_its_connection(tmp_path):
    seen = []
    switch = tmp_path / "on"
    switch.touch()
    disorder = Disorder(seen.append, switch)
    disorder.take(item(1))
    assert seen == []
    disorder.take(LinkDown("gone"))
    assert seen == [item(1), LinkDown("gone")]


def test_a_clock_shows_what_a_file_says_while_it_exists(tmp_path, monkeypatch):
    looked = iter(range(10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(looked)))
    steps = tmp_path / "party.clock"
    clock = SteppedClock(steps)
    before = clock.now()
    steps.write_text("-3600")
    assert timedelta(minutes=59) < before - clock.now() < timedelta(minutes=61)
    steps.unlink()
    assert before <= clock.now() < before + timedelta(minutes=1)

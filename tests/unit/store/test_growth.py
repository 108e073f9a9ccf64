"""The sizes in docs/explanation/growth.md are those of real rows, and the bounds hold."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from xmpp_cem.core.inputs import Link, Measured, ReplyArrived, TimerFired
from xmpp_cem.core.kept import Report
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.records import Asker, Commitment, Dispatch, Member, Part
from xmpp_cem.core.settlement.cases import Baseline, Block, Replies, Reply, Step, Version
from xmpp_cem.core.settlement.entries import entry_of, line_of
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.keeping import Batch, Outgoing, Received, Retention
from xmpp_cem.model.position import Position
from xmpp_cem.model.programme import BaselineMethod
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.runtime import journal
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.testing.builders import (
    HOST,
    NOW,
    arrived,
    at,
    capability,
    make_event,
    plain_digest,
    request,
    share_of,
)
from xmpp_cem.wire.codec import encode

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "growth.md"
pytestmark = pytest.mark.slow

COUNT = 2000
SITE = "site-0123"


def event(number):
    return make_event(number, signal=share_of("0.123456789"), reason="a congested feeder")


def answer(number):
    return Answer(
        id=derived_id("answer", number),
        event=event(number).id,
        order=event(number).order,
        opt=Opt.IN,
        power_w=-1500,
        revision=12,
        sequence=2,
        at=at(5),
        reason="agreed",
    )


def readings(number, resources=1):
    window = Interval(start=at(10 * number), end=at(10 * number + 10))
    return tuple(
        Reading(resource=f"{SITE}-battery-{n}", window=window, power_w=-4321, import_wh=123456789)
        for n in range(resources)
    )


def report(number, resources=1):
    position = Position(1_768_478_400, number)
    return Report(position=position, readings=readings(number, resources))


def sample(number):
    return Sample(
        resource=f"{SITE}-battery",
        kind="battery",
        power_w=-number,
        increase_w=5000,
        decrease_w=5000,
        import_wh=123456789,
        stored_wh=10_000,
    )


def dispatch(number):
    asker = Asker(address=f"operator@{HOST}/op-grid", message_id=derived_id(number))
    why = f"{SITE} opted out (not today)"
    return Dispatch(event=event(number), target_w=-60_000, why=why, redivisions=3, asker=asker)


def part(number):
    return Part(
        event=event(1).id,
        party=f"site-{number:04d}",
        capability_w=5000,
        limit_w=5000,
        asked_w=-1500,
        answer=answer(number),
        baseline_w=4800,
        delivered_w=-1490,
        delivered_ws=-1_341_000,
        measured_s=900,
        until=at(900),
    )


def commitment(number):
    return Commitment(
        event=event(number),
        digest=plain_digest(event(1)),
        asked_w=-1500,
        revision=12,
        status=EventStatus.COMPLETED,
        answer=answer(number),
        baselines=((f"{SITE}-battery", 4800),),
        limits=((f"{SITE}-battery", 5000),),
        shares=((f"{SITE}-battery", -1500),),
    )


def member(number):
    party = f"site-{number:04d}"
    position = Position(1_768_478_400, number)
    offered = capability(resource=f"{party}-battery")
    account = f"{party}@xmpp.example.org"
    return Member(party=party, account=account, capability=offered, last_heard=NOW, known=position)


def block(number, length_s, count):
    """Return a block of windows that follow each other."""
    start = at(86_400 * number)
    lines = []
    for n in range(count):
        window = Interval(
            start=start + timedelta(seconds=n * length_s),
            end=start + timedelta(seconds=(n + 1) * length_s),
        )
        reading = Reading(
            resource=SITE, window=window, power_w=-4321, import_wh=123456789, export_wh=345678
        )
        lines.append(line_of(entry_of(reading, window.end), start))
    whole = 86_400 if length_s * count > 900 else 900
    text = "\n".join(lines)
    resource = f"{SITE}-battery"
    return Block(party=SITE, resource=resource, start=start, length_s=whole, text=text)


def version(number):
    return Version(event=event(number), target_w=-60_000, at=NOW, why=f"{SITE} opted out (no)")


def replies(number):
    told = tuple(Reply(at=at(5), answer=answer(number)) for _ in range(2))
    return Replies(event=event(number).id, party=SITE, replies=told)


def baseline(number):
    """Return the baseline of an hour, by days."""
    hour = [Interval(start=at(900 * n), end=at(900 * n + 900)) for n in range(4)]
    return Baseline(
        event=event(number).id,
        party=SITE,
        resource=f"{SITE}-battery",
        id=derived_id("baseline", number),
        revision=1,
        active=Interval(start=hour[0].start, end=hour[-1].end),
        method=BaselineMethod.SAME_TIME_OF_DAYS,
        made=NOW,
        steps=tuple(Step(interval=each, power_w=4321) for each in hour),
        basis=tuple(Step(interval=each, power_w=4321) for each in hour * 2),
        days=tuple(NOW.date() for _ in range(8)),
        adjustment_w=-123,
    )


def asked(number):
    body = MeterReadings(readings=readings(number))
    return request(Verb.CREATE, Noun.READINGS, SITE, body)


def sent(number):
    payload = encode(asked(number))
    identity, to = derived_id(number), f"vtn-grid@{HOST}/vtn"
    return Outgoing(identity, "upper", "transact", to, "", payload, NOW)


def replied(number):
    reply = encode(Letters("grid").reply(asked(number), NOW))
    return Received(f"{SITE}@xmpp.example.org", derived_id(number), reply, NOW)


def row(record):
    return Batch(put=[journal.write_record(record)])


def told(what):
    return Batch(journal=[journal.write(what, NOW)])


ROWS = {
    "an ended event": lambda n: row(dispatch(n)),
    "a member's part in it": lambda n: row(part(n)),
    "a commitment of a VEN": lambda n: row(commitment(n)),
    "a report of one resource": lambda n: row(report(n)),
    "a quarter-hour of 10 s readings of one resource": lambda n: row(block(n, 10, 90)),
    "a day of folded readings of one resource": lambda n: row(block(n, 900, 96)),
    "a version of an event, kept for its settlement": lambda n: row(version(n)),
    "a member's answers to an event, two of them": lambda n: row(replies(n)),
    "a baseline of one resource for an hour": lambda n: row(baseline(n)),
    "a member": lambda n: row(member(n)),
    "a given answer": lambda n: Batch(received=[replied(n)]),
    "an entry of the outbox": lambda n: Batch(send=[sent(n)]),
    "an input: a timer": lambda n: told(TimerFired(f"site/{n % 10}")),
    "an input: a look at one device": lambda n: told(Measured((sample(n),))),
    "an input: a report of one resource": lambda n: told(arrived(asked(n), SITE)),
    "an input: a reply": lambda n: told(
        ReplyArrived(Link.UPPER, asked(n), Letters("grid").reply(asked(n), NOW))
    ),
}


def told_sizes():
    found = re.findall(r"^\| ([a-z][^|]+?) \| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    return {name: int(size) for name, size in found}


def merged(batches):
    whole = Batch()
    for batch in batches:
        for name, values in vars(batch).items():
            getattr(whole, name).extend(values)
    return whole


async def size_of(path, batch):
    store = DatabaseStore(path)
    await store.open()
    empty = path.stat().st_size
    await store.commit(batch)
    await store.close()
    return path.stat().st_size - empty


@pytest.mark.parametrize("name", ROWS)
async def test_a_row_is_as_large_as_the_page_says(tmp_path, name):
    batch = merged(ROWS[name](number) for number in range(COUNT))
    measured = await size_of(tmp_path / "store.sqlite", batch) / COUNT
    assert 0.8 * told_sizes()[name] <= measured <= told_sizes()[name], f"{name}: {measured:.0f}"


@pytest.mark.slow
async def test_a_store_that_is_used_for_ever_stops_growing(tmp_path):
    """Fifty times what is kept passes through it; the file is as large as after the tenth part."""
    path = tmp_path / "store.sqlite"
    store = DatabaseStore(path)
    await store.open()
    kept = Retention(journal_rows=200, replies=100)
    inputs = told(arrived(asked(1), SITE)).journal * 250
    answered, waiting = replied(1), sent(1)
    sizes = []
    for turn in range(50):
        names = [derived_id(turn, n) for n in range(125)]
        received = [replace(answered, message_id=name) for name in names]
        await store.commit(Batch(journal=inputs, received=received))
        await store.commit(Batch(send=[replace(waiting, id=name) for name in names]))
        await store.commit(Batch(sent=names))
        await store.prune(NOW, kept)
        log = path.with_name("store.sqlite-wal").stat().st_size
        sizes.append(path.stat().st_size + log)
    await store.close()
    assert max(sizes) <= 8 * 2**20
    assert max(sizes[5:]) <= 1.1 * max(sizes[:5])
    assert path.stat().st_size <= 1.5 * 2**20

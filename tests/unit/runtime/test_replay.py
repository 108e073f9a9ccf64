"""Equal histories give equal effects: what `runtime/journal.py` is for."""

import pytest

from xmpp_cem.core.inputs import Started
from xmpp_cem.model.answer import Opt
from xmpp_cem.runtime import journal
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import MemoryCarrier
from xmpp_cem.testing.meter import Meter
from xmpp_cem.testing.world import World

HOST = "x.example"
DOMAINS = {"grid": "vtn-grid", "agg-sites": "vtn-agg-sites"}
PARTIES = ("grid", "agg", "site-1", "site-2")


def built():
    stores = {}
    carrier = MemoryCarrier("prosody", HOST, DOMAINS)
    world = World(carrier, lambda party: stores.setdefault(party, MemoryStore()))
    world.vtn("grid", "agg")
    world.gateway("agg", "grid", "site-1", "site-2")
    world.site("site-1", "agg-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "agg-sites", Meter("m2", 5000, 3000))
    return world, stores


def recorded(role):
    """Note everything that a role is told and what it does about it."""
    history, handle = [], role.handle

    def handling(what, now):
        effects = handle(what, now)
        history.append((what, now, effects))
        return effects

    role.handle = handling
    return history


@pytest.fixture
async def lived():
    """A hierarchy through which an event went, with an override and a lost site."""
    world, stores = built()
    histories = {name: recorded(world.parties[name].engine._role) for name in PARTIES}
    world.start()
    operator = await world.operator("grid")

    async def is_ready():
        (member,) = (await operator.members()).members
        return member.decrease_w == 6000

    await world.until(is_ready, 40)
    event = await operator.dispatch(1, -3000, start_in=6, answer_in=5, seconds=30)

    async def answered():
        (share,) = (await operator.record(event)).shares
        return share.opt is Opt.IN

    await world.until(answered)
    await world.until(lambda: world.meters["site-1"].power_w == 3500)
    world.meters["site-1"].is_overridden = True
    await world.until(lambda: world.meters["site-2"].power_w == 2000)
    await world.stop("site-2")
    await world.until(lambda: world.clock.now().second % 10 == 0, 60)
    await operator.stop()
    for name in ("grid", "agg", "site-1"):
        store = stores[name]
        rows = await store.journal(10**6)
        histories[name] = histories[name], rows
    await world.stop()
    return histories


@pytest.mark.parametrize("party", ["grid", "agg", "site-1"])
async def test_a_journal_replayed_into_a_fresh_role_gives_the_same_effects(lived, party):
    history, rows = lived[party]
    fresh = built()[0].parties[party].engine._role
    replayed = [journal.read(row) for row in rows]
    assert isinstance(replayed[0], Started)
    assert len(rows) > 25
    told = [(what, now) for what, now, _ in history[: len(rows)]]
    assert [(what, row.at) for what, row in zip(replayed, rows, strict=True)] == told
    for (_, _, effects), what, row in zip(history, replayed, rows, strict=False):
        assert fresh.handle(what, row.at) == effects

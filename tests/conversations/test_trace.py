"""An operator follows one event through all levels: shares, answers, times, and why."""

import pytest
from rich.console import Console

from xmpp_cem.agents.tracing import Told, trace
from xmpp_cem.cli.trace import tree_of
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import lower_event_id
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]

DOMAINS = ("agg-1-sites", "grid")


@pytest.fixture
async def operators(world):
    """A grid with a gateway, two sites below that and one beside it; an operator in each domain."""
    world.vtn("grid", "agg-1", "site-3")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "agg-1-sites", Meter("m2", 8000, 6000))
    world.site("site-3", "grid", Meter("m3", 6000, 3000))
    world.start()
    clients = {domain: await world.operator(domain) for domain in DOMAINS}

    async def is_ready():
        members = (await clients["grid"].members()).members
        return {each.party: each.decrease_w for each in members} == {"agg-1": 9000, "site-3": 3000}

    await world.until(is_ready, 60)
    yield clients
    for client in clients.values():
        await client.stop()


def asking(clients):
    """Return how an operator asks a domain for an event."""

    async def ask(domain, event):
        if domain not in clients:
            return "not allowed"
        try:
            reply = await clients[domain].ask(Verb.GET, Noun.DISPATCH, ids=(event,))
        except TransportError as error:
            return str(error)
        is_known = isinstance(reply.body, DispatchRecord)
        return Told(reply.header.source, reply.body) if is_known else None

    return ask


def printed(found):
    console = Console(width=400, force_terminal=False)
    with console.capture() as shown:
        console.print(tree_of(found.root))
    return [line.lstrip("│├└─ ").rstrip() for line in shown.get().splitlines()]


async def test_the_whole_tree_tells_who_was_asked_who_answered_and_why_it_was_divided_anew(
    world, operators
):
    event = await operators["grid"].dispatch(97, -6000, start_in=8, answer_in=6, seconds=120)

    async def is_promised():
        shares = (await operators["grid"].record(event)).shares
        return [(s.opt, s.promised_w) for s in shares] == [(Opt.IN, -4500), (Opt.IN, -1500)]

    await world.until(is_promised, 20)
    await world.until(lambda: world.meters["site-1"].power_w == 3500, 20)
    world.meters["site-1"].is_overridden = True
    await world.until(lambda: world.meters["site-2"].power_w == 3500, 30)
    below = lower_event_id(event, "agg-1-sites")
    for known in (event, below):
        found = await trace(known, DOMAINS, asking(operators))
        assert found.silent == {}
        top, agg, lower, site_1, site_2, site_3 = printed(found)
        assert top.startswith(f"grid (grid) near {event}") or f"active {event}" in top
        assert "asked -6.0 kW, promised -6.0 kW" in top
        assert agg.startswith("agg-1 opted-in: asked -4.5 kW, promised -4.5 kW")
        assert lower.startswith("agg-1-sites (agg-1) ")
        assert below in lower
        why = lower.partition("divided anew 1 times; ")[2]
        assert why.startswith(("site-1 is opted-out", "site-1 opted-out (local override)"))
        assert site_1.startswith("site-1 opted-out: asked ")
        assert site_2.startswith("site-2 opted-in: asked -4.5 kW, promised -4.5 kW")
        assert site_3.startswith("site-3 opted-in: asked -1.5 kW, promised -1.5 kW")
    partly = await trace(below, DOMAINS, asking({"agg-1-sites": operators["agg-1-sites"]}))
    assert partly.silent == {"grid": "not allowed"}
    assert partly.root.told.record.domain == "agg-1-sites"
    alone = await operators["grid"].record(event)
    assert "site-1" not in alone.model_dump_json()  # names of members stay below

"""What an operator sees and mends when somebody has changed a domain's nodes."""

import asyncio
from datetime import timedelta

import pytest

from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Affiliation, NodeSpec, events_node
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


async def meddled(world, spec):
    """Change a node with the VTN's own account, as a careless administrator would."""
    address = Jid(f"vtn-grid@{world.carrier.host}", "admin")
    stream = world.carrier.stream(address, lambda _: None, lambda _: False, set())
    running = asyncio.get_running_loop().create_task(stream.run())
    try:
        await world.until(lambda: stream.is_up)
        service = world.carrier.service("grid")
        changing = asyncio.ensure_future(stream.ensure_node(service, spec, repair=True))
        await world.until(changing.done)
        return changing.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def drift_of(reply):
    return {node.name: node.drift for node in reply.body.nodes if node.drift}


async def test_drift_is_shown_repaired_only_on_request_and_harms_no_event(world):
    world.heartbeat = timedelta(seconds=2)
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    clean = await operator.ask(Verb.GET, Noun.NODES)
    assert clean.body.nodes
    assert drift_of(clean) == {}

    node = events_node("grid")
    stranger = {world.account("outsider"): Affiliation.MEMBER}
    mine = NodeSpec(node, "mine", "not as it was", max_items=5, affiliations=stranger)
    await meddled(world, mine)
    seen = await operator.ask(Verb.GET, Noun.NODES)
    assert set(drift_of(seen)) == {node}
    text = " ".join(drift_of(seen)[node])
    for what in ("mine", "max_items", "outsider"):
        assert what in text
    again = await operator.ask(Verb.GET, Noun.NODES)
    assert drift_of(again) == drift_of(seen), "looking repairs nothing"

    repaired = await operator.ask(Verb.EXECUTE, Noun.NODES)
    assert [n.name for n in repaired.body.nodes if n.was_repaired] == [node]
    assert drift_of(await operator.ask(Verb.GET, Noun.NODES)) == {}

    # The service has forgotten the VEN, which notices that no heartbeat comes.
    event = await operator.dispatch(41, -1000, start_in=40, answer_in=38)

    async def opted_in():
        record = await operator.record(event)
        return [share.opt for share in record.shares] == [Opt.IN]

    await world.until(opted_in, 40)
    await operator.stop()

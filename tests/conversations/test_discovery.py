"""Who knows only a host, or a service and a domain's id, finds the rest (design: discovery)."""

import asyncio
import contextlib

import pytest

from xmpp_cem.agents.discovery import Found, find_domains, the_card
from xmpp_cem.errors import ConfigError
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.node import Access, NodeSpec, Uplink
from xmpp_cem.wire.codec import encode

pytestmark = [pytest.mark.timeout(120)]


@contextlib.asynccontextmanager
async def connected(world, account, connection):
    address = Jid(world.account(account), connection)
    stream = world.carrier.stream(address, lambda _: None, lambda _: True, set())
    running = asyncio.get_running_loop().create_task(stream.run())
    try:
        await world.until(lambda: stream.is_up)
        yield stream
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def found_by(world, stream, *args):
    finding = asyncio.ensure_future(find_domains(stream, world.carrier.host, *args))
    await world.until(finding.done)
    return finding.result()


def card_of(world, uplink):
    return DomainCard(
        domain="grid",
        vtn=f"vtn-grid@{world.carrier.host}/vtn",
        service=str(world.carrier.service("grid")),
        profile="iec61968-9",
        version="cem-1.0",
        uplink=uplink,
    )


async def test_an_account_of_no_domain_learns_everything_from_the_open_card(world):
    world.vtn("grid", "site-1")
    world.start()
    operator = await world.operator("grid")
    service = world.carrier.service("grid")
    async with connected(world, "outsider", "x") as stream:

        async def is_published():
            return the_card(await found_by(world, stream, service, "grid"), "grid") is not None

        await world.until(is_published)
        (by_service,) = await found_by(world, stream, service, "grid")
        assert by_service.card == card_of(world, by_service.card.uplink)
        by_host = await found_by(world, stream)
        assert by_service in by_host
        (absent,) = await found_by(world, stream, service, "nowhere")
        assert absent.card is None
        assert absent.problem
    await operator.stop()


async def test_a_card_of_another_domain_is_not_believed(world):
    """Whoever may make nodes can publish any card; only a service's own is taken."""
    service = world.carrier.service("agg-1-sites")
    forged = card_of(world, Uplink.TRANSACTION)
    header = Header(
        verb=Verb.CREATED,
        noun=Noun.CARD,
        message_id=derived_id("forged"),
        timestamp=world.clock.now(),
        source="agg-1",
    )
    payload = encode(EventMessage(header=header, body=forged))
    node = NodeSpec("cem/grid", "Card", "of another", access=Access.OPEN, max_items=1)
    async with connected(world, "vtn-agg-1-sites", "x") as stream:
        making = asyncio.ensure_future(stream.ensure_node(service, node, repair=True))
        await world.until(making.done)
        putting = asyncio.ensure_future(
            stream.publish(service, "cem/grid", "card", payload, access=Access.OPEN)
        )
        await world.until(putting.done)
        putting.result()
        (found,) = await found_by(world, stream, service, "grid")
    assert found.card is None
    assert "grid on" in found.problem


def test_nobody_guesses_between_two_cards_of_a_domain():
    card = DomainCard(
        domain="d", vtn="a@b/vtn", service="p", profile="x", version="1", uplink=Uplink.PUBLISH
    )
    found = [Found(Jid(s), "d", card.model_copy(update={"service": s})) for s in ("p.x", "q.x")]
    with pytest.raises(ConfigError, match=r"p\.x and q\.x"):
        the_card(found, "d")

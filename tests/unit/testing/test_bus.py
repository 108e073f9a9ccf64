import asyncio

import pytest

from xmpp_cem.errors import RequestTimeoutError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Access, NodeName, NodeSpec
from xmpp_cem.testing.bus import Bus
from xmpp_cem.testing.clock import ManualClock

HOST = "xmpp.example"
SERVICE = Jid("pubsub.xmpp.example")
ASK = b'<RequestMessage xmlns="urn:m"></RequestMessage>'
ANSWER = b'<ResponseMessage xmlns="urn:m">OK</ResponseMessage>'


def test_an_unknown_kind_of_server_is_refused():
    with pytest.raises(ValueError, match="openfire"):
        Bus("openfire")


async def test_without_a_clock_the_event_loop_measures_timeouts():
    bus = Bus()
    seen = []
    silent = bus.stream(Jid("ven@x", "r"), seen.append, admits=lambda _: True, services=())
    asker = bus.stream(Jid("vtn@x", "r"), seen.append, admits=lambda _: True, services=())
    import asyncio

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(stream.run()) for stream in (silent, asker)]
        await asyncio.sleep(0)
        with pytest.raises(RequestTimeoutError):
            await asker.request(Jid("ven@x", "r"), ASK, is_query=True, timeout=0.01)
        for task in tasks:
            task.cancel()


async def history():
    bus, seen = Bus("ejabberd", admins={str(SERVICE): {f"a@{HOST}"}}), []
    streams = [
        bus.stream(
            Jid(f"{name}@{HOST}", "r"),
            lambda value, name=name: seen.append((name, value)),
            admits=lambda _: True,
            services={str(SERVICE)},
        )
        for name in "abc"
    ]
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(stream.run()) for stream in streams]
        await asyncio.sleep(0)
        spec = NodeSpec(NodeName("n"), "T", "D", access=Access.OPEN)
        await streams[0].ensure_node(SERVICE, spec, repair=False)
        await asyncio.gather(*(stream.subscribe(SERVICE, "n") for stream in streams))
        watching = (s.watch_presence(Jid(f"{n}@{HOST}")) for s in streams for n in "abc")
        await asyncio.gather(*watching)
        publishing = (
            streams[0].publish(SERVICE, "n", str(n), ANSWER, access=Access.OPEN) for n in range(5)
        )
        await asyncio.gather(*publishing)
        await ManualClock().settle()
        for task in running:
            task.cancel()
    return seen


async def test_equal_histories_have_equal_outcomes_in_the_same_order():
    first, second = await history(), await history()
    assert len(first) > 20
    assert first == second

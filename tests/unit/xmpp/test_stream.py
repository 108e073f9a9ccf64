import asyncio
import gc
import socket

import pytest

from xmpp_cem.errors import ConfigError, LocalProtocolError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Stage
from xmpp_cem.model.node import Affiliation, NodeName, NodeSpec
from xmpp_cem.xmpp.stream import Credentials, Stream

VEN = Jid("ven@a.b", "ven")
SERVICE = Jid("pubsub.a.b")
_TRIES = 4


def stream(deliver=lambda _: None, **login):
    return Stream(
        Credentials(VEN, "p", **login),
        deliver,
        admits=lambda _: False,
        services=(),
        backoff=(0.01, 0.02),
    )


def test_a_missing_file_is_noticed_at_construction(tmp_path):
    with pytest.raises(ConfigError, match="ca_file"):
        stream(ca_file=tmp_path / "missing.pem")


def test_a_presence_that_cannot_be_sent_is_ours_to_mend():
    with pytest.raises(LocalProtocolError, match="bogus"):
        stream().show_presence("bogus", "")
    with pytest.raises(LocalProtocolError):
        stream().show_presence("", "", (b"<",))


def test_answers_and_presence_without_link_are_dropped():
    link = stream()
    link.show_presence("away", "later")
    link.respond("1-1", b"")
    link.refuse("1-1", "bad-request", "modify")
    assert not link.is_up


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.request(VEN, b"<a/>", is_query=True, timeout=1),
        lambda s: s.publish(SERVICE, "n", "1", b"<a/>"),
        lambda s: s.retract(SERVICE, "n", "1"),
        lambda s: s.fetch(SERVICE, "n"),
        lambda s: s.subscribe(SERVICE, "n"),
        lambda s: s.unsubscribe(SERVICE, "n"),
        lambda s: s.watch_presence(VEN),
        lambda s: s.ensure_node(SERVICE, NodeSpec(NodeName("n"), "t", "d"), repair=True),
        lambda s: s.affiliate(SERVICE, "n", {"a@b": Affiliation.NONE}),
        lambda s: s.offers_write_only(SERVICE),
        lambda s: s.services_of("a.b"),
        lambda s: s.ping(VEN, 1),
    ],
)
async def test_nothing_is_kept_for_a_later_session(call):
    with pytest.raises(StreamLostError):
        await call(stream())


async def test_an_absent_server_is_tried_again_and_leaves_nothing_behind():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused at once
        before = asyncio.all_tasks()
        seen, enough = [], asyncio.Event()

        def deliver(event):
            seen.append(event)
            if len(seen) >= _TRIES:
                enough.set()

        link = stream(deliver, host="127.0.0.1", port=taken.getsockname()[1])
        running = asyncio.create_task(link.run())
        async with asyncio.timeout(20):
            await enough.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert {event.stage for event in seen} == {Stage.TCP}
    assert asyncio.all_tasks() <= before
    gc.collect()

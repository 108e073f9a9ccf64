"""What Stream promises, against Prosody and ejabberd."""

import asyncio
import contextlib
import os
import signal
import time

import pytest
import pytest_asyncio

from xmpp_cem.errors import (
    LocalProtocolError,
    RefusedError,
    RequestTimeoutError,
    StreamLostError,
)
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import (
    Delivery,
    LinkDown,
    LinkUp,
    PresenceSeen,
    RequestReceived,
    Retraction,
    Stage,
)
from xmpp_cem.model.node import Access, Affiliation, NodeName, NodeSpec
from xmpp_cem.testing.pki import make_pki
from xmpp_cem.xmpp.scram import Scram
from xmpp_cem.xmpp.stream import Credentials, Stream

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

HOST = "xmpp.localhost"
ASK = b'<RequestMessage xmlns="urn:m"><Header>ask</Header></RequestMessage>'
ANSWER = b'<ResponseMessage xmlns="urn:m"><Reply>OK &amp; done</Reply></ResponseMessage>'
EVENT = b'<EventMessage xmlns="urn:m" a="&quot;1&quot;">\n <p xmlns="urn:p">\xc3\xa4 &lt;</p></EventMessage>'  # noqa: E501


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def no_task_is_left():
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - {asyncio.current_task()} <= before


class Peer:
    def __init__(self, stream, seen, news):
        self.stream = stream
        self.seen = seen
        self._news = news

    async def until(self, wanted, seconds=5.0):
        async with asyncio.timeout(seconds):
            while True:
                self._news.clear()
                for value in self.seen:
                    if wanted(value):
                        return value
                await self._news.wait()

    async def until_a(self, kind, seconds=5.0):
        return await self.until(lambda value: isinstance(value, kind), seconds)

    @property
    def session(self):
        return self.stream._session


@contextlib.asynccontextmanager
async def peer(server, name, resource="test", answer=b"", **options):
    endpoint = server.endpoint
    settings = {
        "admits": lambda _: True,
        "services": {endpoint.pubsub("a"), endpoint.pubsub("b")},
        "backoff": (0.2, 2.0),
    } | options
    login = {"password": f"secret of {name}", "ca_file": endpoint.ca_file}
    login |= settings.pop("login", {})
    address = Jid(f"{name}@{HOST}", resource)
    credentials = Credentials(address, host=endpoint.host, port=endpoint.port, **login)
    seen, news = [], asyncio.Event()

    def deliver(value):
        seen.append(value)
        news.set()
        if answer and isinstance(value, RequestReceived):
            stream.respond(value.token, answer)

    stream = Stream(credentials, deliver, **settings)
    running = asyncio.create_task(stream.run())
    found = Peer(stream, seen, news)
    try:
        await found.until_a((LinkUp, LinkDown))
        yield found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def service(server, domain="a"):
    return Jid(server.endpoint.pubsub(domain))


def spec(name, *members, **more):
    affiliations = {f"{member}@{HOST}": Affiliation.MEMBER for member in members}
    return NodeSpec(NodeName(name), "Title", "What for", affiliations=affiliations, **more)


async def test_a_request_is_answered_with_the_same_bytes(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        asked = asyncio.create_task(
            vtn.stream.request(Jid(f"ven1@{HOST}", "test"), ASK, is_query=True, timeout=5)
        )
        request = await ven.until_a(RequestReceived)
        assert request == RequestReceived(Jid(f"vtn@{HOST}", "test"), request.token, True, ASK)
        ven.stream.respond(request.token, ANSWER)
        assert await asked == ANSWER


async def test_an_answer_may_be_empty(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        asked = asyncio.create_task(
            vtn.stream.request(Jid(f"ven1@{HOST}", "test"), ASK, is_query=False, timeout=5)
        )
        request = await ven.until_a(RequestReceived)
        assert not request.is_query
        ven.stream.respond(request.token, b"")
        ven.stream.respond(request.token, ANSWER)  # the second answer is dropped
        assert await asked == b""


async def test_a_refusal_carries_condition_type_text_and_payload(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        asked = asyncio.create_task(
            vtn.stream.request(Jid(f"ven1@{HOST}", "test"), ASK, is_query=False, timeout=5)
        )
        request = await ven.until_a(RequestReceived)
        ven.stream.refuse(request.token, "bad-request", "modify", "no Verb", ANSWER)
        with pytest.raises(RefusedError) as refusal:
            await asked
        found = refusal.value
        assert (found.condition, found.error_type) == ("bad-request", "modify")
        assert (found.text, found.payload) == ("no Verb", ANSWER)


async def test_silence_is_a_timeout_and_absence_a_refusal(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1"):
        with pytest.raises(RequestTimeoutError):
            await vtn.stream.request(Jid(f"ven1@{HOST}", "test"), ASK, is_query=False, timeout=0.2)
        with pytest.raises(RefusedError) as refusal:
            await vtn.stream.request(Jid(f"ven2@{HOST}", "gone"), ASK, is_query=False, timeout=5)
        assert refusal.value.is_temporary


async def test_a_request_that_is_none_of_ours_is_refused(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        with pytest.raises(RefusedError) as refusal:
            await vtn.stream.request(
                Jid(f"ven1@{HOST}", "test"), b'<x xmlns="urn:x"></x>', is_query=True, timeout=5
            )
        assert refusal.value.condition == "feature-not-implemented"
        assert ven.seen == [LinkUp(Jid(f"ven1@{HOST}", "test"))]


async def test_a_request_that_meets_a_login_is_answered(server):
    """Whoever is bound takes requests, even while its login goes on, and its answers go out."""
    answers = []
    async with peer(server, "vtn") as vtn:

        async def ask():
            try:
                await vtn.stream.request(
                    Jid(f"ven1@{HOST}", "test"), ASK, is_query=False, timeout=4
                )
                answers.append("answered")
            except RefusedError as refusal:
                answers.append(refusal.condition)

        for _ in range(5):
            async with contextlib.AsyncExitStack() as until_all_are_answered:
                async with asyncio.TaskGroup() as group:
                    asking = group.create_task(_repeated(ask, group, every=0.002))
                    ven1 = peer(server, "ven1", answer=ANSWER)
                    ven = await until_all_are_answered.enter_async_context(ven1)
                    await ven.until_a(RequestReceived)
                    asking.cancel()
                assert isinstance(ven.seen[0], LinkUp)
    assert "answered" in answers
    assert set(answers) <= {"answered", "service-unavailable", "recipient-unavailable"}


async def _repeated(work, group, every):
    while True:
        group.create_task(work())
        await asyncio.sleep(every)


async def test_a_payload_that_is_no_xml_or_too_large_is_not_sent(server):
    async with peer(server, "vtn") as vtn:
        to = Jid(f"ven1@{HOST}", "test")
        for payload in (b"<a>", b"", b"<!DOCTYPE a><a/>", b"<a>" + b"x" * 70000 + b"</a>"):
            with pytest.raises(LocalProtocolError):
                await vtn.stream.request(to, payload, is_query=True, timeout=1)


async def test_what_waits_fails_at_once_when_the_link_drops(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1"):
        asked = asyncio.create_task(
            vtn.stream.request(Jid(f"ven1@{HOST}", "test"), ASK, is_query=False, timeout=60)
        )
        await asyncio.sleep(0.1)
        began = time.monotonic()
        vtn.session._client.abort()
        with pytest.raises(StreamLostError):
            await asked
        assert not vtn.stream.is_up
        with pytest.raises(StreamLostError):
            await vtn.stream.request(Jid(f"ven1@{HOST}"), ASK, is_query=False, timeout=60)
        assert time.monotonic() - began < 1
        await vtn.until(lambda _: sum(isinstance(v, LinkUp) for v in vtn.seen) == 2)
        assert sum(isinstance(v, LinkDown) for v in vtn.seen) == 1


async def test_a_token_of_a_lost_session_is_dropped(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        asked = asyncio.create_task(
            vtn.stream.request(Jid(f"ven1@{HOST}", "test"), ASK, is_query=False, timeout=1)
        )
        request = await ven.until_a(RequestReceived)
        ven.session._client.abort()
        await ven.until(lambda _: sum(isinstance(v, LinkUp) for v in ven.seen) == 2)
        ven.stream.respond(request.token, ANSWER)
        with pytest.raises((RequestTimeoutError, RefusedError)):
            await asked


async def test_pings_tell_who_is_there(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1"):
        assert await vtn.stream.ping(Jid(f"ven1@{HOST}", "test"), 5)
        assert await vtn.stream.ping(Jid(HOST), 5)
        assert not await vtn.stream.ping(Jid(f"ven2@{HOST}", "gone"), 5)


async def test_an_item_arrives_and_is_fetched_with_the_same_bytes(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        where = service(server)
        state = await vtn.stream.ensure_node(where, spec("n/items", "ven1"), repair=False)
        assert state.was_created
        await ven.stream.subscribe(where, "n/items")
        await ven.stream.subscribe(where, "n/items")
        await vtn.stream.publish(where, "n/items", "one", EVENT)
        await vtn.stream.publish(where, "n/items", "two", ANSWER)
        found = await ven.until(lambda v: isinstance(v, Delivery) and v.item_id == "one")
        assert (found.sender, found.node, found.payload) == (where, "n/items", EVENT)
        (item,) = await ven.stream.fetch(where, "n/items", ("one", "absent"))
        assert (item.item_id, item.payload) == ("one", EVENT)
        assert {i.item_id for i in await ven.stream.fetch(where, "n/items")} == {"one", "two"}


async def test_retracting_and_unsubscribing_are_idempotent(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        where = service(server)
        await vtn.stream.ensure_node(where, spec("n/retract", "ven1"), repair=False)
        await ven.stream.subscribe(where, "n/retract")
        await vtn.stream.publish(where, "n/retract", "one", EVENT)
        await vtn.stream.retract(where, "n/retract", "one")
        await vtn.stream.retract(where, "n/retract", "one")
        assert await ven.stream.fetch(where, "n/retract") == ()
        await ven.stream.unsubscribe(where, "n/retract")
        await ven.stream.unsubscribe(where, "n/retract")
        assert all(r.item_id == "one" for r in ven.seen if isinstance(r, Retraction))


async def test_a_publish_never_creates_an_open_node(server):
    async with peer(server, "vtn") as vtn, peer(server, "viewer") as viewer:
        where = service(server)
        with contextlib.suppress(RefusedError):  # Prosody: item-not-found
            await vtn.stream.publish(where, "n/missing", "one", EVENT)
        with pytest.raises(RefusedError):
            await viewer.stream.fetch(where, "n/missing")
        await vtn.stream.ensure_node(
            where, spec("n/card", access=Access.OPEN, max_items=1), repair=True
        )
        with pytest.raises(RefusedError):
            await vtn.stream.publish(where, "n/card", "card", EVENT)
        await vtn.stream.publish(where, "n/card", "card", EVENT, access=Access.OPEN)
        assert len(await viewer.stream.fetch(where, "n/card")) == 1


async def test_a_node_is_verified_and_its_drift_repaired(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven2") as ven:
        where = service(server)
        wrong = NodeSpec(
            NodeName("n/drift"),
            "Old",
            "What for",
            access=Access.OPEN,
            affiliations={f"ven2@{HOST}": Affiliation.MEMBER},
        )
        right = spec("n/drift", "ven1", max_items=64)
        assert (await vtn.stream.ensure_node(where, wrong, repair=False)).drift == ()
        await ven.stream.subscribe(where, "n/drift")
        seen = await vtn.stream.ensure_node(where, right, repair=False)
        fields = {drift.field for drift in seen.drift}
        assert fields == {
            "pubsub#title",
            "pubsub#access_model",
            "pubsub#max_items",
            f"affiliation of ven2@{HOST}",
        }
        assert not seen.was_created
        assert not seen.was_repaired
        mended = await vtn.stream.ensure_node(where, right, repair=True)
        assert mended.was_repaired
        assert {drift.field for drift in mended.drift} == fields
        assert (await vtn.stream.ensure_node(where, right, repair=False)).drift == ()


async def test_a_contradicted_affiliation_is_drift(server):
    async with peer(server, "vtn") as vtn:
        where = service(server)
        await vtn.stream.ensure_node(where, spec("n/aff"), repair=False)
        await vtn.stream.affiliate(where, "n/aff", {f"ven1@{HOST}": Affiliation.OWNER})
        seen = await vtn.stream.ensure_node(where, spec("n/aff", "ven1"), repair=True)
        assert [(d.field, d.wanted, d.found) for d in seen.drift] == [
            (f"affiliation of ven1@{HOST}", "member", "owner")
        ]
        assert seen.was_repaired


async def test_a_removed_member_cannot_read(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1") as ven:
        where = service(server)
        await vtn.stream.ensure_node(where, spec("n/removed", "ven1"), repair=False)
        await ven.stream.subscribe(where, "n/removed")
        await vtn.stream.publish(where, "n/removed", "one", EVENT)
        await ven.until_a(Delivery)
        await vtn.stream.affiliate(where, "n/removed", {f"ven1@{HOST}": Affiliation.NONE})
        await vtn.stream.publish(where, "n/removed", "two", EVENT)
        with pytest.raises(RefusedError):
            await ven.stream.fetch(where, "n/removed")
        with pytest.raises(RefusedError):
            await ven.stream.subscribe(where, "n/removed")
        assert [v.item_id for v in ven.seen if isinstance(v, Delivery)] == ["one"]


async def test_an_outsider_is_refused(server):
    async with peer(server, "vtn") as vtn, peer(server, "viewer") as viewer:
        where = service(server)
        await vtn.stream.ensure_node(where, spec("n/closed", "ven1"), repair=False)
        for attempt in (
            viewer.stream.subscribe(where, "n/closed"),
            viewer.stream.fetch(where, "n/closed"),
            viewer.stream.publish(where, "n/closed", "x", EVENT),
            viewer.stream.ensure_node(where, spec("n/closed"), repair=True),
            viewer.stream.ensure_node(where, spec("n/mine"), repair=True),
        ):
            with pytest.raises(RefusedError):
                await attempt


async def test_a_write_only_box_takes_reports_and_names_their_publisher(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1", "ven") as ven:
        where = service(server)
        offered = await vtn.stream.offers_write_only(where)
        assert offered == (server.endpoint.kind == "ejabberd")
        if not offered:
            return
        box = NodeSpec(
            NodeName("n/box"),
            "Box",
            "Reports",
            stores_items=False,
            names_publisher=True,
            affiliations={f"ven1@{HOST}": Affiliation.PUBLISH_ONLY},
        )
        assert (await vtn.stream.ensure_node(where, box, repair=False)).drift == ()
        await vtn.stream.subscribe(where, "n/box")
        await ven.stream.publish(where, "n/box", "report", EVENT)
        found = await vtn.until_a(Delivery)
        assert found.publisher == Jid(f"ven1@{HOST}", "ven")
        with pytest.raises(RefusedError):
            await ven.stream.fetch(where, "n/box")
        with pytest.raises(RefusedError):
            await ven.stream.subscribe(where, "n/box")


async def test_the_pubsub_services_of_a_host_are_found(server):
    async with peer(server, "ven1") as ven:
        found = await ven.stream.services_of(HOST)
        assert set(found) == {service(server, "a"), service(server, "b")}


async def test_presence_carries_extensions_and_ends_at_once_with_the_client(server):
    extension = b'<availability xmlns="urn:a" v="1"><r>x</r></availability>'
    async with peer(server, "vtn", "vtn") as vtn, peer(server, "ven3", "ven") as ven:
        ven.stream.show_presence("away", "3 of 4", (extension,))
        await vtn.stream.watch_presence(Jid(f"ven3@{HOST}"))
        await vtn.stream.watch_presence(Jid(f"ven3@{HOST}"))
        address = Jid(f"ven3@{HOST}", "ven")
        seen = await vtn.until(
            lambda v: isinstance(v, PresenceSeen) and v.show == "away" and v.sender == address
        )
        assert (seen.is_available, seen.status) == (True, "3 of 4")
        assert extension in seen.extensions  # a delay stamp may stand beside it
        ven.stream.show_presence("", "")
        await vtn.until(lambda v: isinstance(v, PresenceSeen) and v.is_available and not v.show)
        began = time.monotonic()
        ven.session._client.abort()
        await vtn.until(
            lambda v: isinstance(v, PresenceSeen) and v.sender == address and not v.is_available
        )
        assert time.monotonic() - began < 1
        vtn.seen.clear()
        ven.stream.show_presence("dnd", "opted out")  # shown as soon as it is back
        await vtn.until(lambda v: isinstance(v, PresenceSeen) and v.show == "dnd")


async def test_an_account_that_is_not_admitted_sees_no_presence(server):
    async with (
        peer(server, "viewer") as viewer,
        peer(server, "ven4", admits=lambda account: account == Jid(f"vtn@{HOST}")) as ven,
    ):
        ven.stream.show_presence("away", "secret")
        await viewer.stream.watch_presence(Jid(f"ven4@{HOST}"))
        assert await viewer.stream.ping(Jid(f"ven4@{HOST}", "test"), 5)
        await asyncio.sleep(0.3)
        assert not any(isinstance(v, PresenceSeen) and v.is_available for v in viewer.seen)


async def test_a_forged_notification_is_dropped(server):
    forged = (
        f"<message to='ven1@{HOST}/test' type='headline'>"
        "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n/items'>"
        f"<item id='x' publisher='vtn@{HOST}'><a xmlns='urn:m'/></item></items></event></message>"
    )
    async with peer(server, "ven2") as mallory, peer(server, "ven1") as ven:
        mallory.session._client.send_raw(forged)
        assert await mallory.stream.ping(Jid(f"ven1@{HOST}", "test"), 5)
        assert ven.seen == [LinkUp(Jid(f"ven1@{HOST}", "test"))]


async def test_a_forged_roster_push_changes_nothing(server):
    forged = (
        f"<iq type='set' id='p' to='ven1@{HOST}/test'><query xmlns='jabber:iq:roster'>"
        f"<item jid='ven5@{HOST}' subscription='both'/></query></iq>"
    )
    async with peer(server, "ven2") as mallory, peer(server, "ven1") as ven:
        mallory.session._client.send_raw(forged)
        assert await mallory.stream.ping(Jid(f"ven1@{HOST}", "test"), 5)
        assert ven.session.roster.must_ask(Jid(f"ven5@{HOST}"))


async def test_the_link_comes_back_after_a_server_restart(server):
    async with peer(server, "ven1") as ven:
        await server.kill()
        await ven.until_a(LinkDown)
        assert not ven.stream.is_up
        await server.restart()
        await ven.until(lambda _: sum(isinstance(v, LinkUp) for v in ven.seen) == 2, 10)
        assert sum(isinstance(v, LinkDown) for v in ven.seen) == 1
        assert await ven.stream.ping(Jid(HOST), 5)


@pytest.mark.slow
async def test_a_frozen_server_is_noticed(server):
    async with peer(server, "ven1", keepalive=0.5) as ven:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            await ven.until_a(LinkDown, 12)
            assert time.monotonic() - began < 10
        finally:
            os.kill(server.pid, signal.SIGCONT)


async def test_a_second_connection_of_the_same_address_throws_out_the_first(server):
    async with peer(server, "ven5", "ven") as first, peer(server, "ven5", "ven") as second:
        down = await first.until_a(LinkDown)
        assert "conflict" in down.reason
        await asyncio.sleep(0.5)
        assert not first.stream.is_up
        assert second.stream.is_up


async def test_a_hundred_requests_wait_and_the_rest_take_their_turn(server):
    async with peer(server, "vtn") as vtn, peer(server, "ven1"):
        to = Jid(f"ven1@{HOST}", "test")
        answers = await asyncio.gather(*(vtn.stream.ping(to, 20) for _ in range(300)))
        assert answers == [True] * 300


async def test_a_wrong_password_is_an_error_to_mend(server, caplog):
    caplog.set_level("ERROR", "xmpp_cem.xmpp")  # whatever a command run before has switched off
    async with peer(server, "ven1", login={"password": "wrong"}) as ven:
        failed, down = ven.seen
        assert failed.stage is Stage.LOGIN
        assert "check the password" in down.reason
        assert not ven.stream.is_up
    assert any(r.levelname == "ERROR" and r.name == "xmpp_cem.xmpp" for r in caplog.records)
    assert "wrong" not in caplog.text.replace("wrong_", "")


async def test_a_server_of_an_unknown_authority_gets_no_login(server, tmp_path):
    ca_file = tmp_path / "ca.pem"
    (tmp_path / "pki").mkdir()
    make_pki(tmp_path / "pki", ("elsewhere",))
    ca_file.write_bytes((tmp_path / "pki" / "ca.pem").read_bytes())
    async with peer(server, "ven1", login={"ca_file": ca_file}) as ven:
        failed, down = ven.seen
        assert failed.stage is Stage.TLS
        assert "not trusted" in down.reason


async def test_login_uses_our_scram_sha_256(server):
    async with peer(server, "ven1") as ven:
        mechanism = ven.session._client.plugin["feature_mechanisms"].mech
        assert isinstance(mechanism, Scram)
        assert mechanism.name.startswith("SCRAM-SHA-256")

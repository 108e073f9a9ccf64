"""The servers of deploy/ start, trust, refuse, remember and end as the design needs."""

import asyncio
import contextlib
import dataclasses
import signal
import stat
import sys
from pathlib import Path

import pytest
import slixmpp
from slixmpp.exceptions import IqError

from xmpp_cem.errors import ServerError
from xmpp_cem.testing.pki import make_pki
from xmpp_cem.testing.readiness import accepts_tls
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

PUBSUB = "http://jabber.org/protocol/pubsub"


class Login:
    def __init__(self, client, outcome):
        self.client = client
        self.outcome = outcome

    @property
    def mechanism(self):
        return self.client.plugin["feature_mechanisms"].mech.name

    async def send(self, to, kind, payload):
        stanza = self.client.make_iq(ito=to, itype=kind)
        stanza.append(slixmpp.xmlstream.ET.fromstring(payload))
        return await stanza.send(timeout=5)

    async def create(self, service, node):
        payload = f"<pubsub xmlns='{PUBSUB}'><create node='{node}'/></pubsub>"
        return await self.send(service, "set", payload)

    async def features(self, jid):
        info = await self.send(jid, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>")
        query = "{http://jabber.org/protocol/disco#info}"
        return sorted(found.get("var") for found in info.xml.iter(f"{query}feature"))


@contextlib.asynccontextmanager
async def login(server, account, **config):
    client = slixmpp.ClientXMPP(account.jid, account.password, plugin_config=config)
    client.ca_certs = server.endpoint.ca_file
    outcome = asyncio.get_running_loop().create_future()
    for event in ("session_start", "failed_all_auth", "ssl_invalid_chain"):
        client.add_event_handler(event, lambda _, e=event: outcome.done() or outcome.set_result(e))
    client.connect(host=server.endpoint.host, port=server.endpoint.port)
    try:
        yield Login(client, await asyncio.wait_for(outcome, 5))
    finally:
        await client.disconnect(wait=1)


def processes_below(folder):
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            if (entry / "cwd").readlink().is_relative_to(folder) or str(folder) in command:
                found.append(int(entry.name))
    return found


def listening(pid):
    """TCP addresses in the kernel's spelling."""
    process = Path(f"/proc/{pid}")
    sockets = set()
    for descriptor in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(str(descriptor.readlink()))
    rows = []
    for table in ("tcp", "tcp6"):
        lines = (process / "net" / table).read_text().splitlines()[1:]
        rows += [line.split() for line in lines]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


def folder_of(server):
    return server.endpoint.ca_file.parents[1]


async def test_an_account_logs_in_with_scram_sha_256_over_verified_tls(server, accounts):
    async with login(server, accounts["ven1"]) as ven:
        assert ven.outcome == "session_start"
        assert ven.mechanism in {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}
        assert ven.client.transport.get_extra_info("ssl_object").version() in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-1", "ANONYMOUS"])
async def test_a_weaker_mechanism_is_not_offered(server, accounts, mechanism):
    config = {"feature_mechanisms": {"use_mech": mechanism}}
    async with login(server, accounts["ven1"], **config) as ven:
        assert ven.outcome == "failed_all_auth"


async def test_a_server_with_a_certificate_of_another_authority_is_not_ours(server, tmp_path):
    other = make_pki(tmp_path, ("xmpp.localhost",))
    assert await accepts_tls(server.endpoint)
    assert not await accepts_tls(dataclasses.replace(server.endpoint, ca_file=other.ca_file))


async def test_a_wrong_password_is_refused(server, accounts):
    wrong = dataclasses.replace(accounts["ven1"], password="guess")
    async with login(server, wrong) as ven:
        assert ven.outcome == "failed_all_auth"


async def test_an_account_added_later_logs_in(server):
    late = Account("late_ven-1@xmpp.localhost", "x&\"<\\ '")
    await server.add_account(late)
    async with login(server, late) as ven:
        assert ven.outcome == "session_start"


async def test_an_account_is_not_made_twice(server, accounts):
    with pytest.raises(ServerError, match="exists"):
        await server.add_account(accounts["ven1"])


async def test_the_vtn_creates_nodes_on_its_own_service(server, accounts):
    async with login(server, accounts["vtn"]) as vtn:
        service = server.endpoint.pubsub("a")
        await vtn.create(service, "cem/a/events")
        assert "urn:xmpp:ping" in await vtn.features(server.endpoint.xmpp_host)
        with pytest.raises(IqError) as refused:
            await vtn.create(service, "cem/a/events")
        assert refused.value.condition == "conflict"


async def test_an_ordinary_account_cannot_create_nodes(server, accounts):
    async with login(server, accounts["ven1"]) as ven:
        for domain in ("a", "b"):
            with pytest.raises(IqError) as refused:
                await ven.create(server.endpoint.pubsub(domain), "cem/a/mine")
            assert refused.value.condition == "forbidden"


async def test_a_vtn_cannot_touch_the_nodes_of_another_domain(server, accounts):
    service = server.endpoint.pubsub("b")
    async with login(server, accounts["vtn-b"]) as owner, login(server, accounts["vtn"]) as other:
        await owner.create(service, "cem/b/events")
        delete = f"<pubsub xmlns='{PUBSUB}#owner'><delete node='cem/b/events'/></pubsub>"
        with pytest.raises(IqError) as refused:
            await other.send(service, "set", delete)
        assert refused.value.condition == "forbidden"


async def test_only_prosody_keeps_a_vtn_from_creating_nodes_in_another_domain(server, accounts):
    async with login(server, accounts["vtn"]) as other:
        creation = other.create(server.endpoint.pubsub("b"), "cem/b/squatted")
        if server.endpoint.kind == "prosody":
            with pytest.raises(IqError) as refused:
                await creation
            assert refused.value.condition == "forbidden"
        else:
            await creation


async def test_publish_only_is_taken_where_the_service_advertises_it(server, accounts):
    service, node = server.endpoint.pubsub("a"), "cem/a/box"
    affiliate = (
        f"<pubsub xmlns='{PUBSUB}#owner'><affiliations node='{node}'>"
        "<affiliation jid='ven1@xmpp.localhost' affiliation='publish-only'/>"
        "</affiliations></pubsub>"
    )
    async with login(server, accounts["vtn"]) as vtn:
        await vtn.create(service, node)
        is_advertised = f"{PUBSUB}#publish-only-affiliation" in await vtn.features(service)
        try:
            await vtn.send(service, "set", affiliate)
            is_taken = True
        except IqError:
            is_taken = False
    assert is_taken == is_advertised == (server.endpoint.kind == "ejabberd")


async def test_outsiders_cannot_register(server, accounts):
    async with login(server, accounts["ven1"]) as ven:
        assert "jabber:iq:register" not in await ven.features(server.endpoint.xmpp_host)
        with pytest.raises(IqError):
            await ven.send(server.endpoint.xmpp_host, "get", "<query xmlns='jabber:iq:register'/>")


async def test_a_vtn_is_not_slowed_down(server, accounts):
    """Six times 50 kB take 4 s and more at the rate of an ordinary account."""
    service, node = server.endpoint.pubsub("a"), "cem/a/fast"
    item = f"<item id='x'><x xmlns='urn:x'>{'y' * 50_000}</x></item>"
    publish = f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'>{item}</publish></pubsub>"
    async with login(server, accounts["vtn"]) as vtn:
        await vtn.create(service, node)
        async with asyncio.timeout(2):
            for _ in range(6):
                await vtn.send(service, "set", publish)


async def test_only_loopback_is_listened_on(server):
    assert listening(server.pid) == [f"0100007F:{server.endpoint.port:04X}"]


async def test_a_restart_keeps_nodes_accounts_and_port(server, accounts):
    service, node = server.endpoint.pubsub("a"), "cem/a/kept"
    before, pid = server.endpoint, server.pid
    async with login(server, accounts["vtn"]) as vtn:
        await vtn.create(service, node)
    await server.restart()
    assert server.endpoint == before
    assert server.pid != pid
    async with login(server, accounts["vtn"]) as vtn:
        with pytest.raises(IqError) as refused:
            await vtn.create(service, node)
        assert refused.value.condition == "conflict"


async def test_a_killed_server_restarts_with_its_accounts(server, accounts):
    await server.kill()
    assert processes_below(folder_of(server)) == []
    await server.restart()
    async with login(server, accounts["ven1"]) as ven:
        assert ven.outcome == "session_start"


async def test_secrets_are_readable_by_their_owner_only(server):
    folder = folder_of(server)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in (folder / "pki").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_stop_leaves_no_process_and_may_be_repeated(server):
    assert server.pid in processes_below(folder_of(server))
    await server.stop()
    await server.stop()
    assert processes_below(folder_of(server)) == []
    await server.restart()


@pytest.mark.parametrize("kind", ["prosody", "ejabberd"])
async def test_a_server_dies_with_a_killed_parent(kind, tmp_path):
    if missing(kind):
        pytest.skip(missing(kind))
    program = (
        "import asyncio, pathlib, signal\n"
        "from xmpp_cem.testing.server import PrivateServer\n"
        f"start = PrivateServer.start({kind!r}, pathlib.Path({str(tmp_path)!r}), [], [])\n"
        "server = asyncio.run(start)\n"
        "print(server.pid, flush=True)\n"
        "signal.pause()\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    pid = int(await parent.stdout.readline())
    assert pid in processes_below(tmp_path)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    async with asyncio.timeout(5):
        while processes_below(tmp_path):  # noqa: ASYNC110 - the orphan is not ours to wait for
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", ["prosody", "ejabberd"])
async def test_a_server_that_dies_at_start_shows_its_log(kind, tmp_path):
    if missing(kind):
        pytest.skip(missing(kind))
    for name in ("prosody/prosody.cfg.lua.in", "ejabberd/ejabberd.yml.in"):
        path = tmp_path / "deploy" / name
        path.parent.mkdir(parents=True)
        path.write_text("modules: nonsense [[[")
    with pytest.raises(ServerError, match=r"(?s)died at start.*\w+"):
        await PrivateServer.start(kind, tmp_path / "data", [], [], deploy=tmp_path / "deploy")
    assert processes_below(tmp_path) == []


async def test_accounts_of_two_hosts_are_refused(tmp_path):
    accounts = [Account("a@one.localhost", "p"), Account("a@two.localhost", "p")]
    with pytest.raises(ServerError, match="one host"):
        await PrivateServer.start("prosody", tmp_path, accounts, [DomainSpec("a", "a")])

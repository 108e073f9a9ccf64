"""What a hostile server gets: no session, no password, no memory."""

import asyncio
import contextlib
import re
import ssl

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkDown, LinkFailed, LinkUp, Stage
from xmpp_cem.testing.pki import make_pki
from xmpp_cem.xmpp.stream import Credentials, Stream

HOST = "xmpp.localhost"
HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' "
    f"from='{HOST}' xmlns:stream='http://etherx.jabber.org/streams'>"
)
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
PROCEED = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
FAILURE = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
MECHANISMS = ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "ANONYMOUS", "EXTERNAL", "DIGEST-MD5")


def features(*children):
    return f"<stream:features>{''.join(children)}</stream:features>"


def mechanisms(*names):
    inner = "".join(f"<mechanism>{name}</mechanism>" for name in names)
    return f"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{inner}</mechanisms>"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    return make_pki(folder, (HOST,))


class Impostor:
    """Says its lines, whatever it hears, and remembers what it heard."""

    def __init__(self, lines, pki=None):
        self.lines = lines
        self.pki = pki
        self.heard = b""
        self.heard_in_clear = b""
        self.connections = 0
        self.stalled = asyncio.Event()
        self.visits = set()

    async def serve(self, reader, writer):
        self.visits.add(asyncio.current_task())
        try:
            await self.talk(reader, writer)
        finally:
            writer.transport.abort()

    async def end(self):
        for visit in self.visits:
            visit.cancel()
        await asyncio.gather(*self.visits, return_exceptions=True)

    async def talk(self, reader, writer):
        self.connections += 1
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            await self.hear(reader, b"version='1.0'>")
            for line in self.lines:
                if line == PROCEED:
                    await self.hear(reader, b"xmpp-tls")
                    await self.hear(reader, b">")
                if line in {SUCCESS, FAILURE} and self.heard_in_clear:
                    await self.hear(reader, b"</auth>")
                writer.write(line.encode())
                if line == PROCEED:
                    await self.encrypt(writer)
                    await self.hear(reader, b"version='1.0'>")
            while data := await reader.read(4096):
                self.heard += data
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def hear(self, reader, end):
        data = b""
        while end not in data:
            data += await reader.readexactly(1)
        self.heard += data

    async def stall(self, _):
        self.stalled.set()
        await asyncio.sleep(1)
        raise ConnectionError

    async def encrypt(self, writer):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.pki.certificate, self.pki.key)
        self.heard_in_clear, self.heard = self.heard, b""
        await writer.start_tls(context)


async def until_down(seen):
    async with asyncio.timeout(5):
        while isinstance(news := await seen.get(), LinkFailed):
            pass
    return news


@contextlib.asynccontextmanager
async def meeting(impostor, pki, **options):
    server = await asyncio.start_server(impostor.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = Credentials(
        Jid(f"ven1@{HOST}", "ven"),
        "pass-word-1",
        host="127.0.0.1",
        port=port,
        ca_file=pki.ca_file,
        **options,
    )
    seen = asyncio.Queue()
    stream = Stream(
        credentials, seen.put_nowait, admits=lambda _: True, services=(), backoff=(5, 10)
    )
    running = asyncio.create_task(stream.run())
    try:
        yield seen
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()
        await server.wait_closed()
        await impostor.end()
        await asyncio.sleep(0)  # aborted transports close their sockets in the loop's next turn


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_server_without_tls_gets_no_session(pki, mechanism):
    impostor = Impostor([HEADER, features(mechanisms(mechanism)), SUCCESS, HEADER, features(BIND)])
    async with meeting(impostor, pki) as seen:
        down = await until_down(seen)
    assert "offers no encryption" in down.reason
    assert impostor.heard.count(b"<") <= 2  # the header and the end of the stream
    assert impostor.connections == 1


@pytest.mark.parametrize(
    "line",
    [
        SUCCESS,
        "<iq type='get' id='1' from='xmpp.localhost'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<message from='pubsub.x'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>",
    ],
)
async def test_nothing_is_believed_before_tls(pki, line):
    impostor = Impostor([HEADER, features(STARTTLS, mechanisms("PLAIN")), line])
    async with meeting(impostor, pki) as seen:
        down = await until_down(seen)
    assert isinstance(down, LinkDown)
    assert b"auth" not in impostor.heard


@pytest.mark.parametrize(
    "offer", ["PLAIN", "ANONYMOUS", "DIGEST-MD5", "CRAM-MD5", "SCRAM-SHA-1", "EXTERNAL"]
)
async def test_weak_mechanisms_get_no_password(pki, offer):
    lines = [HEADER, features(STARTTLS), PROCEED, HEADER, features(mechanisms(offer))]
    impostor = Impostor(lines, pki)
    async with meeting(impostor, pki) as seen:
        down = await until_down(seen)
    assert "offers none of" in down.reason
    assert b"<auth" not in impostor.heard + impostor.heard_in_clear


async def test_scram_sha_1_is_used_only_where_allowed(pki):
    lines = [HEADER, features(STARTTLS), PROCEED, HEADER, features(mechanisms("SCRAM-SHA-1"))]
    impostor = Impostor([*lines, FAILURE], pki)
    async with meeting(impostor, pki, allow_scram_sha1=True) as seen:
        down = await until_down(seen)
    assert "not-authorized" in down.reason
    assert re.findall(rb"mechanism=.([A-Z0-9-]+)", impostor.heard) == [b"SCRAM-SHA-1"]


async def test_a_refusal_is_not_followed_by_another_mechanism(pki):
    offer = features(mechanisms("SCRAM-SHA-256", "PLAIN", "SCRAM-SHA-1"))
    impostor = Impostor([HEADER, features(STARTTLS), PROCEED, HEADER, offer, FAILURE], pki)
    async with meeting(impostor, pki) as seen:
        async with asyncio.timeout(5):
            await seen.get()
    assert impostor.heard.count(b"<auth") <= 1
    assert b"PLAIN" not in impostor.heard
    assert b"pass-word" not in impostor.heard


async def test_success_without_proof_of_the_password_is_refused(pki):
    offer = features(mechanisms("SCRAM-SHA-256"))
    impostor = Impostor([HEADER, features(STARTTLS), PROCEED, HEADER, offer, SUCCESS], pki)
    async with meeting(impostor, pki) as seen:
        async with asyncio.timeout(5):
            failed = await seen.get()
        assert isinstance(failed, LinkFailed)
        assert failed.stage is Stage.LOGIN
        await asyncio.sleep(0.3)
        assert seen.empty()
    assert impostor.heard.count(b"<auth") == 1
    assert b"<bind" not in impostor.heard


@pytest.mark.parametrize(
    "line",
    [
        "<!DOCTYPE x [<!ENTITY a 'b'>]>" + HEADER,
        "<a>" * 100,
        "<not well formed",
        "",
    ],
)
async def test_nonsense_ends_without_a_session(pki, line):
    impostor = Impostor([line if line.startswith("<!") else HEADER + line])
    async with meeting(impostor, pki) as seen:
        await asyncio.sleep(0.2)
        assert seen.qsize() <= 1
        assert not any(isinstance(seen.get_nowait(), LinkUp) for _ in range(seen.qsize()))


async def test_a_handshake_that_never_ends_does_not_hold_us(pki):
    impostor = Impostor([HEADER, features(STARTTLS), PROCEED], pki)
    impostor.encrypt = impostor.stall
    before = asyncio.all_tasks()
    async with asyncio.timeout(3):
        async with meeting(impostor, pki) as seen:
            await impostor.stalled.wait()
            await asyncio.sleep(0.1)
            assert seen.empty()
    assert not {t for t in asyncio.all_tasks() - before if "xmlstream" in repr(t)}

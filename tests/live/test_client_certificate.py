"""An account that logs in by a certificate: what it says and does when that has expired."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime

import pytest
import trustme

from tests.live.test_xmpp_hostile_server import (
    HEADER,
    HOST,
    PROCEED,
    STARTTLS,
    Impostor,
    features,
    mechanisms,
)
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkDown, LinkFailed, Stage
from xmpp_cem.testing.pki import make_pki
from xmpp_cem.xmpp.stream import Credentials, Stream

pytestmark = pytest.mark.timeout(60)

EXPIRED = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LONGEST_S = 0.5


class Server(Impostor):
    """Asks clients for a certificate of its authority in the TLS handshake."""

    def __init__(self, pki, minimum):
        offer = features(mechanisms("EXTERNAL"))
        super().__init__([HEADER, features(STARTTLS), PROCEED, HEADER, offer], pki)
        self.minimum = minimum
        self.at = []

    async def talk(self, reader, writer):
        self.at.append(asyncio.get_running_loop().time())
        await super().talk(reader, writer)

    async def encrypt(self, writer):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.pki.ca_file)
        context.minimum_version = context.maximum_version = self.minimum
        context.load_cert_chain(self.pki.certificate, self.pki.key)
        context.verify_mode = ssl.CERT_REQUIRED
        self.heard_in_clear, self.heard = self.heard, b""
        await writer.start_tls(context)


def issue(authority, folder, ends):
    """Write a client's key and certificate."""
    made = authority.issue_cert("ven1.example", not_after=ends)
    made.private_key_pem.write_to_path(folder / "ven.key")
    made.cert_chain_pems[0].write_to_path(folder / "ven.crt")


async def until(is_true, seconds):
    end = asyncio.get_running_loop().time() + seconds
    while not is_true():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def logging_in(server, folder, told):
    """Let an agent's connection try to log in."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    credentials = Credentials(
        Jid(f"ven1@{HOST}", "ven"),
        host="127.0.0.1",
        port=listening.sockets[0].getsockname()[1],
        ca_file=server.pki.ca_file,
        certificate=folder / "ven.crt",
        key=folder / "ven.key",
    )
    backoff = (0.2, LONGEST_S)
    stream = Stream(credentials, told.append, admits=lambda _: True, services=(), backoff=backoff)
    running = asyncio.create_task(stream.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        listening.close()
        await listening.wait_closed()
        await server.end()
        await asyncio.sleep(0)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_an_expired_certificate_is_named_and_a_renewed_one_taken(tmp_path, version):
    authority = trustme.CA()
    server = Server(make_pki(tmp_path, (HOST,), authority), version)
    issue(authority, tmp_path, EXPIRED)
    told = []
    async with logging_in(server, tmp_path, told):
        await until(lambda: sum(isinstance(each, LinkDown) for each in told) >= 4, 20)
        assert b"EXTERNAL" not in server.heard
        issue(authority, tmp_path, datetime(2090, 1, 1, tzinfo=UTC))
        await until(lambda: b"EXTERNAL" in server.heard, LONGEST_S + 10)
    downs = [each.reason for each in told if isinstance(each, LinkDown)]
    said = f"our certificate {tmp_path / 'ven.crt'} has expired at 2024-05-06 07:08:09 UTC"
    assert all(reason.startswith(said) for reason in downs)
    assert {e.stage for e in told if isinstance(e, LinkFailed)} <= {Stage.TLS, Stage.LOGIN}
    pauses = [b - a for a, b in zip(server.at, server.at[1:], strict=False)]
    assert min(pauses) >= 0.2 / 10

"""Whether a client could log in to a server now."""

import asyncio
import ssl

from xmpp_cem.testing.site import Endpoint

_STEP_S = 2.0
_XMLNS_TLS = "urn:ietf:params:xml:ns:xmpp-tls"


async def accepts_tls(endpoint: Endpoint) -> bool:
    """Whether the port speaks XMPP and STARTTLS with the certificate that we made for it.

    The certificate proves that it is our server, not another one that took the port.
    """
    try:
        async with asyncio.timeout(_STEP_S):
            return await _negotiate(endpoint)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return False


async def listens(endpoint: Endpoint) -> bool:
    """Whether anybody takes connections at the port."""
    try:
        async with asyncio.timeout(_STEP_S):
            _, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def _negotiate(endpoint: Endpoint) -> bool:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        writer.write(
            f"<stream:stream to='{endpoint.xmpp_host}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>".encode()
        )
        await reader.readuntil(b"</stream:features>")
        writer.write(f"<starttls xmlns='{_XMLNS_TLS}'/>".encode())
        await reader.readuntil(b"<proceed")
        await reader.readuntil(b">")
        trust = ssl.create_default_context(cafile=endpoint.ca_file)
        await writer.start_tls(trust, server_hostname=endpoint.xmpp_host)
    finally:
        writer.transport.abort()
    return True

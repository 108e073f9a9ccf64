"""A name server on loopback that knows the addresses of private servers, and nothing else."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, cast

from xmpp_cem.testing.site import LOOPBACK

_A, _SRV = 1, 33
_SERVICE: Final = "_xmpp-server._tcp."
_S2S_PORT: Final = 5269
_POINTER: Final = b"\xc0\x0c"
_ANSWERED, _UNKNOWN = 0x8580, 0x8583
_TTL_S: Final = 60
_HEADER: Final = struct.Struct("!HHHHHH")


class _Names(asyncio.DatagramProtocol):
    """Answers questions for addresses and for servers of XMPP hosts (RFC 1035, RFC 2782)."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go through."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question; what is no question is not answered."""
        if len(data) > _HEADER.size:
            self._transport.sendto(reply_to(data, self._addresses), addr)


def reply_to(query: bytes, addresses: Mapping[str, str]) -> bytes:
    """Return the answer to a query with one question.

    The server of a host is named by its address, which every resolver takes as it is: ejabberd
    asks the system for addresses, and that knows none of these names.
    """
    end, labels = _HEADER.size, []
    while length := query[end]:
        labels.append(query[end + 1 : end + 1 + length].decode("ascii", "replace").lower())
        end += length + 1
    question = query[_HEADER.size : end + 5]
    (kind,) = struct.unpack_from("!H", query, end + 1)
    (number,) = struct.unpack_from("!H", query)
    name = ".".join(labels)
    address = addresses.get(name.removeprefix(_SERVICE))
    answer = b""
    if address and kind == _A:
        answer = _record(_A, socket.inet_aton(address))
    elif address and kind == _SRV and name.startswith(_SERVICE):
        target = b"".join(bytes([len(part)]) + part.encode() for part in address.split("."))
        answer = _record(_SRV, struct.pack("!HHH", 0, 0, _S2S_PORT) + target + b"\0")
    flags = _ANSWERED if address else _UNKNOWN
    return _HEADER.pack(number, flags, 1, bool(answer), 0, 0) + question + answer


def _record(kind: int, data: bytes) -> bytes:
    return _POINTER + struct.pack("!HHIH", kind, 1, _TTL_S, len(data)) + data


@asynccontextmanager
async def name_server(addresses: Mapping[str, str]) -> AsyncIterator[int]:
    """Answer for these names inside the block; yields the UDP port on loopback."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Names(addresses), local_addr=(LOOPBACK, 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()

"""Answers `GET /healthz` on loopback: whether an agent is well, and why not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from http import HTTPStatus

from xmpp_cem.agents.lasting import Last
from xmpp_cem.errors import ConfigError
from xmpp_cem.runtime.health import Health, Status

_MOST_BYTES = 8192
_PATIENCE_S = 2.0


@asynccontextmanager
async def serving(
    address: str, health: Callable[[], Health], lasts: Mapping[str, Last] | None = None
) -> AsyncIterator[int]:
    """Answer inside the block; yields the port.

    Args:
        address: host and port, such as `127.0.0.1:9100`.
        health: says how the agent is.
        lasts: what it last succeeded and failed in; it stays current.

    Raises:
        ConfigError: the address cannot be used.
    """
    host, _, port = address.rpartition(":")

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _take(reader, writer, lambda: (health(), lasts or {}))

    try:
        server = await asyncio.start_server(take, host.strip("[]"), int(port), limit=_MOST_BYTES)
    except OSError as error:
        raise ConfigError(f"health: {address} cannot be used ({error}); choose another") from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def written(health: Health, lasts: Mapping[str, Last]) -> bytes:
    """Return the JSON of how an agent is, and of what it last succeeded and failed in."""
    reasons = [
        {
            "what": reason.what,
            "since": reason.since.isoformat(timespec="seconds") if reason.since else None,
        }
        for reason in health.reasons
    ]
    outbox = {"size": health.outbox, "oldest_s": health.oldest_s}
    shed = asdict(health.shed)
    told = {"status": health.status, "reasons": reasons, "outbox": outbox, "shed": shed}
    if lasts:
        told["lasts"] = {what: last.model_dump(mode="json") for what, last in lasts.items()}
    return json.dumps(told).encode()


_Ask = Callable[[], tuple[Health, Mapping[str, Last]]]


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: _Ask) -> None:
    """Answer one request and close; whatever is no such request is refused or dropped."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(_PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            code, body = _answer(head, ask)
            lines = (
                f"HTTP/1.1 {code.value} {code.phrase}",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                "Connection: close",
            )
            is_head = head.startswith(b"HEAD ")
            writer.write("\r\n".join((*lines, "", "")).encode() + (b"" if is_head else body))
            await writer.drain()
    writer.close()


def _answer(head: bytes, ask: _Ask) -> tuple[HTTPStatus, bytes]:
    method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    if method not in {b"GET", b"HEAD"}:
        return HTTPStatus.METHOD_NOT_ALLOWED, b""
    if rest.partition(b" ")[0].partition(b"?")[0] != b"/healthz":
        return HTTPStatus.NOT_FOUND, b""
    found, lasts = ask()
    is_failing = found.status is Status.FAILING
    return HTTPStatus.SERVICE_UNAVAILABLE if is_failing else HTTPStatus.OK, written(found, lasts)
